/** Joins work under way for the same key, or begins it. */
export type ShareWork<T> = (
  key: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>

interface Running<T> {
  readonly promise: Promise<T>
  readonly controller: AbortController
  waiters: number
}

/** One caller that leaves does not end the work of the others; the last one does. */
export function createSharedWork<T>(): ShareWork<T> {
  const underway = new Map<string, Running<T>>()
  return async (key, signal, work) => {
    signal.throwIfAborted()
    const running = underway.get(key) ?? begin(work)
    underway.set(key, running)
    running.waiters += 1
    try {
      return await untilAborted(running.promise, signal)
    } finally {
      running.waiters -= 1
      if (running.waiters === 0) {
        if (underway.get(key) === running) underway.delete(key)
        // Without need an abort costs as much as an error and its stack.
        if (signal.aborted) running.controller.abort(signal.reason)
      }
    }
  }
}

function begin<T>(work: (signal: AbortSignal) => Promise<T>): Running<T> {
  const controller = new AbortController()
  const promise = work(controller.signal)
  // Everyone may have left before it fails.
  promise.catch(() => undefined)
  return { promise, controller, waiters: 0 }
}

/** What it resolves to, unless the signal aborts before. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
