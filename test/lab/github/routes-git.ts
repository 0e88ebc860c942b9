import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { callerAccount } from './auth.ts'
import type { Caller } from './auth.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import { isObject, listField, textField } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import { announceMove, checkRules } from './refs.ts'
import type { Mover } from './refs.ts'
import { isoSeconds } from './iso-time.ts'
import type { Person, TreeChange, TreeItem, TreeMode } from './git-objects.ts'
import { fromEntries, gitCommitShape, nodeId, repositoryUrl } from './shapes.ts'
import type { RepositoryRecord, State } from './state.ts'

/** The Git Data API: https://docs.github.com/en/rest/git */
export const gitRoutes: Handlers<`${string}/git/${string}`> = {
  'GET /repos/{owner}/{repo}/git/ref/{ref}': getRef,
  'GET /repos/{owner}/{repo}/git/matching-refs/{ref}': matchingRefs,
  'POST /repos/{owner}/{repo}/git/refs': createRef,
  'PATCH /repos/{owner}/{repo}/git/refs/{ref}': updateRef,
  'DELETE /repos/{owner}/{repo}/git/refs/{ref}': deleteRef,
  'GET /repos/{owner}/{repo}/git/commits/{commit_sha}': getCommit,
  'POST /repos/{owner}/{repo}/git/commits': createCommit,
  'GET /repos/{owner}/{repo}/git/trees/{tree_sha}': getTree,
  'POST /repos/{owner}/{repo}/git/trees': createTree,
  'GET /repos/{owner}/{repo}/git/blobs/{file_sha}': getBlob,
  'POST /repos/{owner}/{repo}/git/blobs': createBlob,
}

// ---------------------------------------------------------------- refs

