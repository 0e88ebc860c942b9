import type { Json, JsonObject } from './json.ts'
import { isoSeconds } from './iso-time.ts'
import type { CommitObject, Person } from './git-objects.ts'
import { installationShape, nodeId, repositoryShape, userShape } from './shapes.ts'
import type { Account, AppRecord, InstallationRecord, RepositoryRecord, State } from './state.ts'

export interface RefMove {
  /** Full name. */
  readonly name: string
  readonly before: string | null
  readonly after: string | null
}

const zeros = '0'.repeat(40)
const maxCommits = 2048
const maxFiles = 3000

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
export async function pushPayload(
  state: State,
  repository: RepositoryRecord,
  { move, by, installation }: { move: RefMove; by: Account; installation: InstallationRecord },
): Promise<JsonObject> {
  const { before, after } = move
  const commits = await pushedCommits(state, repository, move)
  const forced =
    before !== null && after !== null && !(await repository.git.isAncestor(before, after))
  const head = after === null ? null : await pushedCommit(state, repository, after)
  const base = `${state.url}/${repository.owner.login}/${repository.name}`
  return {
    ref: move.name,
    before: before ?? zeros,
    after: after ?? zeros,
    repository: {
      ...repositoryShape(state, repository),
      created_at: Math.floor(repository.createdAt / 1000),
      pushed_at: Math.floor(repository.pushedAt / 1000),
      stargazers: 0,
      master_branch: repository.defaultBranch,
    },
    pusher: { name: by.login, email: null },
    sender: userShape(state, by),
    installation: { id: installation.id, node_id: nodeId('Installation', installation.id) },
    created: before === null,
    deleted: after === null,
    forced,
    base_ref: null,
    compare: `${base}/compare/${(before ?? zeros).slice(0, 12)}...${(after ?? zeros).slice(0, 12)}`,
    commits,
    head_commit: head,
  }
}

async function pushedCommits(
  state: State,
  repository: RepositoryRecord,
  { before, after }: RefMove,
): Promise<readonly Json[]> {
  if (after === null || before === null) return []
  const ids = await repository.git.log(after, { limit: maxCommits, since: before })
  const commits: Json[] = []
  for (const id of ids.toReversed()) commits.push(await pushedCommit(state, repository, id))
  return commits
}

async function pushedCommit(
  state: State,
  repository: RepositoryRecord,
  sha: string,
): Promise<JsonObject> {
  const commit = await repository.git.readCommit(sha)
  const files = await changedFiles(repository, commit)
  return {
    id: sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${state.url}/${repository.owner.login}/${repository.name}/commit/${sha}`,
    author: brief(commit.author),
    committer: brief(commit.committer),
    added: files('A'),
    removed: files('D'),
    modified: files('M'),
  }
}

function brief({ name, email }: Person): JsonObject {
  return { name, email }
}

async function changedFiles(
  { git }: RepositoryRecord,
  { sha, parents }: CommitObject,
): Promise<(status: string) => readonly string[]> {
  const [parent] = parents
  const changed = parent === undefined ? [] : await git.changes(parent, sha)
  return (status) =>
    changed
      .filter((change) => change.status === status)
      .map(({ path }) => path)
      .slice(0, maxFiles)
}

// ---------------------------------------------------------------- App events

export function pingPayload(state: State, app: AppRecord): JsonObject {
  return {
    zen: 'Keep it logically awesome.',
    hook_id: app.hookId,
    hook: {
      type: 'App',
      id: app.hookId,
      name: 'web',
      active: true,
      events: app.events,
      config: {
        content_type: 'json',
        insecure_ssl: '0',
        secret: '********',
        url: app.hook?.url ?? '',
      },
      updated_at: isoSeconds(state.now()),
      created_at: isoSeconds(app.createdAt),
      app_id: app.id,
      deliveries_url: `${state.url}/app/hook/deliveries`,
    },
  }
}

export type InstallationAction =
  | 'created'
  | 'deleted'
  | 'suspend'
  | 'unsuspend'
  | 'new_permissions_accepted'

export function installationPayload(
  state: State,
  installation: InstallationRecord,
  action: InstallationAction,
  repositories: readonly RepositoryRecord[],
): JsonObject {
  return {
    action,
    installation: installationShape(state, installation),
    sender: userShape(state, state.person),
    ...(action === 'created' || action === 'deleted'
      ? { repositories: repositories.map(briefRepository) }
      : {}),
    ...(action === 'created' ? { requester: null } : {}),
  }
}

export function installationRepositoriesPayload(
  state: State,
  installation: InstallationRecord,
  { added, removed }: { added: readonly RepositoryRecord[]; removed: readonly RepositoryRecord[] },
): JsonObject {
  return {
    action: added.length > 0 ? 'added' : 'removed',
    installation: installationShape(state, installation),
    repository_selection: installation.repositories === 'all' ? 'all' : 'selected',
    repositories_added: added.map(briefRepository),
    repositories_removed: removed.map(briefRepository),
    requester: null,
    sender: userShape(state, state.person),
  }
}

function briefRepository({ id, owner, name, visibility }: RepositoryRecord): JsonObject {
  return {
    id,
    node_id: nodeId('Repository', id),
    name,
    full_name: `${owner.login}/${name}`,
    private: visibility === 'private',
  }
}
