import type { StatusReport } from '../../domain/event.ts'
import { tellCheckRun } from './check-runs.ts'
import { tellDeployment } from './deployments.ts'
import type { Reports } from '../../ports.ts'
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

const pageSize = 100
const maxPages = 10

/** Whether the newest status of this context says the same. */
async function isTold(
  { client, repository }: ReportsOptions,
  report: StatusReport,
  signal: AbortSignal,
): Promise<boolean> {
  const { commit, context, state, description } = report
  const action = `Read the statuses of "${commit}"`
  const route = 'GET /repos/{owner}/{repo}/commits/{ref}/status'
  for (let page = 1; page <= maxPages; page++) {
    const parameters = { ...repository, ref: commit, per_page: pageSize, page }
    const reply = await client.send(route, parameters, { action, signal })
    if (reply.outcome !== 'done') throw reportFailure(reply)
    // The combined answer holds the newest status of every context, however many were told.
    const newest = listField(reply.data, 'statuses')
    const ours = newest.find((status) => textField(status, 'context') === context)
    if (ours !== undefined) {
      return textField(ours, 'state') === state && textField(ours, 'description') === description
    }
    if (page * pageSize >= (numberField(reply.data, 'total_count') ?? 0)) return false
  }
  return false
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
