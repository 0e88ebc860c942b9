/** What nobody may be told, as far as this process knows it by now. */
export interface LiveValues {
  add(values: Iterable<string>): void
  /** The same list until something is added. */
  all(): readonly string[]
}

/** Words that stand in every other line, and tell nothing by themselves. */
const COMMON: ReadonlySet<string> = new Set(['true', 'false', 'True', 'False', 'null', 'none'])

/** Begins with the secrets that were configured; decrypted values come as files are opened. */
export function createLiveValues(configured: readonly string[]): LiveValues {
  let list: readonly string[] = [...new Set(configured)]
  const known = new Set(list)
  return {
    add(values) {
      const fresh = [...new Set(values)].filter((value) => !known.has(value) && !COMMON.has(value))
      if (fresh.length === 0) return
      for (const value of fresh) known.add(value)
      list = [...list, ...fresh]
    },
    all: () => list,
  }
}
