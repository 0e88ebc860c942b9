import { createAbortHub, type WatchAbort } from '../../host/abort-hub.ts'

/** Waits for a free place at a host and returns what gives it back. */
export type AcquireSlot = (host: string, signal: AbortSignal) => Promise<() => void>

interface Places {
  held: number
  readonly waiting: Set<() => void>
}

/** At most so many holders a host at once as its limit says now; the others wait in line, and leave it when their signal says so. */
export function createSlots(limit: (host: string) => number): AcquireSlot {
  const hosts = new Map<string, Places>()
  const watchAbort = createAbortHub()
  return async (host, signal) => {
    signal.throwIfAborted()
    const places = hosts.get(host) ?? { held: 0, waiting: new Set() }
    hosts.set(host, places)
    if (places.held < limit(host)) places.held += 1
    else await waitInLine(places.waiting, signal, watchAbort)
    return () => {
      places.held -= 1
      admit(places, limit(host))
      if (places.held === 0 && hosts.get(host) === places) hosts.delete(host)
    }
  }
}

function admit(places: Places, limit: number): void {
  for (const next of places.waiting) {
    if (places.held >= limit) return
    places.held += 1
    places.waiting.delete(next)
    next()
  }
}

// Whoever is called holds a place already.
async function waitInLine(
  waiting: Set<() => void>,
  signal: AbortSignal,
  watchAbort: WatchAbort,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const endWatch = watchAbort(signal, () => {
    waiting.delete(resolve)
    reject(signal.reason)
  })
  waiting.add(resolve)
  try {
    await promise
  } finally {
    endWatch()
  }
}
