import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { Context } from '../context.ts'
import { maskValues, valuesOf } from './mask-values.ts'
import { isBroken } from './remake-broken.ts'
import { containersOf, type ResolvedStack } from './resolve-stack.ts'

/** Lines of output that tell why. */
const LAST_LINES = 20
/** Of them for a health check, which may print a page and leaves the rest to the service itself. */
const CHECK_LINES = 5

/**
 * What the containers in trouble wrote last: the reason mostly stands there. It stays in this host's own log, and a
 * program that repeats its settings tells there none of the values that it was given.
 */
export async function lastWords(
  ctx: Pick<Context, 'engine'>,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const observed = await ctx.engine.observe(signal)
  const containers = containersOf(resolved.source.project, observed)
  const desired = containers.filter((one) => isDesired(resolved, one))
  const broken = desired.filter((one) => isBroken(one) || one.health === 'starting')
  // What does not answer looks well to the engine, and any of them may say why.
  const troubled = broken.length > 0 ? broken : desired
  const { values, unknown } = valuesOf(resolved)
  const words = troubled.map(async (one) => {
    const { service } = one
    if (unknown !== null) return [service, `kept back: what "${unknown}" holds is not known here`]
    return [service, tail(maskValues(await wordsOf(ctx, one, signal), values))]
  })
  return Object.fromEntries(await Promise.all(words))
}

/** What it wrote, and what its health check has to say, which no log of the container holds. */
async function wordsOf(
  { engine }: Pick<Context, 'engine'>,
  { id, health }: ObservedContainer,
  signal: AbortSignal,
): Promise<string> {
  const written = await engine.logs(id, LAST_LINES, signal)
  const isAsked = health === 'unhealthy' || health === 'starting'
  const said = isAsked ? await engine.checkOutput(id, signal) : ''
  if (said === '') return written
  const lines = said.split('\n').slice(-CHECK_LINES)
  return `${written}${lines.map((line) => `health check: ${line}\n`).join('')}`
}

/** Characters of them that leave this host's log. */
const MOST_TOLD = 2_000

/** The words of all in one text, the newest lines of each. */
export function wordsInOne(words: Readonly<Record<string, string>>): string {
  const services = Object.entries(words).filter(([, said]) => said.trim() !== '')
  const share = Math.floor(MOST_TOLD / Math.max(services.length, 1))
  return services
    .map(([service, said]) => {
      const lines = said.split('\n').map((line) => `${service}: ${line}`)
      return newest(lines, share)
    })
    .join('\n')
}

/** Whole lines from the end, and of a single one that is too long its end. */
function newest(lines: readonly string[], most: number): string {
  let kept = (lines.at(-1) ?? '').slice(-most)
  for (const line of lines.slice(0, -1).toReversed()) {
    if (line.length + 1 + kept.length > most) break
    kept = `${line}\n${kept}`
  }
  return kept.toWellFormed()
}

/** Characters of one line that a reason takes in. */
const LONGEST_COMPLAINT = 300

/** The line in which a program that failed says why; null where it said nothing. */
export function lastComplaint(output: string): string | null {
  const lines = output.split('\n').map((line) => line.trim())
  const complaint =
    lines.findLast((line) => /\b(?:error|cannot|failed|denied|refused|invalid)\b/i.test(line)) ??
    lines.findLast((line) => line !== '')
  return complaint === undefined ? null : complaint.slice(0, LONGEST_COMPLAINT).toWellFormed()
}

/** Nobody knows any more which values a container of an older state was given. */
function isDesired({ desired }: ResolvedStack, { service, labels }: ObservedContainer): boolean {
  return desired.services.some(({ name, hash }) => name === service && labels[LABEL.hash] === hash)
}

/** The last of what somebody said, enough to see why. */
export function tail(output: string): string {
  return output.trimEnd().split('\n').slice(-LAST_LINES).join('\n')
}
