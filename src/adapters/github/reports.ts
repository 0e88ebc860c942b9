import type { StatusReport } from '../../domain/event.ts'
import type { Log, Reports } from '../../ports.ts'
import { listField, numberField, textField } from './answer.ts'
import type { Budget } from './budget.ts'
import type { Client, Reply } from './client.ts'
import { MagosError } from '../../domain/error.ts'
import type { WriteOrder } from './write-order.ts'

export interface ReportsOptions {
  readonly client: Client
  readonly budget: Budget
  readonly order: WriteOrder
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly log: Log
}

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
  }
}

const maxDescription = 140

/** GitHub refuses a longer one. No character is cut in half. */
export function cutDescription(text: string): string {
  if (text.length <= maxDescription) return text
  const kept = text.slice(0, maxDescription - 1)
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`
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
    if (reply.outcome !== 'done') throw failure(reply)
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
  { commit, ...status }: StatusReport,
  signal: AbortSignal,
): Promise<void> {
  await order.turn(signal)
  const writes = budget.reserve(1, 'report')
  writes.spend()
  const action = `Report "${status.context}" of "${commit}"`
  const route = 'POST /repos/{owner}/{repo}/statuses/{sha}'
  const parameters = { ...repository, sha: commit, ...status }
  const reply = await client.send(route, parameters, { action, signal })
  if (reply.outcome !== 'done') throw failure(reply)
}

function failure(reply: Exclude<Reply, { outcome: 'done' }>): MagosError {
  const { error } = reply
  // Not the repository is missing here, but the commit: nothing that another try finds.
  if (reply.outcome !== 'refused' || ![404, 422].includes(reply.status)) return error
  return new MagosError('github', error.message, { cause: error.cause })
}
