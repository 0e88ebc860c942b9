import type { AsideState, History, ProvenState, Removal } from '../../ports.ts'
import type { Database } from './database.ts'
import { guidanceText } from './guidance-text.ts'
import { textOrNull, toAside, toFailed, toProven, toRecord } from './history-rows.ts'
import { prepareHistory } from './history-statements.ts'

export interface HistoryOptions {
  /** Deployments, and commits of our own, that are kept; default 10,000 each. */
  readonly keep?: number
}

/** `History` on SQLite: every call is one transaction, on disk when it returns. */
export function createHistory(
  { connection, transaction, attempt }: Database,
  { keep = 10_000 }: HistoryOptions = {},
): History {
  const statements = prepareHistory(connection)
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
        statements.end.run(at, restored === 'done' ? 'rolled-back' : 'failed', reason, id)
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
