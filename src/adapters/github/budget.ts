import { MagosError } from '../../domain/error.ts'

/**
 * What GitHub lets one App write: 80 content-creating calls a minute and 500 an hour. Kept by ourselves, for who runs
 * into the limit is slowed down in everything.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
export interface BudgetOptions {
  readonly now: () => number
  readonly perMinute?: number
  readonly perHour?: number
  /** Calls of a minute, and five times as many of an hour, that only commits may use; default 12. */
  readonly keptForCommits?: number
}

export interface Writes {
  /** To be called just before a write goes out: from now on it counts. */
  spend(): void
  /** Gives back what was not spent. */
  release(): void
}

export interface Budget {
  /** Sets so many writes aside, all or none. Throws `rate-limit` with the time at which they fit. */
  reserve(count: number, purpose: 'commit' | 'report'): Writes
  /** GitHub said to stay away until then. */
  block(until: number): void
  /** Throws `rate-limit` while GitHub wants no calls. */
  refuseWhileBlocked(): void
}

const minute = 60_000
const hour = 3_600_000

export function createBudget({
  now,
  perMinute = 80,
  perHour = 500,
  keptForCommits = 12,
}: BudgetOptions): Budget {
  let writes: { at: number }[] = []
  let blockedUntil = 0
  const refuseWhileBlocked = (): void => {
    if (now() < blockedUntil) throw limited('GitHub asked to wait', blockedUntil)
  }
  return {
    refuseWhileBlocked,
    block(until) {
      blockedUntil = Math.max(blockedUntil, until)
    },
    reserve(count, purpose) {
      refuseWhileBlocked()
      writes = writes.filter(({ at }) => at > now() - hour)
      const kept = purpose === 'commit' ? 0 : keptForCommits
      const times = writes.map(({ at }) => at).toSorted((a, b) => a - b)
      const fitsAt = Math.max(
        fitTime(times, { count, limit: perMinute - kept, window: minute }),
        fitTime(times, { count, limit: perHour - kept * 5, window: hour }),
      )
      if (fitsAt > now()) throw limited('the writes of this minute or hour are used up', fitsAt)
      const unspent = Array.from({ length: count }, () => ({ at: now() }))
      writes.push(...unspent)
      return {
        spend() {
          const next = unspent.shift()
          if (next === undefined) writes.push({ at: now() })
          else next.at = now()
        },
        release() {
          const back = new Set(unspent.splice(0))
          writes = writes.filter((write) => !back.has(write))
        },
      }
    },
  }
}

/** When `count` more are within `limit` of one window; 0 where they are already. `times` ascend. */
export function fitTime(
  times: readonly number[],
  { count, limit, window }: { count: number; limit: number; window: number },
): number {
  // As many of the newest as may stay beside the new ones; the one before them has to leave the window.
  const leaving = times[times.length - 1 - Math.max(0, limit - count)]
  return leaving === undefined ? 0 : leaving + window
}

function limited(why: string, retryAt: number): MagosError {
  return new MagosError('rate-limit', `Write to GitHub: ${why}`, { retryAt })
}
