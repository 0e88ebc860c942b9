import { createHash } from 'node:crypto'
import type { CheckAnnotation, CheckReport } from '../../domain/event.ts'
import { listField, textField } from './answer.ts'
import { cut, reportFailure } from './report-words.ts'
import type { ReportsOptions } from './report-options.ts'

/** GitHub takes no more at once; whoever reads fifty has enough. */
const maxAnnotations = 50
const maxSummary = 65_000
const maxMessage = 4_000

/** https://docs.github.com/en/rest/checks/runs. Told anew only where it says something else. */
export async function tellCheckRun(
  options: ReportsOptions,
  report: CheckReport,
  signal: AbortSignal,
): Promise<void> {
  const { client, repository, budget, order, log } = options
  const { commit, context, conclusion } = report
  const output = outputOf(report)
  // What it says, as a name by which it is known again.
  const id = createHash('sha256')
    .update(JSON.stringify([conclusion, output]))
    .digest('hex')
  if (await isTold(options, report, id, signal)) {
    log.debug({ commit, context }, 'Check run was told already')
    return
  }
  await order.turn(signal)
  budget.reserve(1, 'report').spend()
  const action = `Report "${context}" of "${commit}"`
  const run = { name: context, head_sha: commit, status: 'completed', conclusion }
  const body = { ...repository, ...run, external_id: id, output }
  const route = 'POST /repos/{owner}/{repo}/check-runs'
  const reply = await client.send(route, body, { action, signal })
  if (reply.outcome !== 'done') throw reportFailure(reply)
}

async function isTold(
  { client, repository }: ReportsOptions,
  { commit, context }: CheckReport,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  const route = 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs'
  const query = { ref: commit, check_name: context, filter: 'latest', per_page: 100 }
  const action = `Read the check runs of "${commit}"`
  const reply = await client.send(route, { ...repository, ...query }, { action, signal })
  if (reply.outcome !== 'done') throw reportFailure(reply)
  return listField(reply.data, 'check_runs').some((run) => textField(run, 'external_id') === id)
}

function outputOf({ title, summary, annotations }: CheckReport) {
  const left = annotations.length - maxAnnotations
  const more = left > 0 ? `\n\n… and ${left} more problems: \`magos scan\` tells them all.` : ''
  return {
    title: cut(title, 250),
    summary: `${cut(summary, maxSummary - more.length)}${more}`,
    annotations: annotations.slice(0, maxAnnotations).map(annotationBody),
  }
}

function annotationBody({ path, line, level, message }: CheckAnnotation) {
  return {
    path,
    start_line: line,
    end_line: line,
    annotation_level: level,
    message: cut(message, maxMessage),
  }
}
