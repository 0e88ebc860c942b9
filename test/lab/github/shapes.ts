import type { Json, JsonObject } from './json.ts'
import { isoSeconds } from './iso-time.ts'
import type { CommitObject } from './git-objects.ts'
import type { Account, AppRecord, InstallationRecord, RepositoryRecord, State } from './state.ts'

/** GitHub's JSON of what the lab holds, whole enough for GitHub's own schemas. */

export function nodeId(kind: string, id: number | string): string {
  return Buffer.from(`${kind}:${id}`).toString('base64url')
}

export function userShape(state: State, { id, login, type }: Account): JsonObject {
  const url = `${state.url}/users/${encodeURIComponent(login)}`
  return {
    login,
    id,
    node_id: nodeId('User', id),
    avatar_url: `${state.url}/avatars/u/${id}`,
    gravatar_id: '',
    url,
    html_url: `${state.url}/${encodeURIComponent(login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: false,
  }
}

export function repositoryUrl(state: State, { owner, name }: RepositoryRecord): string {
  return `${state.url}/repos/${owner.login}/${name}`
}

/** Fits `minimal-repository`, `repository` and `full-repository` alike. */
export function repositoryShape(state: State, repository: RepositoryRecord): JsonObject {
  const { id, owner, name, visibility } = repository
  const fullName = `${owner.login}/${name}`
  return {
    id,
    node_id: nodeId('Repository', id),
    name,
    full_name: fullName,
    private: visibility === 'private',
    owner: userShape(state, owner),
    html_url: `${state.url}/${fullName}`,
    description: null,
    fork: false,
    ...repositoryLinks(repositoryUrl(state, repository)),
    git_url: `git://127.0.0.1/${fullName}.git`,
    ssh_url: `git@127.0.0.1:${fullName}.git`,
    clone_url: `${state.url}/${fullName}.git`,
    svn_url: `${state.url}/${fullName}`,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    ...repositoryCounts,
    default_branch: repository.defaultBranch,
    archived: repository.archived,
    disabled: false,
    visibility,
    created_at: isoSeconds(repository.createdAt),
    updated_at: isoSeconds(repository.pushedAt),
    pushed_at: isoSeconds(repository.pushedAt),
  }
}

const repositoryCounts = {
  forks_count: 0,
  forks: 0,
  stargazers_count: 0,
  watchers_count: 0,
  watchers: 0,
  size: 0,
  open_issues_count: 0,
  open_issues: 0,
  subscribers_count: 0,
  network_count: 0,
  has_issues: true,
  has_projects: true,
  has_wiki: false,
  has_pages: false,
  has_downloads: true,
  has_discussions: false,
  topics: [],
}

function repositoryLinks(url: string): JsonObject {
  const plain = [
    'contributors',
    'deployments',
    'downloads',
    'events',
    'forks',
    'hooks',
    'languages',
  ]
  const more = ['merges', 'stargazers', 'subscribers', 'subscription', 'tags', 'teams']
  const templates: Readonly<Record<string, string>> = {
    archive: '/{archive_format}{/ref}',
    assignees: '/assignees{/user}',
    blobs: '/git/blobs{/sha}',
    branches: '/branches{/branch}',
    collaborators: '/collaborators{/collaborator}',
    comments: '/comments{/number}',
    commits: '/commits{/sha}',
    compare: '/compare/{base}...{head}',
    contents: '/contents/{+path}',
    git_commits: '/git/commits{/sha}',
    git_refs: '/git/refs{/sha}',
    git_tags: '/git/tags{/sha}',
    issue_comment: '/issues/comments{/number}',
    issue_events: '/issues/events{/number}',
    issues: '/issues{/number}',
    keys: '/keys{/key_id}',
    labels: '/labels{/name}',
    milestones: '/milestones{/number}',
    notifications: '/notifications{?since,all,participating}',
    pulls: '/pulls{/number}',
    releases: '/releases{/id}',
    statuses: '/statuses/{sha}',
    trees: '/git/trees{/sha}',
  }
  return {
    url,
    ...Object.fromEntries([...plain, ...more].map((name) => [`${name}_url`, `${url}/${name}`])),
    ...Object.fromEntries(
      Object.entries(templates).map(([name, tail]) => [`${name}_url`, `${url}${tail}`]),
    ),
  }
}

