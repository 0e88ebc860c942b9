import type { HeldImage } from '../src/domain/answer/check.ts'
import type { SyncAnswer, UpdateAnswer } from '../src/domain/answer/sync.ts'
import type { SyncRequested } from '../src/domain/event.ts'
import type { Revision } from '../src/domain/revision.ts'
import type { Context, Handled } from './context.ts'
import { updateImages } from './image-published.ts'
import { lookAtProposals } from './proposals-due.ts'
import { deployRevision } from './revision-pushed.ts'
import { namedStacks } from './steps/named-stacks.ts'
import { sinceAsked } from './steps/since-asked.ts'
import { viewRepository } from './steps/view-repository.ts'
import { updateFailed } from './update-failed.ts'

/** One whole pass for somebody who waits for its answer: check, commit, deploy, prove. */
export async function syncRequested(
  ctx: Context,
  { stack, removals = 'guarded', askedAt = Infinity }: SyncRequested,
  signal: AbortSignal,
): Promise<Handled<SyncAnswer>> {
  if (stack !== null) await refuseUnknown(ctx, stack, signal)
  const scope = stack === null ? 'host' : 'stack'
  // Nobody else looks before it did, or the answer would not tell of what follows from the commits.
  const { look, seen } = await ctx.lanes.look(scope, () => commitAll(ctx, signal), signal)
  const { commits, held, followUps } = seen
  if (seen.revision === null) {
    return { answer: { ...seen.answer, commits, held, deployments: [] }, followUps, next: 'again' }
  }
  const asked = stack === null ? 'by-event' : 'by-person'
  const looked = { look, seen: seen.revision }
  const request = { stack, kind: 'request', asked, removals, looked } as const
  const deployed = await deployRevision(ctx, request, signal)
  const reverted = await revertFailed(ctx, deployed.followUps, signal)
  const { revision } = deployed.answer
  const beside = reverted.tried && reverted.commits.length === 0
  const ours = beside ? await oursSince(ctx, revision, signal) : reverted.commits
  return {
    answer: {
      ...deployed.answer,
      deployments: sinceAsked(ctx, deployed.answer.deployments, askedAt),
      revision: ours.at(-1) ?? revision,
      commits: [...commits, ...ours],
      held: [...held, ...reverted.held],
    },
    followUps: [...reverted.followUps, ...reverted.left, ...followUps],
    next: 'done',
  }
}

interface CommittedAll {
  readonly answer: UpdateAnswer
  readonly commits: readonly string[]
  readonly held: readonly HeldImage[]
  readonly followUps: FollowUps
  /** What the branch points at then; null where it moved meanwhile. */
  readonly revision: Revision | null
}

/** All that is to be written into git before it is deployed. */
async function commitAll(ctx: Context, signal: AbortSignal): Promise<CommittedAll> {
  const event = { kind: 'image-published', repositories: 'all' } as const
  const { answer, next } = await updateImages(ctx, event, {}, signal)
  const { commits, held } = answer
  if (next === 'again') return { answer, commits, held, followUps: [], revision: null }
  const proposed = await propose(ctx, signal)
  return {
    answer,
    commits: [...commits, ...proposed.commits],
    held: [...held, ...proposed.held],
    followUps: proposed.followUps,
    revision: await ctx.source.head(signal),
  }
}

type FollowUps = Handled['followUps']

/** Before the deployment, so that what is merged now is deployed now. What GitHub had no time for is left to the inbox. */
async function propose(ctx: Context, signal: AbortSignal) {
  const all = { repositories: 'all', branches: [] } as const
  const { answer, failure } = await lookAtProposals(ctx, all, signal)
  const later = { event: { kind: 'proposals-due', ...all }, origin: { source: 'own' } } as const
  return { ...answer, followUps: failure === null ? [] : [later] }
}

/** What git still wants and what failed is undone in the same pass, for its answer tells of all commits. */
async function revertFailed(ctx: Context, followUps: FollowUps, signal: AbortSignal) {
  const commits: string[] = []
  const held: HeldImage[] = []
  const raised: FollowUps[number][] = []
  const left: FollowUps[number][] = []
  for (const followUp of followUps) {
    const { event } = followUp
    if (event.kind !== 'update-failed') {
      left.push(followUp)
      continue
    }
    const { answer, followUps: more, next } = await updateFailed(ctx, event, signal)
    commits.push(...answer.commits)
    held.push(...answer.held)
    // The next version is another pass's: this one has told what it came to.
    raised.push(...more.filter((one) => one.event.kind !== 'image-published'))
    // The branch moved: whoever works off the event looks anew.
    if (next === 'again') left.push(followUp)
  }
  const tried = followUps.some(({ event }) => event.kind === 'update-failed')
  return { commits, held, followUps: raised, left, tried }
}

/** What failed may be taken back by a pass that lay beside this one, and whoever waits is told of that, too. */
async function oursSince(
  { source, ancestry, history }: Context,
  commit: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const between = await ancestry.between(commit, await source.head(signal), signal)
  const commits = (between ?? []).map(({ revision }) => revision.commit)
  return commits.filter((one) => history.isOurs(one)).toReversed()
}

/** Before anything is committed for somebody who mistyped. */
async function refuseUnknown(ctx: Context, stack: string, signal: AbortSignal): Promise<void> {
  const revision = await ctx.source.head(signal)
  namedStacks(await viewRepository(ctx, revision, signal), stack)
}
