/** Calls back when a signal aborts; returns what ends the watch. The signal must not have aborted yet. */
export type WatchAbort = (signal: AbortSignal, onAbort: () => void) => () => void

/** One listener a signal, however many watch it: an EventTarget looks through all of its listeners for each that comes or goes. */
export function createAbortHub(): WatchAbort {
  const hubs = new WeakMap<AbortSignal, Set<() => void>>()
  return (signal, onAbort) => {
    let watchers = hubs.get(signal)
    if (watchers === undefined) {
      const made = new Set<() => void>()
      hubs.set(signal, made)
      signal.addEventListener(
        'abort',
        () => {
          for (const watcher of made) watcher()
          made.clear()
        },
        { once: true },
      )
      watchers = made
    }
    const mine = watchers
    mine.add(onAbort)
    return () => void mine.delete(onAbort)
  }
}
