import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isContention, storageError } from './database.ts'
import { makeDirectories } from '../../host/directories.ts'

/** The right to work a data directory. */
export interface Lock {
  /** Gives it back; a second call does nothing. */
  release(): void
}

/** Node's longest timer. */
const FOR_EVER = 2 ** 31 - 1

/**
 * Takes the lock at `path`, or returns null when somebody has it, in this process or another. The system frees it when
 * its process ends in whatever way, SIGKILL included. Throws `storage` when the file cannot be used.
 *
 * It is an exclusive transaction on a file of its own. The locks below it are POSIX ones: closing any other descriptor of
 * that file in this process would drop them (https://www.sqlite.org/howtocorrupt.html section 2.2), so nothing but
 * SQLite ever opens it.
 */
export function takeLock(path: string): Lock | null {
  let connection: DatabaseSync | undefined
  try {
    makeDirectories(dirname(path), 0o700)
    connection = new DatabaseSync(path, { timeout: 0 })
    connection.exec('BEGIN EXCLUSIVE')
    return held(connection)
  } catch (thrown) {
    connection?.close()
    if (isContention(thrown)) return null
    throw storageError('Lock', path, thrown)
  }
}

function held(connection: DatabaseSync): Lock {
  // A connection that nobody refers to is closed by the garbage collector, and its lock is gone; a timer refers to it.
  const anchor = setInterval(() => connection.isOpen, FOR_EVER)
  anchor.unref()
  return {
    release() {
      clearInterval(anchor)
      if (connection.isOpen) connection.close()
    },
  }
}
