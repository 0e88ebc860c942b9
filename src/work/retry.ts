import type { ErrorCode, MagosError } from '../domain/error.ts'

const FIRST = 1_000
const LONGEST = 5 * 60_000
/** GitHub's limits are reset within the hour; whoever asks for more is not taken at his word. */
const LONGEST_ASKED = 60 * 60_000

/** What may be gone at the next try. Anything else stays as it is until a person or a commit changes it. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'network',
  'rate-limit',
  'unauthorized',
  'not-found',
  'protocol',
  'git',
  'github',
  'registry',
  'engine',
  'storage',
  'busy',
  'interrupted',
  'internal',
])

export function isRetryable({ code }: MagosError): boolean {
  return PASSING.has(code)
}

export interface RetryContext {
  readonly now: number
  /** Tries that failed before this one. */
  readonly attempts: number
  /** From 0 up to 1, so that many hosts do not come back at one time. */
  readonly random: () => number
}

/** When to try again: twice as late each time up to five minutes, and never before it was asked for. */
export function retryTime(
  { retryAt = 0 }: Pick<MagosError, 'retryAt'>,
  { now, attempts, random }: RetryContext,
): number {
  const backOff = Math.min(LONGEST, FIRST * 2 ** attempts)
  const own = now + backOff * (0.75 + random() / 2)
  const asked = Math.min(retryAt, now + LONGEST_ASKED)
  return Math.ceil(asked > now ? Math.max(own, asked + FIRST * random()) : own)
}
