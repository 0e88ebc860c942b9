import { createAbortHub, type WatchAbort } from '../../host/abort-hub.ts'

/** Gives a place back. */
export type Release = () => void

/** Takes a free place at a host at once, or waits for one. Throws, or rejects, where the signal aborted. */
export type AcquireSlot = (host: string, signal: AbortSignal) => Release | Promise<Release>

interface Places {
  held: number
  /** Those in line, the first in front. No Set: see `createAbortHub`. */
  readonly waiting: (() => void)[]
}

/** At most so many holders a host at once as its limit says now; the others wait in line, and leave it when their signal says so. */
export function createSlots(limit: (host: string) => number): AcquireSlot {
  const hosts = new Map<string, Places>()
  const watchAbort = createAbortHub()
  return (host, signal) => {
    signal.throwIfAborted()
    let places = hosts.get(host)
    if (places === undefined) hosts.set(host, (places = { held: 0, waiting: [] }))
    const mine = places
    const release = () => {
      mine.held -= 1
      if (mine.waiting.length > 0) admit(mine, limit(host))
      if (mine.held === 0 && hosts.get(host) === mine) hosts.delete(host)
    }
    if (mine.held >= limit(host)) return waitInLine(mine.waiting, signal, watchAbort, release)
    mine.held += 1
    return release
  }
}

function admit(places: Places, limit: number): void {
  while (places.held < limit) {
    const next = places.waiting.shift()
    if (next === undefined) return
    places.held += 1
    next()
  }
}

// Whoever is called holds a place already.
function waitInLine(
  waiting: (() => void)[],
  signal: AbortSignal,
  watchAbort: WatchAbort,
  release: Release,
): Promise<Release> {
  return new Promise((resolve, reject) => {
    const enter = () => {
      endWatch()
      resolve(release)
    }
    const endWatch = watchAbort(signal, () => {
      waiting.splice(waiting.indexOf(enter), 1)
      reject(signal.reason)
    })
    waiting.push(enter)
  })
}
