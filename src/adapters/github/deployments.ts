import { MagosError } from '../../domain/error.ts'
import type { DeploymentReport } from '../../domain/event.ts'
import { listField, numberField, textField } from './answer.ts'
import { cutDescription, reportFailure } from './report-words.ts'
import type { ReportsOptions } from './report-options.ts'

/** What deployments of ours are called, beside those of others in the same environment. */
const task = 'deploy:magos'

/**
 * One deployment a commit and environment, however often it is told: https://docs.github.com/en/rest/deployments.
 * GitHub retires the one before it by itself, which it does for environments that are not marked as production.
 */
export async function tellDeployment(
  options: ReportsOptions,
  report: DeploymentReport,
  signal: AbortSignal,
): Promise<void> {
  const description = cutDescription(report.description)
  const known = await findDeployment(options, report, signal)
  const told = known === null ? null : await newestStatus(options, known, signal)
  if (told?.state === report.state && told.description === description) {
    const { commit, context } = report
    options.log.debug({ commit, context }, 'Deployment was told already')
    return
  }
  // One after the other in one turn: they are one report.
  await options.order.turn(signal)
  const deployment = known ?? (await createDeployment(options, report, signal))
  await tellStatus(options, deployment, { ...report, description }, signal)
}

async function findDeployment(
  { client, repository }: ReportsOptions,
  { commit, context }: DeploymentReport,
  signal: AbortSignal,
): Promise<number | null> {
  const route = 'GET /repos/{owner}/{repo}/deployments'
  const query = { sha: commit, environment: context, task, per_page: 1 }
  const action = `Read the deployments of "${context}"`
  const reply = await client.send(route, { ...repository, ...query }, { action, signal })
  if (reply.outcome !== 'done') throw reportFailure(reply)
  const [newest] = listField(reply, 'data')
  return numberField(newest, 'id')
}

async function newestStatus(
  { client, repository }: ReportsOptions,
  id: number,
  signal: AbortSignal,
): Promise<{ readonly state: string | null; readonly description: string | null }> {
  const route = 'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses'
  const query = { ...repository, deployment_id: id, per_page: 1 }
  const action = `Read the statuses of deployment ${id}`
  const reply = await client.send(route, query, { action, signal })
  if (reply.outcome !== 'done') throw reportFailure(reply)
  const [newest] = listField(reply, 'data')
  return { state: textField(newest, 'state'), description: textField(newest, 'description') }
}

async function createDeployment(
  options: ReportsOptions,
  { commit, context }: DeploymentReport,
  signal: AbortSignal,
): Promise<number> {
  const action = `Report the deployment of "${context}"`
  const data = await write(options, 'POST /repos/{owner}/{repo}/deployments', action, signal, {
    ref: commit,
    task,
    environment: context,
    description: 'Deployed by Magos',
    // By default GitHub merges the base branch first, and refuses while any status is not green.
    auto_merge: false,
    required_contexts: [],
    transient_environment: false,
    production_environment: false,
  })
  const id = numberField(data, 'id')
  if (id === null) throw new MagosError('protocol', `${action}: the answer has no id`)
  return id
}

async function tellStatus(
  options: ReportsOptions,
  id: number,
  { commit, context, state, description }: DeploymentReport,
  signal: AbortSignal,
): Promise<void> {
  const route = 'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses'
  await write(options, route, `Report what became of "${context}"`, signal, {
    deployment_id: id,
    state,
    description,
    // Where GitHub shows all that was told about the commit.
    log_url: `${options.page}/commit/${commit}`,
    auto_inactive: true,
  })
}

async function write(
  { client, budget, repository }: ReportsOptions,
  route: string,
  action: string,
  signal: AbortSignal,
  body: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  budget.reserve(1, 'report').spend()
  const reply = await client.send(route, { ...repository, ...body }, { action, signal })
  if (reply.outcome !== 'done') throw reportFailure(reply)
  return reply.data
}
