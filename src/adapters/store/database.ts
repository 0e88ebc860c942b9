import { chmodSync, closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MagosError } from '../../domain/error.ts'
import { MIGRATIONS } from './schema.ts'
import { makeDirectories } from '../../host/directories.ts'

/** One SQLite file, opened; whatever goes wrong with it is thrown as MagosError. */
export interface Database {
  readonly path: string
  readonly connection: DatabaseSync
  /** Runs `work`, naming the action in the error when it fails. */
  readonly attempt: <Result>(action: string, work: () => Result) => Result
  /** The same in one transaction: all of it is on disk when this returns, or none of it. */
  readonly transaction: <Result>(action: string, work: () => Result) => Result
  readonly close: () => void
}

/** ms that a statement waits for another process's write. The store's own transactions take far less. */
const BUSY_TIMEOUT = 5_000
/** Times the first switch to WAL is tried: SQLite does not wait there while another process makes the same switch. */
const SWITCH_ATTEMPTS = 50

/** Opens or creates the file, in the newest schema. Throws `storage` with the remedy, or `busy`. */
export function openDatabase(path: string): Database {
  const attempt = <Result>(action: string, work: () => Result): Result => {
    try {
      return work()
    } catch (thrown) {
      throw storageError(action, path, thrown)
    }
  }
  const connection = attempt('Open', () => {
    createPrivately(path)
    return new DatabaseSync(path, { timeout: BUSY_TIMEOUT })
  })
  try {
    attempt('Open', () => switchToWal(connection))
    attempt('Open', () => {
      connection.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216')
    })
    attempt('Open', () => migrate(connection, path))
  } catch (thrown) {
    connection.close()
    throw thrown
  }
  return {
    path,
    connection,
    attempt,
    transaction: (action, work) => attempt(action, () => transact(connection, work)),
    close: () => attempt('Close', () => connection.close()),
  }
}

/** Only its owner may read it: it names images, stacks and commits. SQLite gives its side files the same mode. */
function createPrivately(path: string): void {
  makeDirectories(dirname(path), 0o700)
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

function switchToWal(connection: DatabaseSync): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      connection.exec('PRAGMA journal_mode = WAL')
      return
    } catch (thrown) {
      if (attempt === SWITCH_ATTEMPTS || !isContention(thrown)) throw thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

function migrate(connection: DatabaseSync, path: string): void {
  if (versionOf(connection) === MIGRATIONS.length) return
  transact(connection, () => {
    // Read again inside: another process may have been faster.
    const version = versionOf(connection)
    if (version > MIGRATIONS.length) throw fromTheFuture(path, version)
    for (const statements of MIGRATIONS.slice(version)) connection.exec(statements)
    connection.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })
}

function versionOf(connection: DatabaseSync): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.['user_version'])
}

function transact<Result>(connection: DatabaseSync, work: () => Result): Result {
  connection.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    connection.exec('COMMIT')
    return result
  } catch (thrown) {
    // A full disk or a broken file may have rolled back already.
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw thrown
  }
}

function fromTheFuture(path: string, version: number): MagosError {
  return new MagosError(
    'storage',
    `Open "${path}": its schema is version ${version}, this Magos knows ${MIGRATIONS.length}`,
    {
      remedy:
        'Run the newer Magos that wrote it, or stop it and delete the file: that costs time, never truth',
    },
  )
}

/** SQLite's result codes: https://www.sqlite.org/rescode.html */
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

const DELETE_IT =
  'Stop Magos, delete the file together with its "-wal" and "-shm", and start again: that costs time, never truth'

const REMEDIES: Readonly<Record<number, string>> = {
  [READONLY]: 'Give the user that runs Magos write permission on the file and its directory',
  [CORRUPT]: DELETE_IT,
  [FULL]: 'Free some space on the disk that holds the data directory',
  [CANTOPEN]: 'Give the user that runs Magos permission on the file and its directory',
  [NOTADB]: DELETE_IT,
}

/** Whether another process was in the way. */
export function isContention(thrown: unknown): boolean {
  const code = resultCode(thrown)
  return code === BUSY || code === LOCKED
}

/** Anything that SQLite or the file system threw, in the one error class. */
export function storageError(action: string, path: string, thrown: unknown): MagosError {
  if (thrown instanceof MagosError) return thrown
  if (isContention(thrown)) {
    return new MagosError('busy', `${action} "${path}": another process holds it`, {
      cause: thrown,
    })
  }
  if (isClosed(thrown)) {
    return new MagosError('storage', `${action} "${path}": it is closed`, { cause: thrown })
  }
  const code = resultCode(thrown)
  const words = thrown instanceof Error ? thrown.message : String(thrown)
  const remedy =
    code === null
      ? 'Check the path and its permissions: MD_DATA_DIR names the data directory'
      : REMEDIES[code]
  return new MagosError('storage', `${action} "${path}": ${words}`, {
    cause: thrown,
    ...(remedy === undefined ? {} : { remedy }),
  })
}

function isClosed(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_INVALID_STATE'
}

function resultCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return null
  // The low byte is the primary code, the rest tells more of the same.
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : null
}
