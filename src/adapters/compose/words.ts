import type { Place } from '../../domain/error.ts'
import type { StackInput } from '../../ports.ts'

/** What a provider said of a stack, fit for a log and for a commit's status, which the world may read. */
export interface Words {
  /** Its last words, without its warnings. */
  readonly complaint: string
  readonly warnings: readonly string[]
}

/** Providers quote env files where they stumble over them, and passwords stand there. */
export function readWords(said: string, inputs: readonly StackInput[]): Words {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const complaint = lines
    .filter((line) => !isLogLine(line) && !/^\s+|^Traceback/.test(line))
    .slice(-3)
    .join('; ')
  return {
    complaint: withoutValues(withoutQuotations(complaint), inputs).slice(0, 1000),
    warnings: warningsOf(lines).map((warning) =>
      withoutValues(withoutVariable(warning, inputs), inputs),
    ),
  }
}

/** Compose says each as often as it reads the file. */
function warningsOf(lines: readonly string[]): readonly string[] {
  const warnings = lines
    .filter((line) => isLogLine(line) && line.includes('level=warning'))
    .flatMap((line) => /msg="(.*)"$/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? [])
  return [...new Set(warnings)]
}

/** The file that it names, with the line where it names one; else the first. */
export function placeOf(
  said: string,
  files: readonly string[],
  inputs: readonly StackInput[],
): Place {
  const paths = [...files, ...inputs.map(({ path }) => path)]
  const named = paths
    .filter((path) => said.includes(path))
    .toSorted((a, b) => b.length - a.length)[0]
  if (named === undefined) return { file: files[0] ?? '' }
  const line = Number(/\bline (\d+)/.exec(said)?.[1] ?? 0)
  return line > 0 ? { file: named, line } : { file: named }
}

function isLogLine(line: string): boolean {
  return /^time="[^"]*" level=/.test(line)
}

const HIDDEN = '(not shown)'

/** Compose's own ways to quote what it could not read: https://github.com/compose-spec/compose-go, package dotenv */
function withoutQuotations(text: string): string {
  return text
    .replace(/near ".*"/s, `near ${HIDDEN}`)
    .replace(/(unterminated quoted value|in variable name|Invalid template:) .*/s, `$1 ${HIDDEN}`)
}

/** `PASSWORD=ab$cd` in an env file makes Compose warn of a variable "cd", which is half of the password. */
function withoutVariable(warning: string, inputs: readonly StackInput[]): string {
  const name = /^The "(.*)" variable is not set\b/s.exec(warning)?.[1]
  if (name === undefined) return warning
  const isPublic = inputs.some(
    ({ path, content }) => /\.ya?ml$/.test(path) && refersTo(textOf(content), name),
  )
  if (isPublic) return warning
  return `A variable in an env file is not set, and is left blank: where its "$" is meant as one, put the value in single quotes`
}

function refersTo(text: string, name: string): boolean {
  return text.includes(`$${name}`) || text.includes(`\${${name}`)
}

/** Shorter ones stand in too many words to be recognised. */
const LEAST = 4

function withoutValues(text: string, inputs: readonly StackInput[]): string {
  const files = inputs.filter(({ path }) => /env[^/]*$/i.test(path))
  const values = files.flatMap(({ content }) => textOf(content).split('\n').map(valueOf))
  return [...new Set(values)]
    .filter((value) => value.length >= LEAST)
    .toSorted((a, b) => b.length - a.length)
    .reduce((hidden, value) => hidden.replaceAll(value, HIDDEN), text)
}

/** Of one line of an env file: what stands behind the name, else all of it. */
function valueOf(line: string): string {
  if (/^\s*(?:#|$)/.test(line)) return ''
  const value = /^\s*(?:export\s+)?[\w.-]+\s*[=:](.*)$/s.exec(line)?.[1] ?? line
  return value.trim().replace(/^(["'])(.*)\1$/s, '$2')
}

function textOf(content: Uint8Array): string {
  return Buffer.from(content).toString('utf8')
}
