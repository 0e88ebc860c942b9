import type { Manifests } from '../../ports.ts'
import { contentText, parseContent } from './content-text.ts'
import type { Database } from './database.ts'

export interface ManifestsOptions {
  /** Contents that are kept, those that came last; default 5,000. */
  readonly keep?: number
}

/** Characters of one content; an index of twenty platforms has 3,000. Longer ones are asked for each time. */
const LONGEST = 32_768

/** `Manifests` on SQLite. */
export function createManifests(
  { connection, transaction, attempt }: Database,
  { keep = 5_000 }: ManifestsOptions = {},
): Manifests {
  const find = connection.prepare(
    'SELECT content FROM manifests WHERE repository = ? AND digest = ?',
  )
  const insert = connection.prepare(
    'INSERT OR REPLACE INTO manifests (repository, digest, content) VALUES (?, ?, ?)',
  )
  const prune = connection.prepare(
    'DELETE FROM manifests WHERE id <= (SELECT max(id) FROM manifests) - ?',
  )
  return {
    find: (repository, digest) =>
      attempt('Read manifests from', () => {
        const row = find.get(repository, digest)
        return row === undefined ? null : parseContent(String(row['content']))
      }),
    keep(repository, digest, content) {
      const text = contentText(content)
      if (text.length > LONGEST) return
      transaction('Write manifests to', () => {
        insert.run(repository, digest, text)
        prune.run(keep)
      })
    },
  }
}
