import { MagosError } from '../../domain/error.ts'

type Make<Value> = (signal: AbortSignal) => Promise<Value>

/** Makes the value once for everybody; a failure is not kept, and one caller's interruption is not another's. */
export function memoized<Value>(make: Make<Value>): Make<Value> {
  let made: Promise<Value> | undefined
  return async (signal) => {
    while (true) {
      const attempt = (made ??= make(signal))
      try {
        return await attempt
      } catch (thrown) {
        if (made === attempt) made = undefined
        const isOthers = thrown instanceof MagosError && thrown.code === 'interrupted'
        if (!isOthers || signal.aborted) throw thrown
      }
    }
  }
}
