import type { ServiceStanding } from '../../domain/deploy/standing.ts'
import type { Trouble } from '../../domain/deploy/trouble.ts'
import type { Standing, Upkeep } from '../../ports.ts'
import type { Database } from './database.ts'

type Row = Readonly<Record<string, unknown>>

/** `Upkeep` on SQLite: every call is one transaction, on disk when it returns. */
export function createUpkeep({ connection, transaction, attempt }: Database): Upkeep {
  const statements = {
    standing: connection.prepare('SELECT * FROM standings WHERE stack = ?'),
    standings: connection.prepare('SELECT * FROM standings ORDER BY stack'),
    stand: connection.prepare(
      'INSERT OR REPLACE INTO standings (stack, project, boot, services) VALUES (?, ?, ?, ?)',
    ),
    forget: connection.prepare('DELETE FROM standings WHERE stack = ?'),
    trouble: connection.prepare('SELECT * FROM troubles WHERE stack = ?'),
    note: connection.prepare(
      `INSERT OR REPLACE INTO troubles (stack, inputs, failures, mends, since, at, reason)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    forgive: connection.prepare('DELETE FROM troubles WHERE stack = ?'),
  }
  const write = (work: () => unknown) => void transaction('Write the upkeep of stacks to', work)
  const read = <Result>(work: () => Result) => attempt('Read the upkeep of stacks from', work)
  return {
    standing: (stack) => read(() => toStanding(statements.standing.get(stack))),
    standings: () => read(() => statements.standings.all().flatMap((row) => toStanding(row) ?? [])),
    stand({ stack, project, boot, services }) {
      write(() => statements.stand.run(stack, project, boot, JSON.stringify(services)))
    },
    forget: (stack) => write(() => statements.forget.run(stack)),
    trouble: (stack) => read(() => toTrouble(statements.trouble.get(stack))),
    note({ stack, inputs, failures, mends, since, at, reason }) {
      write(() => statements.note.run(stack, inputs, failures, mends, since, at, reason))
    },
    forgive: (stack) => write(() => statements.forgive.run(stack)),
  }
}

function toStanding(row: Row | undefined): Standing | null {
  if (row === undefined) return null
  return {
    stack: String(row['stack']),
    project: String(row['project']),
    boot: String(row['boot']),
    services: parseServices(String(row['services'])),
  }
}

function parseServices(text: string): Standing['services'] {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).map(([name, counts]) => [name, parseCounts(counts)]),
  )
}

function parseCounts(value: unknown): ServiceStanding {
  const counts: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {}
  const { running, ended, networks } = counts
  const known = { running: Number(running ?? 0), ended: Number(ended ?? 0) }
  return Array.isArray(networks) ? { ...known, networks: networks.map(String) } : known
}

function toTrouble(row: Row | undefined): Trouble | null {
  if (row === undefined) return null
  return {
    stack: String(row['stack']),
    inputs: String(row['inputs']),
    failures: Number(row['failures']),
    mends: Number(row['mends']),
    since: Number(row['since']),
    at: Number(row['at']),
    reason: String(row['reason']),
  }
}
