/** A stack of which containers or a last good state are here, although the repository has none of that name for this host. */
export interface Tombstone {
  readonly stack: string
  /** ms since the epoch when that was seen first. */
  readonly at: number
}

export interface VanishTerms {
  /** Stacks of ours with containers on this host, each once. */
  readonly running: readonly string[]
  /** Stacks that the repository has for this host, refused ones too. */
  readonly present: ReadonlySet<string>
  /** Stacks of which a last good state is kept. */
  readonly kept: readonly string[]
  readonly tombstones: readonly Tombstone[]
  readonly now: number
  /** ms that a stack which vanished runs on. */
  readonly grace: number
  /** `confirmed`: a person said that so many are meant to go. */
  readonly removals: 'guarded' | 'confirmed'
}

export interface Vanished {
  /** Seen first now. */
  readonly bury: readonly string[]
  /** There again, or gone for good. */
  readonly forget: readonly string[]
  /** Their grace is over. */
  readonly stop: readonly string[]
  /** Seen first now, and only the last good state is left: it may come back, and fail. */
  readonly mourn: readonly string[]
  /** The grace of these is over as well. */
  readonly drop: readonly string[]
  /** Too many at once to be believed; none of them is buried. */
  readonly refused: readonly string[]
}

/** What vanishes at once and is more than this, and this part of all, is more likely a mistake. */
const MANY = 3
const SHARE = 1 / 3

/** What becomes of stacks that the repository no longer has for this host. */
export function vanishedStacks(terms: VanishTerms): Vanished {
  const { running, present, kept, tombstones, now, grace, removals } = terms
  const buried = new Map(tombstones.map(({ stack, at }) => [stack, at]))
  const gone = running.filter((stack) => !present.has(stack))
  const fresh = gone.filter((stack) => !buried.has(stack))
  // Of those that run: what comes at the same time makes what goes no more likely to be meant.
  const isMany = fresh.length >= MANY && fresh.length > running.length * SHARE
  const isBelieved = !isMany || removals === 'confirmed'
  const bury = isBelieved ? fresh : []
  const left = kept.filter((stack) => !present.has(stack) && !running.includes(stack))
  const mourn = left.filter((stack) => !buried.has(stack))
  const isOver = (stack: string) => {
    const at = buried.get(stack)
    // A clock that was set back gives more grace, never less.
    if (at !== undefined) return now - at >= grace
    return grace === 0 && (bury.includes(stack) || mourn.includes(stack))
  }
  return {
    bury,
    forget: [...buried.keys()].filter((stack) => !gone.includes(stack) && !left.includes(stack)),
    stop: gone.filter(isOver),
    mourn,
    drop: left.filter(isOver),
    refused: isBelieved ? [] : fresh,
  }
}
