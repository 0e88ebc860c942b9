import { asMagosError } from '../../src/domain/error.ts'
import type { Asked } from '../../src/domain/doctor/outcome.ts'

export type Ask = <Answer>(act: (signal: AbortSignal) => Promise<Answer>) => Promise<Asked<Answer>>

/** Asks, and takes no answer for one: the doctor waits for nobody longer than its patience lasts. */
export function askWithin(patience: AbortSignal, signal: AbortSignal): Ask {
  return async (act) => {
    const asked = AbortSignal.any([signal, patience])
    try {
      asked.throwIfAborted()
      return { outcome: 'answered', answer: await Promise.race([act(asked), aborted(asked)]) }
    } catch (thrown) {
      signal.throwIfAborted()
      if (patience.aborted) return { outcome: 'silent' }
      return { outcome: 'failed', error: asMagosError(thrown) }
    }
  }
}

/** Not everybody who is asked listens. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
