import type {
  AsideState,
  DeploymentRecord,
  FailedState,
  History,
  ProvenState,
  Removal,
} from '../../ports.ts'
import { parseCause } from './cause-text.ts'
import type { Database } from './database.ts'
import { guidanceText, parseGuidance } from './guidance-text.ts'

export interface HistoryOptions {
  /** Deployments, and commits of our own, that are kept; default 10,000 each. */
  readonly keep?: number
}

type Row = Readonly<Record<string, unknown>>

/** `History` on SQLite: every call is one transaction, on disk when it returns. */
export function createHistory(
  { connection, transaction, attempt }: Database,
  { keep = 10_000 }: HistoryOptions = {},
): History {
  const statements = prepare(connection)
  const write = <Result>(work: () => Result) => transaction('Write the history to', work)
  const read = <Result>(work: () => Result) => attempt('Read the history from', work)

  const remember = (proven: ProvenState) => {
    const { stack, project, commit, inputs, services, provider, at } = proven
    statements.prove.run(stack, project, commit, inputs, JSON.stringify(services), provider, at)
  }

  const end = (
    stack: string,
    { commit, at, reason, cause }: Removal,
    outcome: AsideState['outcome'] | 'succeeded',
  ) => {
    const { lastInsertRowid } = statements.begin.run(stack, commit, '', at, JSON.stringify(cause))
    statements.end.run(at, outcome, reason, lastInsertRowid)
    statements.pruneDeployments.run(keep)
  }

  return {
    proven: (stack) => read(() => toProven(statements.proven.get(stack))),
    failed: (stack) => read(() => toFailed(statements.failed.get(stack))),
    begin: ({ stack, commit, inputs, at, cause }) =>
      write(() => {
        statements.abandon.run(at, stack)
        const { lastInsertRowid } = statements.begin.run(
          stack,
          commit,
          inputs,
          at,
          cause === undefined ? '' : JSON.stringify(cause),
        )
        statements.pruneDeployments.run(keep)
        return Number(lastInsertRowid)
      }),
    succeed(id, proven, reason) {
      write(() => {
        statements.end.run(proven.at, 'succeeded', reason, id)
        remember(proven)
        statements.forgive.run(proven.stack)
        statements.resume.run(proven.stack)
      })
    },
    fail(id, failed) {
      const { stack, commit, inputs, reason, retry, words, at, restored, restoring } = failed
      write(() => {
        statements.end.run(at, 'failed', reason, id)
        const ending = [restored, restoring, guidanceText(failed)]
        statements.fail.run(stack, commit, inputs, reason, retry, words, at, ...ending)
        statements.resume.run(stack)
      })
    },
    restore(stack, { restored, restoring }) {
      write(() => {
        statements.restore.run(restored, restoring, stack)
        if (restored === 'done') statements.rollBack.run(stack, stack)
      })
    },
    setAside(aside, cause) {
      const { stack, commit, outcome, reason, at, hold = '' } = aside
      write(() => {
        statements.setAside.run(stack, commit, outcome, reason, at, guidanceText(aside), hold)
        end(stack, { commit, at, reason, cause }, outcome)
      })
    },
    aside: (stack) => read(() => toAside(statements.aside.get(stack))),
    resume(stack) {
      write(() => statements.resume.run(stack))
    },
    prove(proven) {
      write(() => {
        remember(proven)
        statements.resume.run(proven.stack)
        // The failure of another state stays remembered: this one was not what failed.
        statements.forgiveInputs.run(proven.stack, proven.inputs)
      })
    },
    stacks: () => read(() => statements.stacks.all().map(({ stack }) => String(stack))),
    forget(stack, removal) {
      write(() => {
        for (const statement of [statements.disprove, statements.forgive, statements.resume]) {
          statement.run(stack)
        }
        if (removal !== null) end(stack, removal, 'succeeded')
      })
    },
    interrupted: (now) =>
      write(() => {
        const open = statements.open.all()
        for (const { id } of open) statements.interrupt.run(now, Number(id))
        return open.map((row) => toRecord({ ...row, ended_at: now, outcome: 'interrupted' }))
      }),
    deployments: (limit) => read(() => statements.deployments.all(limit).map(toRecord)),
    committed(commit, at) {
      write(() => {
        statements.committed.run(commit, at)
        statements.pruneCommits.run(keep)
      })
    },
    isOurs: (commit) => read(() => statements.isOurs.get(commit) !== undefined),
    reached: () => read(() => textOrNull(statements.reached.get()?.['commit_id'])),
    reachedAt: () => read(() => Number(statements.reached.get()?.['at'] ?? 0)),
    reach(commit, at) {
      write(() => statements.reach.run(commit, at))
    },
  }
}

