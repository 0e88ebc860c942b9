import { ApiError } from './api-error.ts'
import type { Lab } from './call.ts'
import type { JsonObject } from './json.ts'
import type { RefMove } from './payloads.ts'
import { pullShape } from './pull-shape.ts'
import { nodeId, repositoryShape, userShape } from './shapes.ts'
import { allows, covers } from './state.ts'
import type { Account, PullRecord, RepositoryRecord } from './state.ts'

export interface NewPull {
  readonly head: string
  readonly base: string
  readonly title: string
  readonly body: string | null
  readonly user: Account
  /** Owner of the repository that the branch lies in, where that is a fork. */
  readonly fork?: Account
  readonly headSha: string
}

/** Opens a pull request and tells every App that watches. */
export async function openPull(
  lab: Lab,
  repository: RepositoryRecord,
  { fork, ...fields }: NewPull,
): Promise<PullRecord> {
  const { state } = lab
  const pull: PullRecord = {
    ...fields,
    id: state.nextId(),
    number: repository.pulls.length + 1,
    fork: fork ?? null,
    state: 'open',
    labels: [],
    reviewers: [],
    comments: [],
    lookedAt: null,
    createdAt: state.now(),
    updatedAt: state.now(),
    closedAt: null,
    merged: null,
  }
  repository.pulls.push(pull)
  await repository.git.updateRef(`refs/pull/${pull.number}/head`, null, pull.headSha)
  await announcePull(lab, repository, { pull, action: 'opened', by: pull.user })
  return pull
}

export async function closePull(
  lab: Lab,
  repository: RepositoryRecord,
  pull: PullRecord,
  by: Account,
): Promise<void> {
  if (pull.state === 'closed') return
  const now = lab.state.now()
  Object.assign(pull, { state: 'closed', closedAt: now, updatedAt: now })
  await announcePull(lab, repository, { pull, action: 'closed', by })
}

export async function reopenPull(
  lab: Lab,
  repository: RepositoryRecord,
  pull: PullRecord,
  by: Account,
): Promise<void> {
  const head = await repository.git.resolve(`refs/heads/${pull.head}`, 'commit')
  if (pull.merged !== null || head !== pull.headSha) {
    const errors = [
      {
        resource: 'PullRequest',
        code: 'invalid',
        field: 'state',
        message: 'state cannot be changed. The branch was force-pushed, recreated or deleted.',
      },
    ]
    throw new ApiError(422, 'Validation Failed', { errors })
  }
  Object.assign(pull, { state: 'open', closedAt: null, updatedAt: lab.state.now() })
  await announcePull(lab, repository, { pull, action: 'reopened', by })
}

/** A moved head branch is the pull request's new head; with its branch gone it is closed. */
export async function followBranch(
  lab: Lab,
  repository: RepositoryRecord,
  { name, before, after }: RefMove,
  by: Account,
): Promise<void> {
  for (const pull of repository.pulls) {
    const follows =
      pull.state === 'open' && pull.fork === null && `refs/heads/${pull.head}` === name
    if (!follows) continue
    if (after === null) {
      await closePull(lab, repository, pull, by)
      continue
    }
    await repository.git.updateRef(`refs/pull/${pull.number}/head`, pull.headSha, after)
    Object.assign(pull, { headSha: after, updatedAt: lab.state.now() })
    const moved = { before: before ?? '0'.repeat(40), after }
    await announcePull(lab, repository, { pull, action: 'synchronize', by, moved })
  }
}

interface Announcement {
  readonly pull: PullRecord
  readonly action: 'opened' | 'closed' | 'reopened' | 'synchronize'
  readonly by: Account
  readonly moved?: { readonly before: string; readonly after: string }
}

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request */
async function announcePull(
  { state, deliveries }: Lab,
  repository: RepositoryRecord,
  { pull, action, by, moved }: Announcement,
): Promise<void> {
  for (const installation of state.installations.values()) {
    const watches =
      installation.app.hook !== null &&
      covers(installation, repository) &&
      installation.suspendedAt === null &&
      installation.events.includes('pull_request') &&
      allows(installation.permissions, 'pull_requests', 'read')
    if (!watches) continue
    const payload: JsonObject = {
      action,
      number: pull.number,
      pull_request: await pullShape(state, repository, pull),
      repository: repositoryShape(state, repository),
      sender: userShape(state, by),
      installation: { id: installation.id, node_id: nodeId('Installation', installation.id) },
      ...moved,
    }
    deliveries.send({
      app: installation.app,
      event: 'pull_request',
      payload,
      installationId: installation.id,
      repositoryId: repository.id,
    })
  }
}
