import { posix } from 'node:path'
import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { callerAccount } from './auth.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import { textField } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import { isoSeconds } from './iso-time.ts'
import type { TreeItem } from './git-objects.ts'
import {
  commitShape,
  nodeId,
  page,
  pageLinks,
  repositoryShape,
  repositoryUrl,
  userShape,
} from './shapes.ts'
import type { RepositoryRecord, State, StatusRecord } from './state.ts'

/** https://docs.github.com/en/rest/repos and https://docs.github.com/en/rest/commits */
export const repositoryRoutes: Handlers<
  | 'GET /repos/{owner}/{repo}'
  | `GET ${string}/branches/${string}`
  | `GET ${string}/contents/${string}`
  | `GET /repos/{owner}/{repo}/commits`
  | `GET /repos/{owner}/{repo}/commits/{ref}`
  | `${string}/status`
  | `${string}/{ref}/statuses`
  | `${string}/statuses/{sha}`
> = {
  'GET /repos/{owner}/{repo}': ({ state }, call) => ({
    status: 200,
    body: repositoryShape(state, repositoryOf(call)),
  }),
  'GET /repos/{owner}/{repo}/branches/{branch}': getBranch,
  'GET /repos/{owner}/{repo}/rules/branches/{branch}': getRules,
  'GET /repos/{owner}/{repo}/contents/{path}': getContents,
  'GET /repos/{owner}/{repo}/commits': listCommits,
  'GET /repos/{owner}/{repo}/commits/{ref}': getCommit,
  'GET /repos/{owner}/{repo}/commits/{ref}/status': combinedStatus,
  'GET /repos/{owner}/{repo}/commits/{ref}/statuses': listStatuses,
  'POST /repos/{owner}/{repo}/statuses/{sha}': createStatus,
}

// ---------------------------------------------------------------- branches

