import type { Accepted } from '../../ports.ts'
import type { Database } from './database.ts'
import { parseEvent, parseOrigin } from './event-text.ts'

/**
 * The unsettled events, kept in memory so that a look at them costs nothing; the file stays the truth. Another process's
 * commit is seen by `PRAGMA data_version`, which costs microseconds and changes for no commit of our own.
 */
export interface PendingEvents {
  /** Oldest first, with what other processes did up to now. */
  list(): readonly Accepted[]
  /** As last known. */
  size(): number
  /** Whether another process wrote since the last time that this was asked. Never throws: what is broken has changed. */
  mayHaveChanged(): boolean
  add(accepted: readonly Accepted[]): void
  remove(ids: readonly number[]): void
  postpone(ids: readonly number[], dueAt: number): void
}

export function createPendingEvents({ connection, attempt }: Database): PendingEvents {
  const unsettled = connection.prepare('SELECT * FROM inbox WHERE settled_at IS NULL ORDER BY id')
  const dataVersion = connection.prepare('PRAGMA data_version')
  const version = () => Number(dataVersion.get()?.['data_version'])
  let known = new Map<number, Accepted>()
  let loadedVersion: number | null = null
  let askedVersion = attempt('Read events from', version)

  const refresh = () => {
    const current = version()
    if (current === loadedVersion) return
    known = new Map(
      unsettled
        .all()
        .flatMap(toAccepted)
        .map((row) => [row.id, row]),
    )
    loadedVersion = current
  }
  attempt('Read events from', refresh)

  return {
    list() {
      attempt('Read events from', refresh)
      return [...known.values()]
    },
    size: () => known.size,
    mayHaveChanged() {
      try {
        const current = version()
        if (current === askedVersion) return false
        askedVersion = current
        return true
      } catch {
        return true
      }
    },
    add(accepted) {
      for (const row of accepted) known.set(row.id, row)
    },
    remove(ids) {
      for (const id of ids) known.delete(id)
    },
    postpone(ids, dueAt) {
      for (const id of ids) {
        const row = known.get(id)
        if (row !== undefined) known.set(id, { ...row, dueAt, attempts: row.attempts + 1 })
      }
    },
  }
}

/** A row that cannot be read is left where it is and stops nothing: a newer Magos may have written it, and will know. */
function toAccepted(row: Readonly<Record<string, unknown>>): Accepted[] {
  const event = parseEvent(row['event'])
  const origin = parseOrigin(row['origin'])
  if (event === null || origin === null) return []
  return [
    {
      id: Number(row['id']),
      event,
      origin,
      acceptedAt: Number(row['accepted_at']),
      attempts: Number(row['attempts']),
      dueAt: Number(row['due_at']),
    },
  ]
}
