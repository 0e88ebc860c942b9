/** Calls back when a signal aborts; returns what ends the watch. The signal must not have aborted yet. */
export type WatchAbort = (signal: AbortSignal, onAbort: () => void) => () => void

/** One listener a signal, however many watch it: an EventTarget looks through all of its listeners for each that comes or goes. */
export function createAbortHub(): WatchAbort {
  const hubs = new WeakMap<AbortSignal, Watchers>()
  return (signal, onAbort) => {
    let watchers = hubs.get(signal)
    if (watchers === undefined) hubs.set(signal, (watchers = watch(signal)))
    const { places, free } = watchers
    const place = free.pop() ?? places.length
    places[place] = onAbort
    return () => {
      if (places[place] !== onAbort) return
      places[place] = null
      free.push(place)
    }
  }
}

/**
 * Places that are taken again, and no Set: one that many enter and leave makes its table anew all the time, and each old
 * table holds the next, with all who watched then, until the whole heap is looked through.
 */
interface Watchers {
  readonly places: ((() => void) | null)[]
  readonly free: number[]
}

function watch(signal: AbortSignal): Watchers {
  const watchers: Watchers = { places: [], free: [] }
  const { places } = watchers
  const abort = () => {
    for (const watcher of places) watcher?.()
  }
  signal.addEventListener('abort', abort, { once: true })
  return watchers
}