function prepare(connection: Database['connection']) {
  return {
    proven: connection.prepare('SELECT * FROM proven WHERE stack = ?'),
    failed: connection.prepare('SELECT * FROM failed WHERE stack = ?'),
    begin: connection.prepare(
      'INSERT INTO deployments (stack, commit_id, inputs, started_at, cause) VALUES (?, ?, ?, ?, ?)',
    ),
    end: connection.prepare(
      'UPDATE deployments SET ended_at = ?, outcome = ?, reason = ? WHERE id = ?',
    ),
    interrupt: connection.prepare(
      "UPDATE deployments SET ended_at = ?, outcome = 'interrupted' WHERE id = ?",
    ),
    // Whoever begins anew knows that nobody is in the stack's last one any more.
    abandon: connection.prepare(
      `UPDATE deployments SET ended_at = ?, outcome = 'interrupted'
       WHERE stack = ? AND outcome IS NULL`,
    ),
    open: connection.prepare('SELECT * FROM deployments WHERE outcome IS NULL ORDER BY id'),
    deployments: connection.prepare('SELECT * FROM deployments ORDER BY id DESC LIMIT ?'),
    // Ids only grow, so this walks just the rows beyond the newest; an open one is never forgotten.
    pruneDeployments: connection.prepare(
      `DELETE FROM deployments
       WHERE outcome IS NOT NULL AND id <= (SELECT max(id) FROM deployments) - ?`,
    ),
    prove: connection.prepare(
      `INSERT OR REPLACE INTO proven (stack, project, commit_id, inputs, services, provider, at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    fail: connection.prepare(
      `INSERT OR REPLACE INTO failed
       (stack, commit_id, inputs, reason, retry, words, at, restored, restoring, guidance)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    restore: connection.prepare('UPDATE failed SET restored = ?, restoring = ? WHERE stack = ?'),
    // The newest is the one that failed: whatever is begun afterwards succeeds or fails anew.
    rollBack: connection.prepare(
      `UPDATE deployments SET outcome = 'rolled-back'
       WHERE outcome = 'failed' AND id = (
         SELECT max(id) FROM deployments WHERE stack = ? AND outcome = 'failed'
         AND inputs = (SELECT inputs FROM failed WHERE stack = ?))`,
    ),
    setAside: connection.prepare(
      `INSERT OR REPLACE INTO asides (stack, commit_id, outcome, reason, at, guidance, hold)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    aside: connection.prepare('SELECT * FROM asides WHERE stack = ?'),
    resume: connection.prepare('DELETE FROM asides WHERE stack = ?'),
    disprove: connection.prepare('DELETE FROM proven WHERE stack = ?'),
    stacks: connection.prepare(
      `SELECT stack FROM proven UNION SELECT stack FROM failed UNION SELECT stack FROM asides
       ORDER BY stack`,
    ),
    forgive: connection.prepare('DELETE FROM failed WHERE stack = ?'),
    forgiveInputs: connection.prepare('DELETE FROM failed WHERE stack = ? AND inputs = ?'),
    committed: connection.prepare('INSERT OR REPLACE INTO commits (commit_id, at) VALUES (?, ?)'),
    reached: connection.prepare('SELECT commit_id, at FROM reached'),
    reach: connection.prepare(
      'INSERT OR REPLACE INTO reached (only, commit_id, at) VALUES (1, ?, ?)',
    ),
    isOurs: connection.prepare('SELECT 1 FROM commits WHERE commit_id = ?'),
    pruneCommits: connection.prepare(
      `DELETE FROM commits WHERE commit_id IN
       (SELECT commit_id FROM commits ORDER BY at DESC LIMIT -1 OFFSET ?)`,
    ),
  }
}

function toProven(row: Row | undefined): ProvenState | null {
  if (row === undefined) return null
  return {
    stack: String(row['stack']),
    project: String(row['project']),
    commit: String(row['commit_id']),
    inputs: String(row['inputs']),
    services: parseHashes(String(row['services'])),
    provider: row['provider'] === 'podman-compose' ? 'podman-compose' : 'docker-compose',
    at: Number(row['at']),
  }
}

function toFailed(row: Row | undefined): FailedState | null {
  if (row === undefined) return null
  return {
    stack: String(row['stack']),
    commit: String(row['commit_id']),
    inputs: String(row['inputs']),
    reason: String(row['reason']),
    retry: row['retry'] === 'next-pass' ? 'next-pass' : 'when-changed',
    words: String(row['words']),
    at: Number(row['at']),
    restored: RESTORED.find((one) => one === row['restored']) ?? 'none',
    restoring: String(row['restoring']),
    ...parseGuidance(row['guidance']),
  }
}

const RESTORED = ['none', 'due', 'done', 'failed'] as const
const ASIDE = ['failed', 'rolled-back', 'held'] as const
const HOLD = ['operator', 'stopped-by-hand'] as const
const ENDED = ['succeeded', 'failed', 'rolled-back', 'held', 'interrupted'] as const

function toAside(row: Row | undefined): AsideState | null {
  if (row === undefined) return null
  const hold = HOLD.find((one) => one === row['hold'])
  return {
    stack: String(row['stack']),
    commit: String(row['commit_id']),
    ...parseGuidance(row['guidance']),
    ...(hold === undefined ? {} : { hold }),
    outcome: ASIDE.find((one) => one === row['outcome']) ?? 'failed',
    reason: String(row['reason']),
    at: Number(row['at']),
  }
}

function toRecord(row: Row): DeploymentRecord {
  const { outcome } = row
  return {
    id: Number(row['id']),
    stack: String(row['stack']),
    commit: String(row['commit_id']),
    inputs: String(row['inputs']),
    startedAt: Number(row['started_at']),
    endedAt: row['ended_at'] === null ? null : Number(row['ended_at']),
    outcome: ENDED.find((one) => one === outcome) ?? null,
    reason: String(row['reason']),
    cause: parseCause(row['cause']),
  }
}

function parseHashes(text: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([name, hash]) => [name, String(hash)]))
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