async function getRef({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  await refuseEmpty(repository)
  const name = `refs/${parameter(call, 'ref')}`
  const found = await repository.git.ref(name)
  if (found === null) throw new ApiError(404, 'Not Found')
  const stale = call.freshness === 'stale' ? repository.previous.get(name) : undefined
  return { status: 200, body: await refShape(state, repository, name, stale ?? found) }
}

async function matchingRefs({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const body: Json[] = []
  for (const { name, sha } of await repository.git.refs(`refs/${parameter(call, 'ref')}`)) {
    body.push(await refShape(state, repository, name, sha))
  }
  return { status: 200, body }
}

async function createRef(lab: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  await refuseEmpty(repository)
  const [name = '', after = ''] = [textField(call.body, 'ref'), textField(call.body, 'sha')]
  if (!/^refs\/[^/]+\/./u.test(name)) throw new ApiError(422, 'Reference name is invalid')
  return await repository.exclusively(async () => {
    await refuseUnknown(repository, after)
    checkRules(repository, name, mover(lab.state, call.caller), 'update')
    if ((await repository.git.updateRef(name, null, after)) === 'moved') {
      throw new ApiError(422, 'Reference already exists')
    }
    const move = { name, before: null, after }
    await announceMove(lab, repository, move, callerAccount(lab.state, call.caller))
    return { status: 201, body: await refShape(lab.state, repository, name, after) }
  })
}

async function updateRef(lab: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  await refuseEmpty(repository)
  const name = `refs/${parameter(call, 'ref')}`
  const after = textField(call.body, 'sha') ?? ''
  const forced = call.body['force'] === true
  return await repository.exclusively(async () => {
    const before = await headOf(repository, name)
    const fastForward = await repository.git.isAncestor(before, after)
    if (!fastForward) await refuseUnknown(repository, after)
    if (!fastForward && !forced) throw new ApiError(422, 'Update is not a fast forward')
    const kind = fastForward ? 'update' : 'forced'
    if (before !== after) checkRules(repository, name, mover(lab.state, call.caller), kind)
    if ((await repository.git.updateRef(name, before, after)) === 'moved') {
      throw new ApiError(422, 'Update is not a fast forward')
    }
    const move = { name, before, after }
    await announceMove(lab, repository, move, callerAccount(lab.state, call.caller))
    return { status: 200, body: await refShape(lab.state, repository, name, after) }
  })
}

async function deleteRef(lab: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const name = `refs/${parameter(call, 'ref')}`
  return await repository.exclusively(async () => {
    const before = await headOf(repository, name)
    if (name === `refs/heads/${repository.defaultBranch}`) {
      throw new ApiError(422, 'Cannot delete the default branch')
    }
    checkRules(repository, name, mover(lab.state, call.caller), 'deletion')
    await repository.git.updateRef(name, before, null)
    const move = { name, before, after: null }
    await announceMove(lab, repository, move, callerAccount(lab.state, call.caller))
    return { status: 204 }
  })
}

function mover(state: State, caller: Caller): Mover {
  const app = caller.kind === 'installation' ? caller.token.installation.app : null
  return { account: callerAccount(state, caller), app }
}

async function headOf({ git }: RepositoryRecord, name: string): Promise<string> {
  const found = await git.ref(name)
  if (found === null) throw new ApiError(422, 'Reference does not exist')
  return found
}

async function refuseUnknown({ git }: RepositoryRecord, sha: string): Promise<void> {
  if ((await git.type(sha)) === null) throw new ApiError(422, 'Object does not exist')
}

async function refuseEmpty(repository: RepositoryRecord): Promise<void> {
  if (repository.content === 'some') return
  const refs = await repository.git.refs('refs/')
  if (refs.length === 0) throw new ApiError(409, 'Git Repository is empty.')
  // The default branch cannot be deleted, so it never gets empty again.
  repository.content = 'some'
}

async function refShape(
  state: State,
  repository: RepositoryRecord,
  name: string,
  sha: string,
): Promise<JsonObject> {
  const url = repositoryUrl(state, repository)
  const isHead = name.startsWith('refs/heads/')
  const type = isHead ? 'commit' : ((await repository.git.type(sha)) ?? 'commit')
  return {
    ref: name,
    node_id: nodeId('Ref', name),
    url: `${url}/git/${name}`,
    object: { type, sha, url: `${url}/git/${type}s/${sha}` },
  }
}

// ---------------------------------------------------------------- commits

async function getCommit({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  await refuseEmpty(repository)
  const sha = await repository.git.resolve(parameter(call, 'commit_sha'), 'commit')
  if (sha === null) throw new ApiError(404, 'Not Found')
  const commit = await repository.git.readCommit(sha)
  return { status: 200, body: gitCommitShape(state, repository, commit) }
}

async function createCommit({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  await refuseEmpty(repository)
  const { git } = repository
  const tree = await git.resolve(textField(call.body, 'tree') ?? '', 'tree')
  if (tree === null) throw new ApiError(422, 'Tree SHA does not exist')
  const parents: string[] = []
  for (const parent of listField(call.body, 'parents') ?? []) {
    const sha = typeof parent === 'string' ? await git.resolve(parent, 'commit') : null
    if (sha === null) throw new ApiError(422, 'Parent SHA does not exist or is not a commit object')
    parents.push(sha)
  }
  const message = textField(call.body, 'message') ?? ''
  const commit = { tree, parents, message, ...people(state, call) }
  const sha = await git.writeCommit(commit)
  return { status: 201, body: gitCommitShape(state, repository, { ...commit, sha }) }
}

/** Without author and committer GitHub commits in its own name for the App, and signs. */
function people(state: State, { body, caller }: Call): { author: Person; committer: Person } {
  const date = isoSeconds(state.now())
  const account = callerAccount(state, caller)
  const own: Person = {
    name: account.login,
    email: `${account.id}+${account.login}@users.noreply.github.com`,
    date,
  }
  const author = personField(body['author'], date)
  const committer = personField(body['committer'], date)
  if (author === null && committer === null && caller.kind === 'installation') {
    return { author: own, committer: { name: 'GitHub', email: 'noreply@github.com', date } }
  }
  return { author: author ?? own, committer: committer ?? author ?? own }
}

function personField(value: Json | undefined, date: string): Person | null {
  if (!isObject(value)) return null
  const [name = '', email = ''] = [textField(value, 'name'), textField(value, 'email')]
  return { name, email, date: textField(value, 'date') ?? date }
}

// ---------------------------------------------------------------- trees and blobs

async function getTree({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  await refuseEmpty(repository)
  const sha = await repository.git.resolve(parameter(call, 'tree_sha'), 'tree')
  if (sha === null) throw new ApiError(404, 'Not Found')
  // Any value makes it recursive, `0` and `false` too.
  const depth = call.query.has('recursive') ? 'recursive' : 'flat'
  return { status: 200, body: await treeShape(state, repository, sha, depth) }
}

async function createTree({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  await refuseEmpty(repository)
  const { git } = repository
  const base = textField(call.body, 'base_tree')
  const changes: TreeChange[] = []
  for (const entry of listField(call.body, 'tree') ?? []) {
    changes.push(await treeChange(repository, entry))
  }
  if (changes.length === 0) throw new ApiError(422, 'Invalid tree info')
  const sha = await git.writeTree(base ?? null, changes)
  return { status: 201, body: await treeShape(state, repository, sha, 'flat') }
}

async function treeChange({ git }: RepositoryRecord, entry: Json): Promise<TreeChange> {
  if (!isObject(entry)) throw new ApiError(422, 'Invalid tree info')
  const [path, content] = [textField(entry, 'path'), textField(entry, 'content')]
  const mode = modeField(entry)
  const { sha } = entry
  if (path === undefined) throw new ApiError(422, 'Invalid tree info')
  if ((sha !== undefined) === (content !== undefined)) {
    throw new ApiError(422, 'Must supply either tree.sha or tree.content')
  }
  if (content !== undefined) return { path, mode, content }
  if (sha === null) return { path, sha: null }
  const wanted = mode === '040000' ? 'tree' : 'blob'
  const id = typeof sha === 'string' ? sha : ''
  if (mode !== '160000' && (await git.type(id)) !== wanted) {
    throw new ApiError(422, `tree.sha ${id} is not a valid ${wanted}`)
  }
  return { path, mode, sha: id }
}

function modeField(entry: JsonObject): TreeMode {
  const modes = ['100644', '100755', '040000', '160000', '120000'] as const
  return modes.find((mode) => mode === entry['mode']) ?? '100644'
}

async function treeShape(
  state: State,
  repository: RepositoryRecord,
  sha: string,
  depth: 'flat' | 'recursive',
): Promise<JsonObject> {
  const url = repositoryUrl(state, repository)
  const items = await repository.git.readTree(sha, depth)
  return {
    sha,
    url: `${url}/git/trees/${sha}`,
    truncated: items.length > 100_000,
    tree: items.slice(0, 100_000).map((item) => treeItemShape(url, item)),
  }
}

function treeItemShape(url: string, { path, mode, type, sha, size }: TreeItem): JsonObject {
  return fromEntries([
    ['path', path],
    ['mode', mode],
    ['type', type],
    ['sha', sha],
    ['size', size ?? undefined],
    ['url', type === 'commit' ? undefined : `${url}/git/${type}s/${sha}`],
  ])
}

async function getBlob({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const sha = parameter(call, 'file_sha')
  if ((await repository.git.type(sha)) !== 'blob') throw new ApiError(404, 'Not Found')
  const content = await repository.git.readBlob(sha)
  const url = `${repositoryUrl(state, repository)}/git/blobs/${sha}`
  const encoded = content.toString('base64').replaceAll(/.{60}/gu, '$&\n')
  const body = {
    sha,
    node_id: nodeId('Blob', sha),
    size: content.length,
    url,
    content: encoded,
    encoding: 'base64',
  }
  return { status: 200, body }
}

async function createBlob({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  await refuseEmpty(repository)
  const encoding = textField(call.body, 'encoding') === 'base64' ? 'base64' : 'utf8'
  const content = Buffer.from(textField(call.body, 'content') ?? '', encoding)
  const sha = await repository.git.writeBlob(content)
  return { status: 201, body: { sha, url: `${repositoryUrl(state, repository)}/git/blobs/${sha}` } }
}
