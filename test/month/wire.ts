import { MagosError } from '../../src/domain/error.ts'
import type { Http } from '../../src/host/http.ts'

/** Everything that a process says to GitHub, call by call, and what happens meanwhile. */
export interface Wire {
  readonly http: Pick<Http, 'request' | 'fetch'>
  /** Does something just before the n-th call from now (1: the next), or between that call and its answer. */
  strike(calls: number, when: 'before' | 'after', act: () => Promise<void>): void
  /** Nothing is struck any more. */
  calm(): void
}

interface Strike {
  calls: number
  readonly when: 'before' | 'after'
  readonly act: () => Promise<void>
}

export function createWire(http: Http, signal: AbortSignal): Wire {
  let strikes: Strike[] = []
  const call = async <Answer>(send: () => Promise<Answer>): Promise<Answer> => {
    for (const strike of strikes) strike.calls -= 1
    const due = strikes.filter(({ calls }) => calls <= 0)
    strikes = strikes.filter(({ calls }) => calls > 0)
    for (const { when, act } of due) if (when === 'before') await act()
    refuseDead(signal)
    const answer = await send()
    for (const { when, act } of due) if (when === 'after') await act()
    refuseDead(signal)
    return answer
  }
  return {
    http: {
      request: (request) => call(() => http.request(request)),
      fetch: (input, init) => call(() => http.fetch(input, init)),
    },
    strike: (calls, when, act) => void strikes.push({ calls, when, act }),
    calm() {
      strikes = []
    },
  }
}

/** Nothing that a dead process would say is heard. */
function refuseDead(signal: AbortSignal): void {
  if (signal.aborted) throw new MagosError('interrupted', 'Call GitHub: the process is dead')
}
