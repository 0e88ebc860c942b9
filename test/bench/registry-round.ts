/** What one round took. Times in ms. */
export interface Round {
  /** From its first question to its end. */
  readonly asking: number
  /** Before its first question: reading and scanning the repository. */
  readonly scanning: number
  /** What the process computed from its first question on: unlike a clock it does not count what others do meanwhile. */
  readonly computed: number
  /** MB that the process had resident at the most so far. */
  readonly peak: number
  /** Updates found, and lines held; null for the floor. */
  readonly found: { readonly updates: number; readonly held: number } | null
}

/** Does it; `begin` is to be called at the first question. */
export async function measured(
  act: (begin: () => void) => Promise<Round['found']>,
): Promise<Round> {
  const started = performance.now()
  let first = 0
  let usage = process.cpuUsage()
  const found = await act(() => {
    if (first !== 0) return
    usage = process.cpuUsage()
    first = performance.now()
  })
  const ended = performance.now()
  const { user, system } = process.cpuUsage(usage)
  return {
    asking: ended - first,
    scanning: first - started,
    computed: (user + system) / 1000,
    peak: process.resourceUsage().maxRSS / 1024,
    found,
  }
}
