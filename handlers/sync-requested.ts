import type { HeldImage, SyncAnswer } from '../src/domain/answer.ts'
import type { SyncRequested } from '../src/domain/event.ts'
import type { Context, Handled } from './context.ts'
import { imagePublished } from './image-published.ts'
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
  const event = { kind: 'image-published', repositories: 'all' } as const
  const { answer, next } = await imagePublished(ctx, event, signal)
  if (next === 'again') {
    return { answer: { ...answer, deployments: [] }, followUps: [], next }
  }
  const proposed = await propose(ctx, signal)
  const commits = [...answer.commits, ...proposed.commits]
  const held = [...answer.held, ...proposed.held]
  const asked = stack === null ? 'by-event' : 'by-person'
  const deployed = await deployRevision(ctx, { stack, asked, removals }, signal)
  const reverted = await revertFailed(ctx, deployed.followUps, signal)
  const { revision } = deployed.answer
  return {
    answer: {
      ...deployed.answer,
      deployments: sinceAsked(ctx, deployed.answer.deployments, askedAt),
      revision: reverted.commits.at(-1) ?? revision,
      commits: [...commits, ...reverted.commits],
      held: [...held, ...reverted.held],
    },
    followUps: [...reverted.followUps, ...reverted.left, ...proposed.followUps],
    next: 'done',
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
  return { commits, held, followUps: raised, left }
}

/** Before anything is committed for somebody who mistyped. */
async function refuseUnknown(ctx: Context, stack: string, signal: AbortSignal): Promise<void> {
  const revision = await ctx.source.head(signal)
  namedStacks(await viewRepository(ctx, revision, signal), stack)
}