export function appShape(state: State, app: AppRecord): JsonObject {
  return {
    id: app.id,
    slug: app.slug,
    client_id: app.clientId,
    node_id: nodeId('Integration', app.id),
    owner: userShape(state, app.owner),
    name: app.slug,
    description: null,
    external_url: 'https://example.org/',
    html_url: `${state.url}/apps/${app.slug}`,
    created_at: isoSeconds(app.createdAt),
    updated_at: isoSeconds(app.createdAt),
    permissions: { ...app.permissions },
    events: app.events,
  }
}

export function installationShape(state: State, installation: InstallationRecord): JsonObject {
  const { id, app, account, suspendedAt } = installation
  return {
    id,
    account: userShape(state, account),
    repository_selection: installation.repositories === 'all' ? 'all' : 'selected',
    access_tokens_url: `${state.url}/app/installations/${id}/access_tokens`,
    repositories_url: `${state.url}/installation/repositories`,
    html_url: `${state.url}/settings/installations/${id}`,
    app_id: app.id,
    app_slug: app.slug,
    client_id: app.clientId,
    target_id: account.id,
    target_type: account.type,
    permissions: { ...installation.permissions },
    events: installation.events,
    created_at: isoSeconds(installation.createdAt),
    updated_at: isoSeconds(installation.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: suspendedAt === null ? null : userShape(state, account),
    suspended_at: suspendedAt === null ? null : isoSeconds(suspendedAt),
  }
}

/** `git-commit`, the answer of the Git Data API. */
export function gitCommitShape(
  state: State,
  repository: RepositoryRecord,
  commit: CommitObject,
): JsonObject {
  const url = repositoryUrl(state, repository)
  const html = `${state.url}/${repository.owner.login}/${repository.name}`
  return {
    sha: commit.sha,
    node_id: nodeId('Commit', commit.sha),
    url: `${url}/git/commits/${commit.sha}`,
    html_url: `${html}/commit/${commit.sha}`,
    author: { ...commit.author },
    committer: { ...commit.committer },
    message: commit.message,
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/git/commits/${sha}`,
      html_url: `${html}/commit/${sha}`,
    })),
    verification: verificationShape(commit),
  }
}

/** GitHub signs what an App commits without naming an author; it shows as committed by GitHub itself. */
function verificationShape({ committer }: CommitObject): JsonObject {
  const verified = committer.email === 'noreply@github.com'
  return {
    verified,
    reason: verified ? 'valid' : 'unsigned',
    signature: verified ? '-----BEGIN PGP SIGNATURE-----' : null,
    payload: verified ? 'tree' : null,
    verified_at: verified ? committer.date : null,
  }
}

/** `commit`, the answer of `GET commits`. */
export function commitShape(
  state: State,
  repository: RepositoryRecord,
  commit: CommitObject,
): JsonObject {
  const url = repositoryUrl(state, repository)
  const author = [...state.accounts.values()].find(({ login }) => login === commit.author.name)
  const committer = [...state.accounts.values()].find(
    ({ login }) => login === commit.committer.name,
  )
  return {
    sha: commit.sha,
    node_id: nodeId('Commit', commit.sha),
    url: `${url}/commits/${commit.sha}`,
    html_url: `${state.url}/${repository.owner.login}/${repository.name}/commit/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      url: `${url}/git/commits/${commit.sha}`,
      author: { ...commit.author },
      committer: { ...commit.committer },
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      verification: verificationShape(commit),
    },
    author: author === undefined ? null : userShape(state, author),
    committer: committer === undefined ? null : userShape(state, committer),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}` })),
  }
}

export function page<T>(items: readonly T[], query: URLSearchParams): readonly T[] {
  const size = Number(query.get('per_page') ?? 30)
  const start = (Number(query.get('page') ?? 1) - 1) * size
  return items.slice(start, start + size)
}

/** `link` of a paged answer: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
export function pageLinks(url: URL, total: number): Readonly<Record<string, string>> {
  const size = Number(url.searchParams.get('per_page') ?? 30)
  const [current, last] = [Number(url.searchParams.get('page') ?? 1), Math.ceil(total / size)]
  if (current >= last) return {}
  const to = (number: number, name: string): string => {
    const target = new URL(url)
    target.searchParams.set('page', String(number))
    return `<${target.href}>; rel="${name}"`
  }
  return { link: `${to(current + 1, 'next')}, ${to(last, 'last')}` }
}

export function fromEntries(entries: readonly (readonly [string, Json | undefined])[]): JsonObject {
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  )
}
