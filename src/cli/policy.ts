import { decide } from '../domain/policy/decide.ts'
import { parsePolicy } from '../domain/policy/parse.ts'
import type { Decision } from '../domain/policy/policy.ts'
import type { ExitCode, Io } from './io.ts'
import { printable, table } from './table.ts'

export interface PolicyOptions {
  readonly policy: string
  readonly range?: string
  readonly include?: string
  readonly exclude?: string
  readonly extract?: string
  readonly prerelease?: boolean
  readonly maxJump?: string
  readonly missing?: string
  /** Tags to pass over. */
  readonly ignore?: readonly string[]
  /** The one that `latest` follows. */
  readonly tag?: string
  readonly digest?: string
  readonly current?: string
  /** File with a tag a line; `-` for stdin. */
  readonly tags: string
}

/** Shows what a policy makes of a list of tags; 1 when it holds. Throws `policy` for a bad policy, `usage` for a file that cannot be read. */
export async function policyCommand(io: Io, options: PolicyOptions): Promise<ExitCode> {
  const policy = parsePolicy(policyFields(options))
  const decision = decide(
    policy,
    options.current ?? null,
    readTags(await io.readFile(options.tags)),
  )
  const { outcome, tag, reason, considered } = decision
  if (io.format === 'json') {
    io.write(`${JSON.stringify({ outcome, tag, reason, considered })}\n`)
  } else {
    io.write(toText(io, decision))
  }
  return outcome === 'hold' ? 1 : 0
}

/** The flags that are keys of an annotation; a parser of command lines adds others of its own. */
function policyFields(options: PolicyOptions): Readonly<Record<string, unknown>> {
  const { policy, range, include, exclude, extract, prerelease } = options
  const { missing, ignore, tag, digest } = options
  const maxJump = options.maxJump === undefined ? undefined : wholeNumber(options.maxJump)
  const filters = { include, exclude, extract }
  const fields = { policy, range, ...filters, prerelease, maxJump, missing, ignore, tag, digest }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** A number where the text is one; anything else is refused as an annotation's would be. */
function wholeNumber(text: string): number | string {
  return /^[0-9]+$/.test(text) ? Number(text) : text
}

function readTags(text: string): readonly string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function toText(io: Io, { outcome, tag, reason, considered }: Decision): string {
  const head = tag === null ? outcome : `${outcome}: ${tag}`
  const summary = `${printable(head)}\n${printable(reason)}\n`
  if (considered.length === 0) return summary
  const rows = considered.map((one) => [one.tag, one.verdict, one.reason])
  return `${summary}\n${table(io, ['TAG', 'VERDICT', 'WHY'], rows)}`
}
