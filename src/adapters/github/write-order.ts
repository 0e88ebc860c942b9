import type { Clock } from '../../ports.ts'
import { abortable, interrupted } from './abortable.ts'
import { createQueue } from './queue.ts'

/** Who may write when: commits at once, one by one; reports behind them, one by one and a second apart. */
export interface WriteOrder {
  commit<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** Runs reports one after the other. */
  report<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** Within a report: waits until no commit is under way and a second has gone by since the last report was sent. */
  turn(signal: AbortSignal): Promise<void>
}

const spacing = 1000

export function createWriteOrder(clock: Clock): WriteOrder {
  const commits = createQueue('Wait to commit')
  const reports = createQueue('Wait to report')
  let lastSent = Number.NEGATIVE_INFINITY
  return {
    commit: commits.run,
    report: reports.run,
    async turn(signal) {
      for (;;) {
        const pause = lastSent + spacing - clock.now()
        if (commits.size() > 0) await abortable(commits.idle(), 'Wait to report', signal)
        else if (pause > 0) await sleep(clock, pause, signal)
        else break
      }
      lastSent = clock.now()
    },
  }
}

export async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (signal.aborted) throw interrupted('Wait for GitHub', signal)
    throw error
  }
}
