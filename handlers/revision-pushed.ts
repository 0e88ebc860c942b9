import type { DeployAnswer } from '../src/domain/answer/sync.ts'
import type { Departure } from '../src/domain/deploy/departure.ts'
import type { Event, RevisionPushed } from '../src/domain/event.ts'
import type { Revision } from '../src/domain/revision.ts'
import type { Asked, Turn } from '../src/domain/turn.ts'
import type { Passage } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import type { StackResult } from './stack-result.ts'
import { cleanImages } from './steps/clean-images.ts'
import { deployInOrder, type Pass, type Passed } from './steps/deploy-in-order.ts'
import { namedStacks } from './steps/named-stacks.ts'
import { removeVanished, type Vanishing } from './steps/remove-vanished.ts'
import { asFollowUps, eventsOf, hostEvents, type Arrival } from './steps/tell-results.ts'
import { viewRepository } from './steps/view-repository.ts'

/** Brings this host's stacks to the branch head and tells what became of them. */
export async function revisionPushed(
  ctx: Context,
  _event: RevisionPushed,
  signal: AbortSignal,
): Promise<Handled<DeployAnswer>> {
  return deployRevision(ctx, { stack: null, kind: 'pass', asked: 'by-event' }, signal)
}

export interface DeployRequest {
  /** One, several, or null for all of them. */
  readonly stack: string | readonly string[] | null
  /** What it is to those who have work at the same stacks; default `request`. */
  readonly kind?: Turn['kind']
  readonly asked: Asked
  /** How containers were seen to go; none by default. */
  readonly departures?: readonly Departure[]
  /** Whether a person said that all stacks which left the repository are meant to go; default `guarded`. */
  readonly removals?: Vanishing['removals']
  /** What was looked at already; default the branch head, which is looked at now. */
  readonly looked?: { readonly look: number; readonly seen: Revision }
}

export interface Deployed extends Handled<DeployAnswer> {
  /** What was seen of stacks that somebody worked at since: they have to be looked at anew. */
  readonly outdated: readonly (readonly Departure[])[]
}

/** The same for one stack or all of them, asked for by an event or a person. */
export async function deployRevision(
  ctx: Context,
  request: DeployRequest,
  signal: AbortSignal,
): Promise<Deployed> {
  const { stack, kind = 'request', removals = 'guarded' } = request
  const around = await lookAround(ctx, request, signal)
  // Who waits for the answer undoes what failed before it is given; anybody else must not wait for the slowest stack.
  const onResult = (result: StackResult) => {
    if (kind === 'request') return
    const events = eventsOf(ctx, around, [result])
    if (events.length > 0) ctx.raise(asFollowUps(events))
    ctx.views.tell(result.deployment.stack, around.view.revision.commit)
  }
  const named = namedStacks(around.view, stack)
  const passed = await deployInOrder(ctx, around.view, named, { ...around, onResult }, signal)
  const vanished = stack === null ? await afterAll(ctx, { ...around, removals }, signal) : []
  const freed = freedBy(vanished, passed)
  const outdated = passed.flatMap(({ passage }) => {
    return passage.outcome === 'outdated' ? [passage.departures] : []
  })
  const ended = { ...around, stack, passed, vanished }
  if (kind !== 'request') return { ...toldOf(ctx, { ...ended, freed }), outdated }
  const isOpen = (one: Passed) => resultOf(one.passage).length === 0 || freed.includes(one.stack)
  const closed = passed.filter((one) => !isOpen(one))
  const handled = toldOf(ctx, { ...ended, passed: closed, freed: [] })
  const left = passed.filter(isOpen)
  if (left.length === 0) return { ...handled, outdated }
  // Somebody who looked later worked at them, or what they waited for is gone by now, and whoever waits wants to know
  // what came of it.
  const { looked: _, ...asked } = request
  const again = { ...asked, stack: left.map((one) => one.stack) }
  return joined(handled, await deployRevision(ctx, again, signal))
}

type Around = Arrival & Omit<Pass, 'onResult'>

