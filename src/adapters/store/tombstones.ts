import type { Tombstones } from '../../ports.ts'
import type { Database } from './database.ts'

/** `Tombstones` on SQLite: every call is one transaction, on disk when it returns. */
export function createTombstones({ connection, transaction, attempt }: Database): Tombstones {
  const all = connection.prepare('SELECT stack, at FROM tombstones ORDER BY stack')
  // The first sight counts.
  const bury = connection.prepare('INSERT OR IGNORE INTO tombstones (stack, at) VALUES (?, ?)')
  const forget = connection.prepare('DELETE FROM tombstones WHERE stack = ?')
  const write = (work: () => unknown) => void transaction('Write stacks that vanished to', work)
  return {
    all: () =>
      attempt('Read stacks that vanished from', () => all.all()).map((row) => ({
        stack: String(row['stack']),
        at: Number(row['at']),
      })),
    bury: ({ stack, at }) => write(() => bury.run(stack, at)),
    forget: (stack) => write(() => forget.run(stack)),
  }
}
