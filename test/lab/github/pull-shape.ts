import type { JsonObject } from './json.ts'
import { isoSeconds } from './iso-time.ts'
import { nodeId, repositoryShape, repositoryUrl, userShape } from './shapes.ts'
import type { PullRecord, RepositoryRecord, State } from './state.ts'

/** Fits `pull-request` and `pull-request-simple` alike. */
export async function pullShape(
  state: State,
  repository: RepositoryRecord,
  pull: PullRecord,
): Promise<JsonObject> {
  const url = `${repositoryUrl(state, repository)}/pulls/${pull.number}`
  const issue = url.replace('/pulls/', '/issues/')
  const html = `${state.url}/${repository.owner.login}/${repository.name}/pull/${pull.number}`
  const tip = await repository.git.resolve(`refs/heads/${pull.base}`, 'commit')
  const head = endShape(state, repository, { ...pull, branch: pull.head, sha: pull.headSha })
  const base = endShape(state, repository, { fork: null, branch: pull.base, sha: tip })
  const merging = await mergeability(repository, pull, tip)
  const statuses = `${repositoryUrl(state, repository)}/statuses/${pull.headSha}`
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
    labels: pull.labels.map((name) => labelShape(state, repository, name)),
    milestone: null,
    created_at: isoSeconds(pull.createdAt),
    updated_at: isoSeconds(pull.updatedAt),
    closed_at: pull.closedAt === null ? null : isoSeconds(pull.closedAt),
    merged_at: pull.merged === null ? null : isoSeconds(pull.merged.at),
    merge_commit_sha: pull.merged?.sha ?? null,
    assignee: null,
    assignees: [],
    requested_reviewers: pull.reviewers.map((reviewer) => userShape(state, reviewer)),
    requested_teams: [],
    active_lock_reason: null,
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
    ...merging,
    merged_by: pull.merged === null ? null : userShape(state, pull.merged.by),
    comments: pull.comments.length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: 1,
    additions: 1,
    deletions: 1,
    changed_files: 1,
  }
}

export function labelShape(state: State, repository: RepositoryRecord, name: string): JsonObject {
  return {
    id: 1,
    node_id: nodeId('Label', name),
    url: `${repositoryUrl(state, repository)}/labels/${encodeURIComponent(name)}`,
    name,
    description: '',
    color: 'ededed',
    default: false,
  }
}

/** GitHub finds out in the background: whoever looks first after a change is told that it is not known. */
async function mergeability(
  { git }: RepositoryRecord,
  pull: PullRecord,
  base: string | null,
): Promise<{ readonly mergeable: boolean | null; readonly mergeable_state: string }> {
  if (pull.state === 'closed' || base === null)
    return { mergeable: null, mergeable_state: 'unknown' }
  const look = `${base} ${pull.headSha}`
  if (pull.lookedAt !== look) {
    pull.lookedAt = look
    return { mergeable: null, mergeable_state: 'unknown' }
  }
  const merges = (await git.mergeTree(base, pull.headSha)) !== null
  return { mergeable: merges, mergeable_state: merges ? 'clean' : 'dirty' }
}

interface End {
  readonly fork: PullRecord['fork']
  readonly branch: string
  readonly sha: string | null
}

function endShape(
  state: State,
  repository: RepositoryRecord,
  { fork, branch, sha }: End,
): JsonObject {
  const owner = fork ?? repository.owner
  // A fork is a repository of its own, with an id of its own.
  const home =
    fork === null ? repository : { ...repository, owner: fork, id: repository.id + 500_000 }
  return {
    label: `${owner.login}:${branch}`,
    ref: branch,
    sha: sha ?? '0'.repeat(40),
    user: userShape(state, owner),
    repo: { ...repositoryShape(state, home), fork: fork !== null },
  }
}
