/** Waits for a free place at a host and returns what gives it back. */
export type AcquireSlot = (host: string, signal: AbortSignal) => Promise<() => void>

/** At most `limit` holders a host at once; the others wait in line, and leave it when their signal says so. */
export function createSlots(limit: number): AcquireSlot {
  const hosts = new Map<string, { held: number; waiting: Set<() => void> }>()
  return async (host, signal) => {
    signal.throwIfAborted()
    const slots = hosts.get(host) ?? { held: 0, waiting: new Set() }
    hosts.set(host, slots)
    if (slots.held < limit) slots.held += 1
    else await waitInLine(slots.waiting, signal)
    return () => {
      const [next] = slots.waiting
      if (next === undefined) slots.held -= 1
      else {
        slots.waiting.delete(next)
        next()
      }
    }
  }
}

// Whoever is called takes the place over, so that `held` stays as it is.
async function waitInLine(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const leave = () => {
    waiting.delete(resolve)
    reject(signal.reason)
  }
  waiting.add(resolve)
  signal.addEventListener('abort', leave, { once: true })
  try {
    await promise
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
