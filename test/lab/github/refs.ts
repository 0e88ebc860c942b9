import { ApiError } from './api-error.ts'
import type { Lab } from './call.ts'
import { pushPayload } from './payloads.ts'
import { followBranch } from './pulls.ts'
import type { RefMove } from './payloads.ts'
import { allows, covers } from './state.ts'
import type { Account, AppRecord, RepositoryRecord } from './state.ts'

export interface Mover {
  readonly account: Account
  readonly app: AppRecord | null
}

/** Tells every App that watches the repository, as GitHub does for a push and for a call of its API alike. */
export async function announceMove(
  lab: Lab,
  repository: RepositoryRecord,
  move: RefMove,
  by: Account,
): Promise<void> {
  if (move.before === move.after) return
  const { state, deliveries } = lab
  repository.pushedAt = state.now()
  if (move.before === null) repository.previous.delete(move.name)
  else repository.previous.set(move.name, move.before)
  for (const installation of state.installations.values()) {
    const watches =
      installation.app.hook !== null &&
      covers(installation, repository) &&
      installation.suspendedAt === null &&
      installation.events.includes('push') &&
      allows(installation.permissions, 'contents', 'read')
    if (!watches) continue
    const payload = await pushPayload(state, repository, { move, by, installation })
    deliveries.send({
      app: installation.app,
      event: 'push',
      payload,
      installationId: installation.id,
      repositoryId: repository.id,
    })
  }
  await followBranch(lab, repository, move, by)
}

const refusals = {
  pull_request: 'Changes must be made through a pull request.',
  required_status_checks: 'Required status checks are expected.',
  required_signatures: 'Commits must have verified signatures.',
  update: 'Cannot update this protected ref.',
  non_fast_forward: 'Cannot force-push to this branch',
  deletion: 'Cannot delete this branch',
}

/** Throws what GitHub answers when a ruleset or the older branch protection forbids the move. */
export function checkRules(
  repository: RepositoryRecord,
  name: string,
  { app }: Mover,
  kind: 'update' | 'forced' | 'deletion',
): void {
  const broken = repository.rules
    .filter((rule) => `refs/heads/${rule.branch}` === name)
    .filter((rule) => app === null || !rule.bypass.includes(app.id))
    // What the API commits is signed, so this rule is kept.
    .filter(({ type }) => type !== 'required_signatures')
    .filter(({ type }) => type !== 'non_fast_forward' || kind === 'forced')
    .filter(({ type }) => type !== 'deletion' || kind === 'deletion')
  if (broken.length === 0) return
  if (broken.every((rule) => rule.of === 'protection')) {
    throw new ApiError(422, broken.map(({ type }) => refusals[type]).join(' '))
  }
  const reasons = broken.map(({ type }) => `${refusals[type]}\n\n`).join('')
  throw new ApiError(422, `Repository rule violations found\n\n${reasons}`)
}

/** Throws where a rule wants a status or check run on the commit that is not green. */
export function checkRequiredStatuses(
  { rules, statuses, checkRuns }: RepositoryRecord,
  branch: string,
  sha: string,
  status: 405 | 422,
): void {
  const wanted = rules
    .filter((rule) => rule.branch === branch && rule.type === 'required_status_checks')
    .flatMap(({ contexts }) => contexts ?? [])
  const missing = wanted.find((context) => {
    const told = statuses.findLast((one) => one.sha === sha && one.context === context)
    const run = checkRuns.findLast((one) => one.sha === sha && one.fields['name'] === context)
    return told?.state !== 'success' && run?.fields['conclusion'] !== 'success'
  })
  if (missing === undefined) return
  const reason = `Required status check "${missing}" is expected.`
  throw new ApiError(status, `Repository rule violations found\n\n${reason}\n\n`)
}
