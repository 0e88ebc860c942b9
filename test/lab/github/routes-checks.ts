import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import { isObject, textField } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import { isoSeconds } from './iso-time.ts'
import { appShape, nodeId, page, pageLinks, repositoryUrl } from './shapes.ts'
import type { CheckRunRecord, RepositoryRecord, State } from './state.ts'

/** https://docs.github.com/en/rest/checks/runs */
export const checkRoutes: Handlers<`${string}/check-runs${string}`> = {
  'POST /repos/{owner}/{repo}/check-runs': createCheckRun,
  'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}': updateCheckRun,
  'GET /repos/{owner}/{repo}/commits/{ref}/check-runs': listCheckRuns,
}

async function createCheckRun({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const sha = await repository.git.resolve(textField(call.body, 'head_sha') ?? '', 'commit')
  if (sha === null) throw new ApiError(404, 'Not Found')
  const { caller, body } = call
  const run: CheckRunRecord = {
    id: state.nextId(),
    app: caller.kind === 'installation' ? caller.token.installation.app : null,
    sha,
    fields: body,
    startedAt: state.now(),
    completedAt: completion(body, state.now()),
  }
  repository.checkRuns.push(run)
  return { status: 201, body: checkRunShape(state, repository, run) }
}

function updateCheckRun({ state }: Lab, call: Call): Answer {
  const repository = repositoryOf(call)
  const id = Number(parameter(call, 'check_run_id'))
  const run = repository.checkRuns.find((held) => held.id === id)
  if (run === undefined) throw new ApiError(404, 'Not Found')
  run.fields = { ...run.fields, ...call.body }
  run.completedAt = completion(run.fields, state.now())
  return { status: 200, body: checkRunShape(state, repository, run) }
}

async function listCheckRuns({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const sha = await repository.git.resolve(parameter(call, 'ref'), 'commit')
  if (sha === null) throw new ApiError(422, 'No commit found for SHA')
  const name = call.query.get('check_name')
  const all = repository.checkRuns.filter(
    (run) => run.sha === sha && (name === null || run.fields['name'] === name),
  )
  const body = {
    total_count: all.length,
    check_runs: page(all, call.query).map((run) => checkRunShape(state, repository, run)),
  }
  return { status: 200, body, headers: pageLinks(call.url, all.length) }
}

/** A conclusion completes a run, whatever its status says. */
function completion(fields: JsonObject, now: number): number | null {
  const completed = fields['status'] === 'completed' || fields['conclusion'] !== undefined
  return completed ? now : null
}

function checkRunShape(
  state: State,
  repository: RepositoryRecord,
  { id, app, sha, fields, startedAt, completedAt }: CheckRunRecord,
): JsonObject {
  const url = `${repositoryUrl(state, repository)}/check-runs/${id}`
  const html = `${state.url}/${repository.owner.login}/${repository.name}/runs/${id}`
  const output = isObject(fields['output']) ? fields['output'] : {}
  return {
    id,
    head_sha: sha,
    node_id: nodeId('CheckRun', id),
    external_id: textField(fields, 'external_id') ?? '',
    url,
    html_url: html,
    details_url: textField(fields, 'details_url') ?? html,
    status: completedAt === null ? (textField(fields, 'status') ?? 'queued') : 'completed',
    conclusion: textOrNull(fields, 'conclusion'),
    started_at: isoSeconds(startedAt),
    completed_at: completedAt === null ? null : isoSeconds(completedAt),
    output: {
      title: textOrNull(output, 'title'),
      summary: textOrNull(output, 'summary'),
      text: textOrNull(output, 'text'),
      annotations_count: 0,
      annotations_url: `${url}/annotations`,
    },
    name: textField(fields, 'name') ?? '',
    check_suite: { id: 1 },
    app: app === null ? null : appShape(state, app),
    pull_requests: [],
  }
}

function textOrNull(source: JsonObject, key: string): Json {
  return textField(source, key) ?? null
}
