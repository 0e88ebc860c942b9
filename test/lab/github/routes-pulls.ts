import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { callerAccount } from './auth.ts'
import { parameter, repositoryOf } from './call.ts'
import type { Call, Handlers, Lab } from './call.ts'
import { listField, textField } from './json.ts'
import type { JsonObject } from './json.ts'
import { pullShape } from './pull-shape.ts'
import { closePull, openPull, reopenPull } from './pulls.ts'
import { checkRequiredStatuses } from './refs.ts'
import { mergeByHand } from './merge.ts'
import { commitShape, page, pageLinks } from './shapes.ts'
import type { PullRecord, RepositoryRecord } from './state.ts'

/** https://docs.github.com/en/rest/pulls/pulls, for branches of one repository. */
export const pullRoutes: Handlers<`${string}/pulls${string}`> = {
  'GET /repos/{owner}/{repo}/pulls': listPulls,
  'POST /repos/{owner}/{repo}/pulls': createPull,
  'GET /repos/{owner}/{repo}/pulls/{pull_number}': async ({ state }, call) => ({
    status: 200,
    body: await pullShape(state, repositoryOf(call), pullOf(call)),
  }),
  'PATCH /repos/{owner}/{repo}/pulls/{pull_number}': updatePull,
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/commits': listPullCommits,
  'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge': mergePull,
  'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers': requestReviewers,
}

async function listPulls({ state }: Lab, call: Call): Promise<Answer> {
  const repository = repositoryOf(call)
  const { query } = call
  const [wanted, head, base] = [query.get('state') ?? 'open', query.get('head'), query.get('base')]
  const all = repository.pulls
    .filter((pull) => wanted === 'all' || pull.state === wanted)
    .filter(
      (pull) => head === null || head === `${(pull.fork ?? repository.owner).login}:${pull.head}`,
    )
    .filter((pull) => base === null || base === pull.base)
    .toReversed()
  const body: JsonObject[] = []
  for (const pull of page(all, query)) {
    // The list tells nothing about merging, and does not make GitHub find out.
    const { lookedAt } = pull
    const {
      mergeable: _,
      mergeable_state: __,
      ...listed
    } = await pullShape(state, repository, pull)
    pull.lookedAt = lookedAt
    body.push(listed)
  }
  return { status: 200, body, headers: pageLinks(call.url, all.length) }
}

async function createPull(lab: Lab, call: Call): Promise<Answer> {
  const { state } = lab
  const repository = repositoryOf(call)
  const { git, owner } = repository
  const base = textField(call.body, 'base') ?? ''
  const head = (textField(call.body, 'head') ?? '').replace(`${owner.login}:`, '')
  const headSha = await git.resolve(`refs/heads/${head}`, 'commit')
  if ((await git.resolve(`refs/heads/${base}`, 'commit')) === null) refuse('invalid', 'base')
  if (headSha === null) refuse('invalid', 'head')
  const twin = repository.pulls.find(
    (pull) => pull.state === 'open' && pull.head === head && pull.base === base,
  )
  if (twin !== undefined) refuseCustom(`A pull request already exists for ${owner.login}:${head}.`)
  if (await git.isAncestor(`refs/heads/${head}`, `refs/heads/${base}`)) {
    refuseCustom(`No commits between ${base} and ${head}`)
  }
  const title = textField(call.body, 'title') ?? ''
  if (title.length > 256) refuseCustom('title is too long (maximum is 256 characters)')
  const body = checkedBody(textField(call.body, 'body') ?? null)
  const user = callerAccount(state, call.caller)
  const pull = await openPull(lab, repository, { head, base, title, body, user, headSha })
  return { status: 201, body: await pullShape(state, repository, pull) }
}

function checkedBody(body: string | null): string | null {
  if ((body?.length ?? 0) > 65_536) refuseCustom('body is too long (maximum is 65536 characters)')
  return body
}

async function listPullCommits({ state }: Lab, call: Call): Promise<Answer> {
  const [repository, pull] = [repositoryOf(call), pullOf(call)]
  const { git } = repository
  const base = pull.merged?.base ?? (await git.resolve(`refs/heads/${pull.base}`, 'commit'))
  // Oldest first, and no more than 250 of them.
  const ids = await git.log(pull.headSha, { limit: 250, ...(base === null ? {} : { since: base }) })
  const body: JsonObject[] = []
  for (const sha of page(ids.toReversed(), call.query)) {
    body.push(commitShape(state, repository, await git.readCommit(sha)))
  }
  return { status: 200, body, headers: pageLinks(call.url, ids.length) }
}

/** https://docs.github.com/en/rest/pulls/review-requests */
async function requestReviewers({ state }: Lab, call: Call): Promise<Answer> {
  const [repository, pull] = [repositoryOf(call), pullOf(call)]
  const { owner, name, collaborators } = repository
  const wanted = (listField(call.body, 'reviewers') ?? []).map(String)
  if (wanted.includes(pull.user.login)) {
    throw new ApiError(422, 'Review cannot be requested from pull request author.')
  }
  const accounts = wanted.flatMap((login) => {
    const found = state.accounts.get(login)
    return found !== undefined && collaborators.has(login) ? [found] : []
  })
  if (accounts.length < wanted.length) {
    const text =
      'Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of'
    throw new ApiError(422, `${text} the ${owner.login}/${name} repository.`)
  }
  pull.reviewers.push(...accounts.filter((account) => !pull.reviewers.includes(account)))
  return { status: 201, body: await simplePull(call, state, pull) }
}

async function simplePull(call: Call, state: Lab['state'], pull: PullRecord): Promise<JsonObject> {
  return await pullShape(state, repositoryOf(call), pull)
}

async function updatePull(lab: Lab, call: Call): Promise<Answer> {
  const { state } = lab
  const [repository, pull] = [repositoryOf(call), pullOf(call)]
  const { title, body, base } = pull
  pull.title = textField(call.body, 'title') ?? title
  pull.body = checkedBody(textField(call.body, 'body') ?? body)
  pull.base = textField(call.body, 'base') ?? base
  const by = callerAccount(state, call.caller)
  const wanted = textField(call.body, 'state')
  if (wanted === 'closed') await closePull(lab, repository, pull, by)
  if (wanted === 'open' && pull.state === 'closed') await reopenPull(lab, repository, pull, by)
  pull.updatedAt = state.now()
  return { status: 200, body: await pullShape(state, repository, pull) }
}

async function mergePull(lab: Lab, call: Call): Promise<Answer> {
  const [repository, pull] = [repositoryOf(call), pullOf(call)]
  const method = textField(call.body, 'merge_method') ?? 'merge'
  const { git } = repository
  return await repository.exclusively(async () => {
    const ours = await git.resolve(`refs/heads/${pull.base}`, 'commit')
    const theirs = pull.headSha
    if (pull.state !== 'open' || ours === null) {
      throw new ApiError(405, 'Pull Request is not mergeable')
    }
    // As in a repository whose settings allow merge commits and squashing only.
    if (method === 'rebase')
      throw new ApiError(405, 'Rebase merges are not allowed on this repository.')
    const expected = textField(call.body, 'sha')
    if (expected !== undefined && expected !== theirs) {
      throw new ApiError(409, 'Head branch was modified. Review and try the merge again.')
    }
    checkRequiredStatuses(repository, pull.base, theirs, 405)
    const sha = await mergeByHand(lab, repository, pull, {
      message: mergeMessage(repository, pull, call.body, method),
      by: callerAccount(lab.state, call.caller),
      ...(method === 'squash' ? { method } : {}),
    })
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
