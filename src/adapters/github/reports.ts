import type { StatusReport } from '../../domain/event.ts'
import { tellCheckRun } from './check-runs.ts'
import { tellDeployment } from './deployments.ts'
import type { Reporters, Reports } from '../../ports.ts'
import { listField, numberField, textField } from './answer.ts'
import type { ReportsOptions } from './report-options.ts'
import { cutDescription, reportFailure } from './report-words.ts'

/** Commit statuses: https://docs.github.com/en/rest/commits/statuses */
export function createReports(options: ReportsOptions): Reports {
  return {
    status: (report, signal) =>
      options.order.report(async () => {
        const cut = { ...report, description: cutDescription(report.description) }
        if (await isTold(options, cut, signal)) {
          const { commit, context } = report
          options.log.debug({ commit, context }, 'Status was told already')
        } else await tell(options, cut, signal)
      }, signal),
    deployment: (report, signal) =>
      options.order.report(() => tellDeployment(options, report, signal), signal),
    checkRun: (report, signal) =>
      options.order.report(() => tellCheckRun(options, report, signal), signal),
  }
}

/** By the contexts `magos/HOST`; those of stacks have a third part. */
export function createReporters(options: StatusOptions): Reporters {
  return {
    async hosts(commit, signal) {
      const hosts = new Set<string>()
      for await (const status of newestStatuses(options, commit, signal)) {
        const host = /^magos\/([^/]+)$/.exec(textField(status, 'context') ?? '')?.[1]
        if (host !== undefined) hosts.add(host)
      }
      return [...hosts].toSorted()
    },
  }
}

type StatusOptions = Pick<ReportsOptions, 'client' | 'repository'>

const pageSize = 100
const maxPages = 10

/** Whether the newest status of this context says the same. */
async function isTold(
  options: StatusOptions,
  { commit, context, state, description }: StatusReport,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const status of newestStatuses(options, commit, signal)) {
    if (textField(status, 'context') !== context) continue
    return textField(status, 'state') === state && textField(status, 'description') === description
  }
  return false
}

/** The newest of every context, which the combined answer holds, however many were told. */
async function* newestStatuses(
  { client, repository }: StatusOptions,
  commit: string,
  signal: AbortSignal,
): AsyncGenerator {
  const action = `Read the statuses of "${commit}"`
  const route = 'GET /repos/{owner}/{repo}/commits/{ref}/status'
  for (let page = 1; page <= maxPages; page++) {
    const parameters = { ...repository, ref: commit, per_page: pageSize, page }
    const reply = await client.send(route, parameters, { action, signal })
    if (reply.outcome !== 'done') throw reportFailure(reply)
    yield* listField(reply.data, 'statuses')
    if (page * pageSize >= (numberField(reply.data, 'total_count') ?? 0)) return
  }
}

async function tell(
  { client, budget, order, repository }: ReportsOptions,
  { commit, context, state, description }: StatusReport,
  signal: AbortSignal,
): Promise<void> {
  await order.turn(signal)
  const writes = budget.reserve(1, 'report')
  writes.spend()
  const action = `Report "${context}" of "${commit}"`
  const route = 'POST /repos/{owner}/{repo}/statuses/{sha}'
  const parameters = { ...repository, sha: commit, context, state, description }
  const reply = await client.send(route, parameters, { action, signal })
  if (reply.outcome !== 'done') throw reportFailure(reply)
}
