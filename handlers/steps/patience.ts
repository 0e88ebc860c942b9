/** How long what was found waits for what is slow. */
export interface Patience {
  /** Aborts with the pass, or when what was found has waited long enough. */
  readonly signal: AbortSignal
  /** Something was found, and waits from the first time on. */
  found(): void
  /** Whether the rest is left for later. */
  isOver(): boolean
}

/** `waited` aborts when waiting took long enough, counted from its call; null where all is waited for. */
export function createPatience(waited: (() => AbortSignal) | null, signal: AbortSignal): Patience {
  if (waited === null) return { signal, found: () => undefined, isOver: () => false }
  const enough = new AbortController()
  let waits: AbortSignal | null = null
  return {
    signal: AbortSignal.any([signal, enough.signal]),
    found() {
      if (waits !== null) return
      waits = waited()
      if (waits.aborted) enough.abort()
      else waits.addEventListener('abort', () => enough.abort(), { once: true })
    },
    isOver: () => enough.signal.aborted && !signal.aborted,
  }
}
