import { MagosError } from '../../domain/error.ts'
import type { Event, Origin } from '../../domain/event.ts'
import type { Accepted, Inbox } from '../../ports.ts'
import type { Database } from './database.ts'
import { createGroupCommit } from './group-commit.ts'
import { createLogSync } from './log-sync.ts'
import { createPendingEvents } from './pending-events.ts'

export interface InboxOptions {
  readonly now: () => number
  /** Events that may wait for the disk at one time; default 1,000. */
  readonly queueLimit?: number
  /** Events that may be unsettled at one time; default 100,000. */
  readonly pendingLimit?: number
  /** Settled events that are kept for their answers; default 10,000. */
  readonly keep?: number
  /** ms between two looks for events that another process left; default 200. */
  readonly watchInterval?: number
}

export interface SqliteInbox extends Inbox {
  /** Writes what waits and ends the watch. */
  close(): void
}

/** Settled events after which the old ones are dropped, so that not every answer pays for it. */
const PRUNE_EVERY = 1_000

/** `Inbox` on SQLite. What arrives together is written together: one wait for the disk, however many. */
export function createInbox(
  database: Database,
  {
    now,
    queueLimit = 1_000,
    pendingLimit = 100_000,
    keep = 10_000,
    watchInterval = 200,
  }: InboxOptions,
): SqliteInbox {
  const statements = prepare(database.connection)
  const events = createPendingEvents(database)
  const disk = createLogSync(database)
  const listeners = new Set<() => void>()
  let watch: NodeJS.Timeout | undefined
  let settledSincePrune = PRUNE_EVERY

  const tell = () => {
    for (const listener of listeners) listener()
  }

  const insert = ({ event, origin, eventText, originText }: Arrival): Accepted => {
    const at = now()
    const { lastInsertRowid } = statements.insert.run(eventText, originText, at, at)
    return { id: Number(lastInsertRowid), event, origin, acceptedAt: at, attempts: 0, dueAt: at }
  }

  const group = createGroupCommit<Arrival, number>({
    limit: queueLimit,
    write(arrivals) {
      const accepted = disk.unsynced(() =>
        database.transaction('Accept an event in', () => arrivals.map(insert)),
      )
      events.add(accepted)
      return accepted.map(({ id }) => id)
    },
    async sync() {
      await disk.sync()
      tell()
    },
    syncNow: () => disk.syncNow(),
  })

  const prune = (settled: number) => {
    settledSincePrune += settled
    if (settledSincePrune < PRUNE_EVERY) return
    statements.prune.run(keep)
    settledSincePrune = 0
  }

  return {
    async accept(event, origin) {
      if (events.size() >= pendingLimit) {
        throw new MagosError(
          'busy',
          `Accept an event: ${pendingLimit} others are unsettled already`,
        )
      }
      return await group.add(arrival(event, origin))
    },
    pending: () => events.list(),
    settle(ids, answer, followUps) {
      const text = JSON.stringify(answer ?? null)
      const arrivals = followUps.map(({ event, origin }) => arrival(event, origin))
      const accepted = database.transaction('Settle an event in', () => {
        const at = now()
        // One row carries the answer for all of them: the newest, as that one is dropped last.
        const list = JSON.stringify(ids)
        const carrier = statements.newest.get(list)?.['id'] ?? null
        if (carrier !== null) statements.settle.run({ at, text, carrier, list })
        prune(ids.length)
        return arrivals.map(insert)
      })
      events.remove(ids)
      events.add(accepted)
      if (accepted.length > 0) tell()
    },
    postpone(ids, dueAt, reason) {
      database.transaction('Postpone an event in', () => {
        for (const id of ids) statements.postpone.run(dueAt, reason, id)
      })
      events.postpone(ids, dueAt)
    },
    answer: (id) =>
      database.attempt('Read an answer from', () => parseAnswer(statements.answer.get(id))),
    watch(listener) {
      listeners.add(listener)
      watch ??= setInterval(() => {
        if (events.mayHaveChanged()) tell()
      }, watchInterval).unref()
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearInterval(watch)
        watch = undefined
      }
    },
    close() {
      group.close()
      disk.close()
      listeners.clear()
      clearInterval(watch)
    },
  }
}

/** An event on its way in, serialised before it joins a group: what cannot be written harms only itself. */
interface Arrival {
  readonly event: Event
  readonly origin: Origin
  readonly eventText: string
  readonly originText: string
}

function arrival(event: Event, origin: Origin): Arrival {
  return { event, origin, eventText: JSON.stringify(event), originText: JSON.stringify(origin) }
}

function prepare(connection: Database['connection']) {
  return {
    insert: connection.prepare(
      'INSERT INTO inbox (event, origin, accepted_at, due_at) VALUES (?, ?, ?, ?)',
    ),
    newest: connection.prepare(
      `SELECT max(id) AS id FROM inbox
       WHERE id IN (SELECT value FROM json_each(?)) AND settled_at IS NULL`,
    ),
    settle: connection.prepare(
      `UPDATE inbox SET settled_at = :at, answered_with = :carrier,
         answer = CASE id WHEN :carrier THEN :text END
       WHERE id IN (SELECT value FROM json_each(:list)) AND settled_at IS NULL`,
    ),
    postpone: connection.prepare(
      `UPDATE inbox SET due_at = ?, attempts = attempts + 1, postponed_for = ?
       WHERE id = ? AND settled_at IS NULL`,
    ),
    answer: connection.prepare(
      `SELECT carrier.answer FROM inbox
       JOIN inbox AS carrier ON carrier.id = inbox.answered_with
       WHERE inbox.id = ? AND inbox.settled_at IS NOT NULL`,
    ),
    prune: connection.prepare(
      `DELETE FROM inbox WHERE settled_at IS NOT NULL AND id <=
       (SELECT id FROM inbox WHERE settled_at IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?)`,
    ),
  }
}

function parseAnswer(row: Readonly<Record<string, unknown>> | undefined): unknown {
  if (row === undefined) return undefined
  return JSON.parse(String(row['answer']))
}
