import { MagosError } from '../../domain/error.ts'

/** Collects what arrives within one turn of the event loop and writes it with one call, so with one wait for the disk. */
export interface GroupCommit<Item, Result> {
  /** Resolves once the item's group is written; rejects with the group's error, or with `busy` when too many wait. */
  add(item: Item): Promise<Result>
  /** Writes what waits now; what is added afterwards is refused. */
  close(): void
}

export interface GroupCommitOptions<Item, Result> {
  /** Writes the group, all of it or nothing; one result an item. */
  readonly write: (items: readonly Item[]) => readonly Result[]
  /** Items that may wait; the bound on the memory that a flood can take. */
  readonly limit: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
}

export function createGroupCommit<Item, Result>({
  write,
  limit,
}: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  let waiting: Waiting<Item, Result>[] = []
  let state: 'idle' | 'scheduled' | 'closed' = 'idle'

  const flush = () => {
    const group = waiting
    waiting = []
    if (state === 'scheduled') state = 'idle'
    writeGroup(group, write)
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
        state = 'scheduled'
        setImmediate(flush)
      })
    },
    close() {
      state = 'closed'
      flush()
    },
  }
}

function writeGroup<Item, Result>(
  group: readonly Waiting<Item, Result>[],
  write: GroupCommitOptions<Item, Result>['write'],
): void {
  if (group.length === 0) return
  try {
    const results = write(group.map(({ item }) => item))
    for (const [index, result] of results.entries()) group[index]?.resolve(result)
  } catch (thrown) {
    for (const { reject } of group) reject(thrown)
  }
}
