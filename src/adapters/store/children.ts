import { readFileSync } from 'node:fs'
import type { Database } from './database.ts'

export interface ChildEntry {
  readonly pid: number
  /** Of the process, as the system tells it: pid and start time together are never used again. */
  readonly startTime: number
  readonly command: string
}

/** Which children run, so that a next start can end those that a dead process left behind. */
export interface Children {
  started(pid: number, startTime: number, command: string): void
  ended(pid: number): void
  /** Every child that was started and not ended since the machine booted; at start, those of the process before. */
  leftovers(): readonly ChildEntry[]
}

/** Start times count from the boot, so a journal of another one says nothing about the processes of this one. */
export function createChildren(
  { connection, transaction: durably, attempt }: Database,
  boot: string = bootId(),
): Children {
  // A loss of power is another boot, of which the journal says nothing, so no child waits for the disk.
  const transaction = <Result>(action: string, work: () => Result): Result => {
    connection.exec('PRAGMA synchronous = NORMAL')
    try {
      return durably(action, work)
    } finally {
      connection.exec('PRAGMA synchronous = FULL')
    }
  }
  const insert = connection.prepare(
    'INSERT OR REPLACE INTO children (pid, start_time, boot, command) VALUES (?, ?, ?, ?)',
  )
  const remove = connection.prepare('DELETE FROM children WHERE pid = ?')
  const forget = connection.prepare('DELETE FROM children WHERE boot <> ?')
  const all = connection.prepare('SELECT pid, start_time, command FROM children ORDER BY pid')
  transaction('Forget the children of another boot in', () => forget.run(boot))
  return {
    started(pid, startTime, command) {
      transaction('Journal a child in', () => insert.run(pid, startTime, boot, command))
    },
    ended(pid) {
      transaction('Journal a child in', () => remove.run(pid))
    },
    leftovers: () =>
      attempt('Read children from', () => all.all()).map((row) => ({
        pid: Number(row['pid']),
        startTime: Number(row['start_time']),
        command: String(row['command']),
      })),
  }
}

/** Another at every boot (random(4)); one and the same for ever where the system has none. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
