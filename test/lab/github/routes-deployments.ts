import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { callerAccount } from './auth.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import { isObject, listField, textField } from './json.ts'
import type { JsonObject } from './json.ts'
import { isoSeconds } from './iso-time.ts'
import { nodeId, page, pageLinks, repositoryUrl, userShape } from './shapes.ts'
import type { DeploymentRecord, DeploymentStatusRecord, RepositoryRecord, State } from './state.ts'

/** https://docs.github.com/en/rest/deployments */
export const deploymentRoutes: Handlers<`${string}/deployments${string}`> = {
  'GET /repos/{owner}/{repo}/deployments': listDeployments,
  'POST /repos/{owner}/{repo}/deployments': createDeployment,
  'GET /repos/{owner}/{repo}/deployments/{deployment_id}': ({ state }, call) => ({
    status: 200,
    body: deploymentShape(state, repositoryOf(call), deploymentOf(call)),
  }),
  'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses': listStatuses,
  'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses': createStatus,
}

function listDeployments({ state }: Lab, call: Call): Answer {
  const repository = repositoryOf(call)
  const wanted = ['sha', 'ref', 'task', 'environment'] as const
  const all = repository.deployments
    .filter((deployment) =>
      wanted.every((key) => {
        const value = call.query.get(key)
        return value === null || deploymentShape(state, repository, deployment)[key] === value
      }),
    )
    .toReversed()
  const body = page(all, call.query).map((held) => deploymentShape(state, repository, held))
  return { status: 200, body, headers: pageLinks(call.url, all.length) }
}

async function createDeployment({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const ref = textField(call.body, 'ref') ?? ''
  const sha = await repository.git.resolve(ref, 'commit')
  if (sha === null) throw new ApiError(422, `No ref found for: ${ref}`)
  // Both defaults bite: without `required_contexts: []` every status has to be green, without `auto_merge: false` the base is merged in.
  const statuses = repository.statuses.filter((status) => status.sha === sha)
  const required = listField(call.body, 'required_contexts')
  const pending = statuses.some((status) => status.state !== 'success')
  if (required === undefined && pending) {
    throw new ApiError(409, "Conflict: Commit status checks failed for 'HEAD'.")
  }
  const deployment: DeploymentRecord = {
    id: state.nextId(),
    sha,
    ref,
    fields: call.body,
    creator: callerAccount(state, call.caller),
    at: state.now(),
    statuses: [],
  }
  repository.deployments.push(deployment)
  return { status: 201, body: deploymentShape(state, repository, deployment) }
}

function deploymentOf(call: Call): DeploymentRecord {
  const id = Number(parameter(call, 'deployment_id'))
  const found = repositoryOf(call).deployments.find((deployment) => deployment.id === id)
  if (found === undefined) throw new ApiError(404, 'Not Found')
  return found
}

function listStatuses({ state }: Lab, call: Call): Answer {
  const [repository, deployment] = [repositoryOf(call), deploymentOf(call)]
  const all = deployment.statuses.toReversed()
  const body = page(all, call.query).map((status) =>
    statusShape(state, { repository, deployment }, status),
  )
  return { status: 200, body, headers: pageLinks(call.url, all.length) }
}

function createStatus({ state }: Lab, call: Call): Answer {
  const [repository, deployment] = [repositoryOf(call), deploymentOf(call)]
  const status: DeploymentStatusRecord = {
    id: state.nextId(),
    state: textField(call.body, 'state') ?? 'error',
    fields: call.body,
    creator: callerAccount(state, call.caller),
    at: state.now(),
  }
  if (status.state === 'success' && call.body['auto_inactive'] !== false) {
    retireOthers(state, repository, deployment)
  }
  deployment.statuses.push(status)
  return { status: 201, body: statusShape(state, { repository, deployment }, status) }
}

/** A success retires the older successful deployments of its environment, but for production and transient ones. */
function retireOthers(state: State, repository: RepositoryRecord, now: DeploymentRecord): void {
  const environment = environmentOf(now)
  for (const other of repository.deployments) {
    const newest = other.statuses.at(-1)
    const kept =
      other === now ||
      environmentOf(other) !== environment ||
      newest?.state !== 'success' ||
      other.fields['production_environment'] === true ||
      other.fields['transient_environment'] === true
    if (kept) continue
    const { creator } = newest
    other.statuses.push({
      id: state.nextId(),
      state: 'inactive',
      fields: {},
      creator,
      at: state.now(),
    })
  }
}

function environmentOf({ fields }: DeploymentRecord): string {
  return textField(fields, 'environment') ?? 'production'
}

function deploymentShape(
  state: State,
  repository: RepositoryRecord,
  deployment: DeploymentRecord,
): JsonObject {
  const base = repositoryUrl(state, repository)
  const url = `${base}/deployments/${deployment.id}`
  const { fields } = deployment
  const environment = environmentOf(deployment)
  const { payload } = fields
  return {
    url,
    id: deployment.id,
    node_id: nodeId('Deployment', deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: textField(fields, 'task') ?? 'deploy',
    payload: isObject(payload) || typeof payload === 'string' ? payload : {},
    original_environment: environment,
    environment,
    description: textField(fields, 'description') ?? null,
    creator: userShape(state, deployment.creator),
    created_at: isoSeconds(deployment.at),
    updated_at: isoSeconds(deployment.statuses.at(-1)?.at ?? deployment.at),
    statuses_url: `${url}/statuses`,
    repository_url: base,
    transient_environment: fields['transient_environment'] === true,
    production_environment:
      fields['production_environment'] === true || environment === 'production',
  }
}

function statusShape(
  state: State,
  { repository, deployment }: { repository: RepositoryRecord; deployment: DeploymentRecord },
  status: DeploymentStatusRecord,
): JsonObject {
  const base = repositoryUrl(state, repository)
  const url = `${base}/deployments/${deployment.id}`
  const text = (key: string): string => textField(status.fields, key) ?? ''
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId('DeploymentStatus', status.id),
    state: status.state,
    creator: userShape(state, status.creator),
    description: text('description'),
    environment: environmentOf(deployment),
    target_url: text('target_url') || text('log_url') || `${state.url}/`,
    created_at: isoSeconds(status.at),
    updated_at: isoSeconds(status.at),
    deployment_url: url,
    repository_url: base,
  }
}
