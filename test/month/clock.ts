import type { Clock } from '../../src/ports.ts'

/** The time of the month, in whole ms: it passes where somebody waits, and takes none. */
export interface MonthClock {
  now(): number
  /** For what handlers reach: a wait is over at once, and later. */
  readonly inside: Clock
  /** For what runs the handlers: a wait is over when the script comes to it. */
  readonly around: Clock
  /** When the next wait around is over; null for none. */
  next(): number | null
  /** Goes on to that time, and ends every wait that is over by then. */
  reach(time: number): void
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export function createMonthClock(start: number): MonthClock {
  let now = start
  const sleepers = new Set<Sleeper>()
  const read = (): number => now
  return {
    now: read,
    inside: {
      now: read,
      async sleep(ms, signal) {
        signal.throwIfAborted()
        now += Math.ceil(ms)
        await turn()
        signal.throwIfAborted()
      },
    },
    around: { now: read, sleep: (ms, signal) => sleep(sleepers, now + Math.ceil(ms), signal) },
    next: () =>
      sleepers.values().reduce<number | null>((min, { at }) => Math.min(min ?? at, at), null),
    reach(time) {
      now = Math.max(now, time)
      const over = [...sleepers].filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at)
      for (const sleeper of over) {
        sleepers.delete(sleeper)
        sleeper.wake()
      }
    },
  }
}

function sleep(sleepers: Set<Sleeper>, at: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      sleepers.delete(sleeper)
      reject(signal.reason)
    }
    const wake = (): void => {
      signal.removeEventListener('abort', abort)
      resolve()
    }
    const sleeper: Sleeper = { at, wake }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    sleepers.add(sleeper)
  })
}

/** Lets everything happen that needs no time. */
export async function turn(times = 1): Promise<void> {
  for (let turns = 0; turns < times; turns += 1) {
    await new Promise((resolve) => void setImmediate(resolve))
  }
}
