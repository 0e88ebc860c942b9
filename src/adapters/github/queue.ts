import { abortable } from './abortable.ts'

/** Runs one thing after the other, in the order in which they came. */
export interface Queue {
  /** Throws `interrupted` when the signal ends the wait; what has begun is not touched. */
  run: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>
  /** Those that wait or run. */
  size(): number
  /** Resolves when all that are in it now have run. */
  idle(): Promise<void>
}

export function createQueue(action: string): Queue {
  let last = Promise.resolve()
  let size = 0
  return {
    async run(work, signal) {
      const before = last
      const { promise: mine, resolve: release } = Promise.withResolvers<void>()
      last = before.then(() => mine)
      size++
      try {
        await abortable(before, action, signal)
        return await work()
      } finally {
        size--
        release()
      }
    },
    size: () => size,
    idle: () => last,
  }
}
