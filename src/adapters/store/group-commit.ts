import { MagosError } from '../../domain/error.ts'

/** Collects what arrives while the disk is busy, or in turns of the event loop that follow at once, and writes it as one group. */
export interface GroupCommit<Item, Result> {
  /** Resolves once the item's group is on disk; rejects with the group's error, or with `busy` when too many wait. */
  add(item: Item): Promise<Result>
  /** Writes what waits now; what is added afterwards is refused. */
  close(): void
}

export interface GroupCommitOptions<Item, Result> {
  /** Writes the group, all of it or nothing; one result an item. */
  readonly write: (items: readonly Item[]) => readonly Result[]
  /** Resolves once everything written is on disk. Other requests are served meanwhile. */
  readonly sync: () => Promise<void>
  /** The same, waited for; at the end. */
  readonly syncNow: () => void
  /** Items that may wait; the bound on the memory that a flood can take. */
  readonly limit: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
}

/** ms; so few that nobody feels them. */
const LONGEST_GATHERING = 2

export function createGroupCommit<Item, Result>({
  write,
  sync,
  syncNow,
  limit,
}: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  let waiting: Waiting<Item, Result>[] = []
  let state: 'idle' | 'busy' | 'closed' = 'idle'

  const take = () => {
    const group = waiting
    waiting = []
    return group
  }

  const flush = async () => {
    const group = take()
    await settleGroup(group, async () => {
      const results = write(group.map(({ item }) => item))
      await sync()
      return results
    })
    if (waiting.length > 0) gather(0, performance.now())
    else if (state === 'busy') state = 'idle'
  }

  /** Waits on while every turn of the event loop brings more, but never long. */
  const gather = (before: number, begun: number) => {
    setImmediate(() => {
      const more = waiting.length > before && performance.now() - begun < LONGEST_GATHERING
      if (more) gather(waiting.length, begun)
      else void flush()
    })
  }

  return {
    async add(item) {
      if (state === 'closed') throw new MagosError('busy', 'Accept an event: Magos is stopping')
      if (waiting.length >= limit) {
        throw new MagosError('busy', `Accept an event: ${limit} others wait for the disk already`)
      }
      return await new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (state !== 'idle') return
        state = 'busy'
        gather(0, performance.now())
      })
    },
    close() {
      state = 'closed'
      const group = take()
      if (group.length === 0) return
      void settleGroup(group, () => {
        const results = write(group.map(({ item }) => item))
        syncNow()
        return results
      })
    },
  }
}

/** Tells each of the group what became of it. Never rejects; what `work` does before it waits is done at once. */
async function settleGroup<Item, Result>(
  group: readonly Waiting<Item, Result>[],
  work: () => readonly Result[] | Promise<readonly Result[]>,
): Promise<void> {
  try {
    const results = await work()
    for (const [index, result] of results.entries()) group[index]?.resolve(result)
  } catch (thrown) {
    for (const { reject } of group) reject(thrown)
  }
}