async function getBranch({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const name = parameter(call, 'branch')
  const sha = await repository.git.resolve(`refs/heads/${name}`, 'commit')
  if (sha === null) throw new ApiError(404, 'Branch not found')
  const url = `${repositoryUrl(state, repository)}/branches/${name}`
  const commit = await repository.git.readCommit(sha)
  const body = {
    name,
    commit: commitShape(state, repository, commit),
    _links: {
      html: `${state.url}/${repository.owner.login}/${repository.name}/tree/${name}`,
      self: url,
    },
    protected: repository.rules.some((rule) => rule.branch === name),
    protection: {},
    protection_url: `${url}/protection`,
  }
  return { status: 200, body }
}

function getRules(_lab: Lab, call: Call): Answer {
  const name = parameter(call, 'branch')
  const { rules, owner, name: repository } = repositoryOf(call)
  const body = rules
    .filter((rule) => rule.branch === name && rule.of !== 'protection')
    .map(({ type }) => ({
      type,
      ruleset_source_type: 'Repository',
      ruleset_source: `${owner.login}/${repository}`,
      ruleset_id: 1,
    }))
  return { status: 200, body: page(body, call.query) }
}

// ---------------------------------------------------------------- contents

async function getContents({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const ref = call.query.get('ref') ?? repository.defaultBranch
  const tree = await repository.git.resolve(ref, 'tree')
  if (tree === null) throw new ApiError(404, `No commit found for the ref ${ref}`)
  const path = parameter(call, 'path').replace(/\/$/u, '')
  const items = await repository.git.readTree(tree, 'recursive')
  const found = items.find((item) => item.path === path)
  if (found === undefined) throw new ApiError(404, 'Not Found')
  const at = { state, repository, ref }
  if (found.type === 'tree') {
    const children = items.filter((item) => posix.dirname(item.path) === path)
    return { status: 200, body: children.map((item) => contentShape(at, item)) }
  }
  if (found.type === 'commit') {
    return { status: 200, body: { ...contentShape(at, found), submodule_git_url: '' } }
  }
  const content = await repository.git.readBlob(found.sha)
  const encoded = content.toString('base64').replaceAll(/.{60}/gu, '$&\n')
  const body =
    found.mode === '120000'
      ? { ...contentShape(at, found), target: content.toString('utf8') }
      : { ...contentShape(at, found), encoding: 'base64', content: encoded }
  return { status: 200, body }
}

function contentShape(
  { state, repository, ref }: { state: State; repository: RepositoryRecord; ref: string },
  { path, sha, size, type, mode }: TreeItem,
): JsonObject {
  const url = repositoryUrl(state, repository)
  const self = `${url}/contents/${encodeURI(path)}?ref=${encodeURIComponent(ref)}`
  const git = `${url}/git/${type === 'tree' ? 'trees' : 'blobs'}/${sha}`
  const html = `${state.url}/${repository.owner.login}/${repository.name}/blob/${encodeURIComponent(ref)}/${encodeURI(path)}`
  const kinds = { tree: 'dir', commit: 'submodule', blob: mode === '120000' ? 'symlink' : 'file' }
  return {
    type: kinds[type],
    size: size ?? 0,
    name: posix.basename(path),
    path,
    sha,
    url: self,
    git_url: git,
    html_url: html,
    download_url: type === 'blob' ? html.replace('/blob/', '/raw/') : null,
    _links: { self, git, html },
  }
}

// ---------------------------------------------------------------- commits

async function listCommits({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const { query, url } = call
  if ((await repository.git.refs('refs/')).length === 0) {
    throw new ApiError(409, 'Git Repository is empty.')
  }
  const start = await repository.git.resolve(query.get('sha') ?? repository.defaultBranch, 'commit')
  if (start === null) throw new ApiError(404, 'Not Found')
  const path = query.get('path') ?? undefined
  const all = await repository.git.log(start, { limit: 10_000, path })
  const body: Json[] = []
  for (const sha of page(all, query)) {
    body.push(commitShape(state, repository, await repository.git.readCommit(sha)))
  }
  return { status: 200, body, headers: pageLinks(url, all.length) }
}

async function getCommit({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const sha = await commitOf(repository, parameter(call, 'ref'))
  const commit = await repository.git.readCommit(sha)
  return { status: 200, body: commitShape(state, repository, commit) }
}

async function commitOf({ git }: RepositoryRecord, ref: string): Promise<string> {
  const sha = await git.resolve(ref, 'commit')
  if (sha === null) throw new ApiError(422, `No commit found for SHA: ${ref}`)
  return sha
}

// ---------------------------------------------------------------- statuses

const maxStatuses = 1000

async function createStatus({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const asked = parameter(call, 'sha')
  const sha = await commitOf(repository, asked)
  const context = textField(call.body, 'context') ?? 'default'
  const description = textField(call.body, 'description') ?? null
  if ((description?.length ?? 0) > 140) {
    throw new ApiError(422, 'Validation Failed', {
      errors: [
        {
          resource: 'Status',
          code: 'custom',
          field: 'description',
          message: 'description is too long (maximum is 140 characters)',
        },
      ],
    })
  }
  const held = statusesOf(repository, sha).filter((status) => status.context === context)
  if (held.length >= maxStatuses) {
    throw new ApiError(422, 'Validation Failed', {
      errors: [
        {
          resource: 'Status',
          code: 'custom',
          message: 'This SHA and context has reached the maximum number of statuses.',
        },
      ],
    })
  }
  const status: StatusRecord = {
    id: state.nextId(),
    sha,
    state: textField(call.body, 'state') ?? 'error',
    context,
    description,
    targetUrl: textField(call.body, 'target_url') ?? null,
    creator: callerAccount(state, call.caller),
    at: state.now(),
  }
  repository.statuses.push(status)
  return { status: 201, body: statusShape(state, repository, status) }
}

/** Newest first. */
function statusesOf({ statuses }: RepositoryRecord, sha: string): readonly StatusRecord[] {
  return statuses.filter((status) => status.sha === sha).toReversed()
}

async function listStatuses({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const sha = await repository.git.resolve(parameter(call, 'ref'), 'commit')
  if (sha === null) throw new ApiError(404, 'Not Found')
  const all = statusesOf(repository, sha)
  const body = page(all, call.query).map((status) => statusShape(state, repository, status))
  return { status: 200, body, headers: pageLinks(call.url, all.length) }
}

async function combinedStatus({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const sha = await repository.git.resolve(parameter(call, 'ref'), 'commit')
  if (sha === null) throw new ApiError(404, 'Not Found')
  const newest = new Map<string, StatusRecord>()
  for (const status of statusesOf(repository, sha)) {
    if (!newest.has(status.context)) newest.set(status.context, status)
  }
  const all = [...newest.values()]
  const url = repositoryUrl(state, repository)
  const body = {
    state: combine(all),
    sha,
    total_count: all.length,
    statuses: page(all, call.query).map((status) => statusShape(state, repository, status)),
    repository: repositoryShape(state, repository),
    commit_url: `${url}/commits/${sha}`,
    url: `${url}/commits/${sha}/status`,
  }
  return { status: 200, body, headers: pageLinks(call.url, all.length) }
}

function combine(statuses: readonly StatusRecord[]): string {
  if (statuses.some(({ state }) => state === 'error' || state === 'failure')) return 'failure'
  const settled = statuses.length > 0 && statuses.every(({ state }) => state === 'success')
  return settled ? 'success' : 'pending'
}

function statusShape(state: State, repository: RepositoryRecord, status: StatusRecord): JsonObject {
  return {
    url: `${repositoryUrl(state, repository)}/statuses/${status.sha}`,
    avatar_url: `${state.url}/avatars/u/${status.creator.id}`,
    id: status.id,
    node_id: nodeId('StatusContext', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: isoSeconds(status.at),
    updated_at: isoSeconds(status.at),
    creator: userShape(state, status.creator),
  }
}
