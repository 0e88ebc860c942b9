import type { Clock } from '../../src/ports.ts'

export interface FakeClock extends Clock {
  /** Moves the time on, ending every sleep on the way at its own instant. */
  advance(ms: number): Promise<void>
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export function fakeClock(start = 1_000_000): FakeClock {
  let now = start
  const sleepers = new Set<Sleeper>()

  return {
    now: () => now,
    settle,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve }
        const abort = () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        }
        if (signal.aborted) return abort()
        signal.addEventListener('abort', abort, { once: true })
        sleepers.add(sleeper)
      }),
    async advance(ms) {
      const until = now + ms
      await settle()
      for (;;) {
        const [next] = [...sleepers].toSorted((a, b) => a.at - b.at)
        if (next === undefined || next.at > until) break
        now = Math.max(now, next.at)
        sleepers.delete(next)
        next.wake()
        await settle()
      }
      now = until
    },
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => void setImmediate(resolve))
  }
}
