import { interpolate, InterpolationError, type Variables } from './interpolate.ts'

export type EnvFile =
  | { readonly values: Variables }
  /** `line` counts from 1; the reason repeats nothing of the file. */
  | { readonly line: number; readonly reason: string }

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*/
const LONE_NAME = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*$/
const BLANK = /^\s*(?:#.*)?$/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * Reads the `.env` of a stack as Compose does: `NAME=value`, with variables of `outer` and of earlier lines in unquoted
 * and double-quoted values, none in single quotes, which know `\'` alone; quoted ones may span lines, and ` #` ends an
 * unquoted one. A name alone takes its value from `outer`.
 * https://github.com/compose-spec/compose-go/blob/main/dotenv/parser.go
 */
export function readEnvFile(text: string, outer: Variables): EnvFile {
  const values = new Map<string, string>()
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const known = (): Variables => new Map([...values, ...outer])
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (BLANK.test(line)) continue
    const [assignment, name] = ASSIGNMENT.exec(line) ?? []
    if (assignment === undefined || name === undefined) {
      const alone = LONE_NAME.exec(line)?.[1]
      if (alone === undefined) return { line: index + 1, reason: 'it is no NAME=value' }
      const value = outer.get(alone)
      if (value !== undefined) values.set(alone, value)
      continue
    }
    const value = readValue(lines, index, line.slice(assignment.length), known())
    if (typeof value === 'string') return { line: index + 1, reason: value }
    values.set(name, value.text)
    index += value.more
  }
  return { values }
}

interface Value {
  readonly text: string
  /** Lines that it goes on for. */
  readonly more: number
}

function readValue(
  lines: readonly string[],
  index: number,
  rest: string,
  known: Variables,
): Value | string {
  const quote = rest[0]
  if (quote !== '"' && quote !== "'") {
    const bare = rest.replace(/(?:^|\s)#.*$/, '').trim()
    const text = withVariables(bare, known)
    return text === null ? 'a variable in it cannot be read' : { text, more: 0 }
  }
  const whole = [rest, ...lines.slice(index + 1)].join('\n')
  const end = closingQuote(whole, quote)
  if (end === -1) return `the quote ${quote} is never closed`
  const inner = whole.slice(1, end)
  const more = inner.split('\n').length - 1
  const behind = whole.slice(end + 1).split('\n', 1)[0] ?? ''
  if (!BLANK.test(behind)) return 'there is text behind the closing quote'
  if (quote === "'") return { text: inner.replaceAll("\\'", "'"), more }
  const text = withVariables(unescape(inner), known)
  return text === null ? 'a variable in it cannot be read' : { text, more }
}

function withVariables(text: string, known: Variables): string | null {
  try {
    return interpolate(text, known).text
  } catch (thrown) {
    if (thrown instanceof InterpolationError) return null
    throw thrown
  }
}

function closingQuote(text: string, quote: string): number {
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '\\' && (quote === '"' || text[at + 1] === quote)) at += 1
    else if (text[at] === quote) return at
  }
  return -1
}

/** An escaped `$` is meant as one, which interpolation writes as two. */
function unescape(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, letter: string) =>
    letter === '$' ? '$$' : (ESCAPES[letter] ?? letter),
  )
}
