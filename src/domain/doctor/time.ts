import { fail, ok, warn, type Check } from './check.ts'
import type { HostFacts } from './facts.ts'

/** ms: GitHub takes no App token that is issued more than a minute in its future. */
const WRONG = 60_000
const DOUBTFUL = 10_000

/**
 * Whether the clock can be trusted. `skew` is how far it is ahead of somebody else's, ms; null where nobody could be
 * asked.
 */
export function judgeTime({ timeSync }: Pick<HostFacts, 'timeSync'>, skew: number | null): Check {
  const name = 'time'
  const remedy = 'sudo timedatectl set-ntp true'
  if (skew !== null && Math.abs(skew) >= DOUBTFUL) {
    const off = `the clock is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'fast' : 'slow'}`
    return Math.abs(skew) >= WRONG
      ? fail(name, `${off}: GitHub refuses tokens that are made with it`, remedy)
      : warn(name, off, remedy)
  }
  if (timeSync === 'no') return warn(name, 'no time server keeps the clock', remedy)
  return ok(
    name,
    skew === null ? 'nobody was there to compare the clock with' : 'the clock is right',
  )
}