async function lookAround(
  ctx: Context,
  { stack, kind = 'request', asked, departures = [], looked }: DeployRequest,
  signal: AbortSignal,
): Promise<Around> {
  const scope = stack === null ? 'host' : 'stack'
  const { look, seen: revision } =
    looked ?? (await ctx.lanes.look(scope, () => ctx.source.head(signal), signal))
  const [view, observed] = await Promise.all([
    viewRepository(ctx, revision, signal),
    ctx.engine.observe(signal),
  ])
  const arrived = ctx.history.reached() !== revision.commit
  return { view, arrived, look, kind, asked, departures, observed }
}

/** What is left of stacks that are gone, and of images. */
async function afterAll(
  ctx: Context,
  around: Around & Pick<Vanishing, 'removals'>,
  signal: AbortSignal,
): Promise<readonly StackResult[]> {
  await cleanImages(ctx, signal)
  return removeVanished(ctx, around.view, around, signal)
}

/** Stacks that were left as they are and may come up now, for what is gone may have had a port or a name that they need. */
function freedBy(vanished: readonly StackResult[], passed: readonly Passed[]): readonly string[] {
  if (!vanished.some(({ deployment }) => deployment.outcome === 'succeeded')) return []
  return passed.flatMap(({ stack, passage }) => {
    const isWaiting = resultOf(passage).some(({ deployment }) => {
      return deployment.outcome === 'held' && deployment.hold === undefined
    })
    return isWaiting ? [stack] : []
  })
}

interface Ended extends Around {
  /** Stacks that nobody looks at again in this pass. */
  readonly freed: readonly string[]
  readonly stack: DeployRequest['stack']
  readonly passed: readonly Passed[]
  readonly vanished: readonly StackResult[]
}

function toldOf(ctx: Context, ended: Ended): Handled<DeployAnswer> {
  const { view, look, arrived, kind, stack, passed, vanished, freed } = ended
  const { commit } = view.revision
  const results = [...vanished, ...passed.flatMap(({ passage }) => resultOf(passage))]
  const isWhole = stack === null
  // A pass that a newer one came after brings the host nowhere, and knows less of it than what is remembered.
  const isNewest = !isWhole || ctx.lanes.isNewest(look)
  // Passes that lie beside each other say of a host once that it was brought there.
  const isArrival = arrived && isWhole && !ctx.views.wasTold(null, commit)
  if (isArrival) ctx.views.tell(null, commit)
  const isNews = isArrival || results.some(({ news }) => news === 'news')
  const events: readonly Event[] = [
    ...(isNews ? hostEvents(ctx, view, isNewest ? results : []) : []),
    ...eventsOf(ctx, ended, kind === 'request' ? results : vanished),
    // One stack alone brings the host nowhere: the others may wait for what came with the commit.
    ...(arrived && isWhole && isNewest ? [{ kind: 'commit-reached', commit } as const] : []),
    // The next poll is far, and until then neither of them runs.
    ...(freed.length > 0 ? [{ kind: 'revision-pushed' } as const] : []),
  ]
  const deployments = results
    .map(({ deployment }) => deployment)
    .toSorted((a, b) => (a.stack < b.stack ? -1 : 1))
  return { answer: { revision: commit, deployments }, followUps: asFollowUps(events), next: 'done' }
}

/** What somebody else told is no news. */
function resultOf(passage: Passage<StackResult>): readonly StackResult[] {
  if (passage.outcome === 'done') return [passage.result]
  if (passage.outcome !== 'shared') return []
  return [{ ...passage.result, news: 'known' }]
}

function joined(first: Handled<DeployAnswer>, then: Deployed): Deployed {
  const deployments = [...first.answer.deployments, ...then.answer.deployments]
  return {
    ...then,
    answer: {
      ...then.answer,
      deployments: deployments.toSorted((a, b) => (a.stack < b.stack ? -1 : 1)),
    },
    followUps: [...first.followUps, ...then.followUps],
  }
}
