import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { callerAccount } from './auth.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import { textField } from './json.ts'
import type { JsonObject } from './json.ts'
import { announceMove } from './refs.ts'
import { isoSeconds } from './iso-time.ts'
import type { Person } from './git-objects.ts'
import { nodeId, page, pageLinks, repositoryShape, repositoryUrl, userShape } from './shapes.ts'
import type { PullRecord, RepositoryRecord, State } from './state.ts'

/** https://docs.github.com/en/rest/pulls/pulls, for branches of one repository. */
export const pullRoutes: Handlers<`${string}/pulls${string}`> = {
  'GET /repos/{owner}/{repo}/pulls': listPulls,
  'POST /repos/{owner}/{repo}/pulls': createPull,
  'GET /repos/{owner}/{repo}/pulls/{pull_number}': async ({ state }, call) => ({
    status: 200,
    body: await pullShape(state, repositoryOf(call), pullOf(call)),
  }),
  'PATCH /repos/{owner}/{repo}/pulls/{pull_number}': updatePull,
  'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge': mergePull,
}

async function listPulls({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const { query } = call
  const [wanted, head, base] = [query.get('state') ?? 'open', query.get('head'), query.get('base')]
  const all = repository.pulls
    .filter((pull) => wanted === 'all' || pull.state === wanted)
    .filter((pull) => head === null || head === `${repository.owner.login}:${pull.head}`)
    .filter((pull) => base === null || base === pull.base)
    .toReversed()
  const body: JsonObject[] = []
  for (const pull of page(all, query)) body.push(await pullShape(state, repository, pull))
  return { status: 200, body, headers: pageLinks(call.url, all.length) }
}

async function createPull({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const { git, owner } = repository
  const base = textField(call.body, 'base') ?? ''
  const head = (textField(call.body, 'head') ?? '').replace(`${owner.login}:`, '')
  for (const [field, name] of Object.entries({ base, head })) {
    if ((await git.resolve(`refs/heads/${name}`, 'commit')) === null) refuse('invalid', field)
  }
  const twin = repository.pulls.find(
    (pull) => pull.state === 'open' && pull.head === head && pull.base === base,
  )
  if (twin !== undefined) refuseCustom(`A pull request already exists for ${owner.login}:${head}.`)
  if (await git.isAncestor(`refs/heads/${head}`, `refs/heads/${base}`)) {
    refuseCustom(`No commits between ${base} and ${head}`)
  }
  const pull: PullRecord = {
    id: state.nextId(),
    number: repository.pulls.length + 1,
    user: callerAccount(state, call.caller),
    head,
    base,
    title: textField(call.body, 'title') ?? '',
    body: textField(call.body, 'body') ?? null,
    state: 'open',
    createdAt: state.now(),
    updatedAt: state.now(),
    closedAt: null,
    merged: null,
  }
  repository.pulls.push(pull)
  return { status: 201, body: await pullShape(state, repository, pull) }
}

async function updatePull({ state }: Lab, call: Call): Promise<Answer> {
  const pull = pullOf(call)
  const { title, body, base } = pull
  pull.title = textField(call.body, 'title') ?? title
  pull.body = textField(call.body, 'body') ?? body
  pull.base = textField(call.body, 'base') ?? base
  const wanted = textField(call.body, 'state')
  if (wanted === 'closed' && pull.state === 'open') pull.closedAt = state.now()
  if (wanted === 'open' && pull.merged === null) pull.closedAt = null
  pull.state = pull.closedAt === null ? 'open' : 'closed'
  pull.updatedAt = state.now()
  return { status: 200, body: await pullShape(state, repositoryOf(call), pull) }
}

async function mergePull(lab: Lab, call: Call): Promise<Answer> {
  const [repository, pull] = [repositoryOf(call), pullOf(call)]
  const method = textField(call.body, 'merge_method') ?? 'merge'
  const { git } = repository
  return await repository.exclusively(async () => {
    const ours = await git.resolve(`refs/heads/${pull.base}`, 'commit')
    const theirs = await git.resolve(`refs/heads/${pull.head}`, 'commit')
    if (pull.state !== 'open' || ours === null || theirs === null) {
      throw new ApiError(405, 'Pull Request is not mergeable')
    }
    // As in a repository whose settings allow merge commits and squashing only.
    if (method === 'rebase')
      throw new ApiError(405, 'Rebase merges are not allowed on this repository.')
    const expected = textField(call.body, 'sha')
    if (expected !== undefined && expected !== theirs) {
      throw new ApiError(409, 'Head branch was modified. Review and try the merge again.')
    }
    const tree = await git.mergeTree(ours, theirs)
    if (tree === null) throw new ApiError(405, 'Pull Request has merge conflicts')
    const by = callerAccount(lab.state, call.caller)
    const date = isoSeconds(lab.state.now())
    const author: Person = {
      name: by.login,
      email: `${by.id}+${by.login}@users.noreply.github.com`,
      date,
    }
    const sha = await git.writeCommit({
      tree,
      parents: method === 'squash' ? [ours] : [ours, theirs],
      message: mergeMessage(repository, pull, call.body, method),
      author,
      committer: { name: 'GitHub', email: 'noreply@github.com', date },
    })
    await git.updateRef(`refs/heads/${pull.base}`, ours, sha)
    const now = lab.state.now()
    Object.assign(pull, { state: 'closed', closedAt: now, updatedAt: now })
    pull.merged = { sha, at: now, by }
    const move = { name: `refs/heads/${pull.base}`, before: ours, after: sha }
    await announceMove(lab, repository, move, by)
    return { status: 200, body: { sha, merged: true, message: 'Pull Request successfully merged' } }
  })
}

function mergeMessage(
  { owner }: RepositoryRecord,
  { number, head, title }: PullRecord,
  body: JsonObject,
  method: string,
): string {
  const subject =
    method === 'squash'
      ? `${title} (#${number})`
      : `Merge pull request #${number} from ${owner.login}/${head}`
  const message = textField(body, 'commit_message') ?? (method === 'squash' ? '' : title)
  return [textField(body, 'commit_title') ?? subject, message]
    .filter((part) => part !== '')
    .join('\n\n')
}

function pullOf(call: Call): PullRecord {
  const number = Number(parameter(call, 'pull_number'))
  const found = repositoryOf(call).pulls.find((pull) => pull.number === number)
  if (found === undefined) throw new ApiError(404, 'Not Found')
  return found
}

function refuse(code: string, field: string): never {
  const errors = [{ resource: 'PullRequest', code, field }]
  throw new ApiError(422, 'Validation Failed', { errors })
}

function refuseCustom(message: string): never {
  const errors = [{ resource: 'PullRequest', code: 'custom', message }]
  throw new ApiError(422, 'Validation Failed', { errors })
}

// ---------------------------------------------------------------- shape

/** Fits `pull-request` and `pull-request-simple` alike. */
async function pullShape(
  state: State,
  repository: RepositoryRecord,
  pull: PullRecord,
): Promise<JsonObject> {
  const url = `${repositoryUrl(state, repository)}/pulls/${pull.number}`
  const issue = url.replace('/pulls/', '/issues/')
  const html = `${state.url}/${repository.owner.login}/${repository.name}/pull/${pull.number}`
  const head = await endShape(state, repository, pull.head)
  const base = await endShape(state, repository, pull.base)
  const statuses = `${repositoryUrl(state, repository)}/statuses/${textField(head, 'sha') ?? ''}`
  return {
    url,
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${url}/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: userShape(state, pull.user),
    body: pull.body,
    labels: [],
    milestone: null,
    created_at: isoSeconds(pull.createdAt),
    updated_at: isoSeconds(pull.updatedAt),
    closed_at: pull.closedAt === null ? null : isoSeconds(pull.closedAt),
    merged_at: pull.merged === null ? null : isoSeconds(pull.merged.at),
    merge_commit_sha: pull.merged?.sha ?? null,
    assignee: null,
    head,
    base,
    _links: {
      self: { href: url },
      html: { href: html },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${url}/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
    author_association: 'NONE',
    auto_merge: null,
    draft: false,
    merged: pull.merged !== null,
    mergeable: pull.merged === null ? true : null,
    mergeable_state: 'clean',
    merged_by: pull.merged === null ? null : userShape(state, pull.merged.by),
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: 1,
    additions: 1,
    deletions: 1,
    changed_files: 1,
  }
}

async function endShape(
  state: State,
  repository: RepositoryRecord,
  branch: string,
): Promise<JsonObject> {
  const sha = await repository.git.resolve(`refs/heads/${branch}`, 'commit')
  return {
    label: `${repository.owner.login}:${branch}`,
    ref: branch,
    sha: sha ?? '0'.repeat(40),
    user: userShape(state, repository.owner),
    repo: repositoryShape(state, repository),
  }
}
