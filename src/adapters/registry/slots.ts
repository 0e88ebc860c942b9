import { createAbortHub, type WatchAbort } from '../../host/abort-hub.ts'

/** Gives a place back. */
export type Release = () => void

/** Takes a free place at a host at once, or waits for one. Throws, or rejects, where the signal aborted. */
export type AcquireSlot = (host: string, signal: AbortSignal) => Release | Promise<Release>

interface Places {
  held: number
  readonly waiting: Set<() => void>
}

/** At most so many holders a host at once as its limit says now; the others wait in line, and leave it when their signal says so. */
export function createSlots(limit: (host: string) => number): AcquireSlot {
  const hosts = new Map<string, Places>()
  const watchAbort = createAbortHub()
  return (host, signal) => {
    signal.throwIfAborted()
    let places = hosts.get(host)
    if (places === undefined) hosts.set(host, (places = { held: 0, waiting: new Set() }))
    const mine = places
    const release = () => {
      mine.held -= 1
      if (mine.waiting.size > 0) admit(mine, limit(host))
      if (mine.held === 0 && hosts.get(host) === mine) hosts.delete(host)
    }
    if (mine.held >= limit(host)) return waitInLine(mine.waiting, signal, watchAbort, release)
    mine.held += 1
    return release
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
  release: Release,
): Promise<Release> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const endWatch = watchAbort(signal, () => {
    waiting.delete(resolve)
    reject(signal.reason)
  })
  waiting.add(resolve)
  try {
    await promise
    return release
  } finally {
    endWatch()
  }
}
