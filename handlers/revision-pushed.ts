import type { DeployAnswer } from '../src/domain/answer.ts'
import type { Departure } from '../src/domain/deploy/drift.ts'
import type { Deployment, ObservedState } from '../src/domain/deployment.ts'
import { MagosError } from '../src/domain/error.ts'
import type { Event, Origin, RevisionPushed, UpdateFailed } from '../src/domain/event.ts'
import type { RefusedStack } from '../src/domain/stack.ts'
import type { Revision } from '../src/domain/revision.ts'
import type { FailedState } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import { cleanImages } from './steps/clean-images.ts'
import { deployInOrder, STACKS_AT_ONCE } from './steps/deploy-in-order.ts'
import type { Asked } from './steps/deploy-stack.ts'
import { inParallel } from './steps/in-parallel.ts'
import { keepRefused } from './steps/keep-refused.ts'
import { latestTrouble } from './steps/latest-failure.ts'
import { namedStacks } from './steps/named-stacks.ts'
import { deploymentReport, hostReport, stackReport } from './steps/report-stacks.ts'
import type { StackResult } from './steps/stack-result.ts'
import { removeVanished, type Vanishing } from './steps/remove-vanished.ts'
import { viewRepository } from './steps/view-repository.ts'
import type { RepositoryView } from './views.ts'

/** Brings this host's stacks to the branch head and tells what became of them. */
export async function revisionPushed(
  ctx: Context,
  _event: RevisionPushed,
  signal: AbortSignal,
): Promise<Handled<DeployAnswer>> {
  return deployRevision(ctx, { stack: null, asked: 'by-event' }, signal)
}

export interface DeployRequest {
  /** One, several, or null for all of them. */
  readonly stack: string | readonly string[] | null
  readonly asked: Asked
  /** How containers were seen to go; none by default. */
  readonly departures?: readonly Departure[]
  /** Whether a person said that all stacks which left the repository are meant to go; default `guarded`. */
  readonly removals?: Vanishing['removals']
  /** Default: the branch head. */
  readonly revision?: Revision
}

/** The same for one stack or all of them, asked for by an event or a person. */
export async function deployRevision(
  ctx: Context,
  { stack, asked, departures = [], removals = 'guarded', revision: known }: DeployRequest,
  signal: AbortSignal,
): Promise<Handled<DeployAnswer>> {
  const revision = known ?? (await ctx.source.head(signal))
  const [view, observed] = await Promise.all([
    viewRepository(ctx, revision, signal),
    ctx.engine.observe(signal),
  ])
  const arrived = ctx.history.reached() !== revision.commit
  const results = await deployStacks(
    ctx,
    view,
    observed,
    { stack, asked, departures, removals },
    signal,
  )
  const deployments = results.map(({ deployment }) => deployment)
  const others = stack === null ? [] : othersAsRemembered(ctx, view, [stack].flat())
  const news = results.filter((result) => result.news === 'news')
  const isTold = news.length > 0 || (arrived && stack === null)
  const reports =
    ctx.reports === null || !isTold
      ? []
      : [
          hostReport(ctx, revision, [...deployments, ...others]),
          ...news.map(({ deployment }) => stackReport(ctx, revision, deployment)),
          ...news.flatMap(({ deployment }) => {
            return deploymentReport(ctx, revision, deployment, arrived ? 'arrived' : 'again')
          }),
        ]
  // One stack alone brings the host nowhere: the others may wait for what came with the commit.
  const reached: readonly Event[] =
    arrived && stack === null ? [{ kind: 'commit-reached', commit: revision.commit }] : []
  const due = reports.map((report): Event => ({ kind: 'report-due', report }))
  const failures = results.flatMap(({ failure }) => (failure ? [updateFailed(ctx, failure)] : []))
  return {
    answer: { revision: revision.commit, deployments },
    followUps: [...failures, ...due, ...reached].map(followUp),
    next: 'done',
  }
}

/** Raised by every pass, until git wants another state: nobody has to remember whether it was worked off. */
function updateFailed(
  { history }: Context,
  { stack, commit, reason, words }: FailedState,
): UpdateFailed {
  const proven = history.proven(stack)?.commit ?? null
  return { kind: 'update-failed', stack, commit, proven, reason, words }
}

interface Pass {
  readonly stack: string | readonly string[] | null
  readonly asked: Asked
  readonly departures: readonly Departure[]
  readonly removals: Vanishing['removals']
}

async function deployStacks(
  ctx: Context,
  view: RepositoryView,
  observed: ObservedState,
  { stack, asked, departures, removals }: Pass,
  signal: AbortSignal,
): Promise<StackResult[]> {
  const { due, refused } = namedStacks(view, stack)
  const told = [...new Map(refused.map((one) => [one.stack, one])).values()]
  const kept = await inParallel(STACKS_AT_ONCE, told, (one) =>
    keepRefused(ctx, view, { ...refusedStack(ctx, one), observed, departures }, signal),
  )
  const deployed = await deployInOrder(ctx, view, due, { observed, asked, departures }, signal)
  if (stack === null) await cleanImages(ctx, signal)
  const vanished =
    stack === null ? await removeVanished(ctx, view, { observed, removals }, signal) : []
  return [...vanished, ...kept, ...deployed].toSorted((a, b) =>
    a.deployment.stack < b.deployment.stack ? -1 : 1,
  )
}

/** What the repository itself has against a stack, as a fault of that stack. */
function refusedStack({ log }: Context, refused: RefusedStack) {
  const { stack, reason, remedy, file, line, column } = refused
  const place = {
    file,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }
  log.error({ stack, ...place, remedy }, `Stack refused: ${reason}`)
  return { stack, fault: new MagosError('stack', reason, { remedy, place }) }
}

/** What became of the stacks that this pass left out, so that the host's status is about all of them. */
function othersAsRemembered(
  { history }: Context,
  { stacks, refused }: RepositoryView,
  left: readonly string[],
): readonly Pick<Deployment, 'outcome'>[] {
  const known = stacks
    .filter(({ name }) => !left.includes(name))
    .map(({ name }): Pick<Deployment, 'outcome'> => {
      const trouble = latestTrouble(history, name)
      if (trouble !== null) return trouble
      return { outcome: history.proven(name) === null ? 'held' : 'unchanged' }
    })
  const others = new Set(refused.map(({ stack }) => stack).filter((stack) => !left.includes(stack)))
  return [...known, ...[...others].map(() => ({ outcome: 'failed' }) as const)]
}

function followUp(event: Event): { readonly event: Event; readonly origin: Origin } {
  return { event, origin: { source: 'own' } }
}
