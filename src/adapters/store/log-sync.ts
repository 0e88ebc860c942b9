import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Database, storageError } from './database.ts'

/**
 * Brings SQLite's write-ahead log to the disk without holding up the event loop, for commits that were made without it.
 * SQLite itself does nothing else at the end of a `synchronous = FULL` commit: https://www.sqlite.org/wal.html section 3.3
 */
export interface LogSync {
  /** Makes the commits of `work` without waiting for the disk; they are durable after the next sync. */
  unsynced<Result>(work: () => Result): Result
  sync(): Promise<void>
  syncNow(): void
  close(): void
}

export function createLogSync({ path, connection, attempt }: Database): LogSync {
  let log: number | null = null
  let underWay = 0
  let state: 'open' | 'closed' = 'open'

  /** The log is there from the first commit on, and stays as long as the connection. */
  const open = () => {
    if (log !== null) return log
    const descriptor = openSync(`${path}-wal`, 'r')
    syncDirectory(dirname(path))
    log = descriptor
    return descriptor
  }

  const closeWhenIdle = () => {
    if (state === 'open' || underWay > 0 || log === null) return
    closeSync(log)
    log = null
  }

  return {
    unsynced(work) {
      // The pragma means nothing inside a transaction, so it stands around it.
      connection.exec('PRAGMA synchronous = NORMAL')
      try {
        return work()
      } finally {
        connection.exec('PRAGMA synchronous = FULL')
      }
    },
    sync: () =>
      new Promise((resolve, reject) => {
        const descriptor = attempt('Write', open)
        underWay += 1
        fdatasync(descriptor, (error) => {
          underWay -= 1
          closeWhenIdle()
          if (error === null) resolve()
          else reject(storageError('Write', path, error))
        })
      }),
    syncNow: () => attempt('Write', () => fdatasyncSync(open())),
    close() {
      state = 'closed'
      closeWhenIdle()
    },
  }
}

/** A file that was just made is lost with its directory's entry. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
