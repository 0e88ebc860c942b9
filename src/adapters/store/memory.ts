import type { Memory } from '../../ports.ts'
import type { Database } from './database.ts'

export interface MemoryOptions {
  /** Sights that are kept, those seen last; default 100,000. */
  readonly keep?: number
}

/** Writing that something is still there would cost a disk write a check; once a day is enough to keep it. */
const REFRESH = 86_400_000

/** `Memory` on SQLite: every sight is on disk when `see` returns. */
export function createMemory(
  { connection, transaction, attempt }: Database,
  { keep = 100_000 }: MemoryOptions = {},
): Memory {
  const find = connection.prepare(
    'SELECT first_seen, last_seen FROM sights WHERE repository = ? AND tag = ? AND digest = ?',
  )
  // A clock that was set back made the first sight too late.
  const note = connection.prepare(
    `INSERT INTO sights (repository, tag, digest, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET first_seen = min(first_seen, excluded.first_seen),
                               last_seen = excluded.last_seen`,
  )
  const prune = connection.prepare(
    `DELETE FROM sights WHERE (repository, tag, digest) IN
     (SELECT repository, tag, digest FROM sights ORDER BY last_seen DESC LIMIT -1 OFFSET ?)`,
  )
  return {
    firstSeen: ({ repository, tag, digest }) =>
      attempt('Read first sights from', () => {
        const row = find.get(repository, tag, digest)
        return row === undefined ? null : Number(row['first_seen'])
      }),
    see({ repository, tag, digest }, at) {
      const row = attempt('Read first sights from', () => find.get(repository, tag, digest))
      if (row !== undefined && isFresh(Number(row['first_seen']), Number(row['last_seen']), at)) {
        return
      }
      transaction('Write first sights to', () => {
        note.run(repository, tag, digest, at, at)
        if (row === undefined) prune.run(keep)
      })
    },
  }
}

function isFresh(firstSeen: number, lastSeen: number, at: number): boolean {
  return firstSeen <= at && lastSeen <= at && at - lastSeen < REFRESH
}
