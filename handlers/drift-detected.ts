import type { Departure } from '../src/domain/deploy/departure.ts'
import type { Deployment, ObservedState } from '../src/domain/deployment.ts'
import type { DriftDetected } from '../src/domain/event.ts'
import type { Revision } from '../src/domain/revision.ts'
import type { Standing } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import { deployRevision, type Deployed } from './revision-pushed.ts'
import { inParallel } from './steps/in-parallel.ts'
import { isOpen, latestFailure } from './steps/latest-failure.ts'
import { ruleOf } from './steps/keep-stack.ts'
import { mendNetworks, type NetworkCare, type NetworkSight } from './steps/mend-networks.ts'
import { containersOf } from './steps/resolve-stack.ts'
import { stackDrift } from './steps/stack-drift.ts'
import { viewRepository } from './steps/view-repository.ts'

/** A second apart: behind the longest graces there are, a container that is still being stopped hangs in its engine. */
const MOST_LOOKS = 120

export interface DriftAnswer {
  readonly deployments: readonly Deployment[]
}

/**
 * Looks at the host by one query, and brings back what is not as it was proven. Git is asked for nothing: what this
 * host was brought to last is on its disk, so that a stack heals while GitHub is away.
 */
export async function driftDetected(
  ctx: Context,
  { departures, looks: before = 0 }: DriftDetected,
  signal: AbortSignal,
): Promise<Handled<DriftAnswer>> {
  const look = ctx.lanes.glance()
  const observed = await ctx.engine.observe(signal)
  const holds = await ctx.holds.all()
  const looks = ctx.upkeep
    .standings()
    .filter(({ stack }) => !holds.has(stack))
    .map((standing) => [standing, lookAt(ctx, standing, observed, departures)] as const)
  const moving = new Set(
    looks.filter(([, state]) => state === 'moving').map(([{ project }]) => project),
  )
  const due = looks.flatMap(([{ stack }, state]) => {
    return state === 'moving' || state === 'none' ? [] : [stack]
  })
  const quiet = looks.flatMap(([standing, state]) => (state === 'none' ? [standing] : []))
  const works = [
    () => mend(ctx, due, departures, signal),
    // What broke a network raises no event, so only the sweep looks.
    ...(departures.length > 0
      ? []
      : [() => careForNetworks(ctx, quiet, { look, observed }, signal)]),
  ]
  const all = await inParallel(works.length, works, (work) => work())
  const isOutdated = all.some(({ outdated }) => outdated.length > 0)
  const again = [
    ...departures.filter(({ project }) => moving.has(project)),
    ...all.flatMap(({ outdated }) => outdated.flat()),
  ]
  // What ends tells of it by an event of its own; only what was seen so far has to be carried on.
  const isMore = (again.length > 0 || isOutdated) && before < MOST_LOOKS
  return {
    answer: { deployments: all.flatMap(({ deployments }) => deployments) },
    followUps: [
      ...all.flatMap(({ followUps }) => followUps),
      ...(isMore ? [lookAgain(again, before + 1)] : []),
    ],
    next: 'done',
  }
}

function lookAt(
  ctx: Context,
  { stack, project }: Standing,
  observed: ObservedState,
  departures: readonly Departure[],
) {
  const proven = ctx.history.proven(stack)
  if (proven === null) return 'none'
  return stackDrift(ctx, proven, containersOf(project, observed), departures).state
}

type Mended = Pick<Deployed, 'followUps' | 'outdated'> & DriftAnswer

async function careForNetworks(
  ctx: Context,
  standings: readonly Standing[],
  seen: Omit<NetworkSight, 'cares'>,
  signal: AbortSignal,
): Promise<Mended> {
  const cares = standings.flatMap(({ stack }): NetworkCare[] => {
    const proven = ctx.history.proven(stack)
    if (proven === null) return []
    const rule = ruleOf(ctx, stack)
    const last = isRemade(ctx, stack) ? 'make' : 'restart'
    return [{ proven, rule, last, probes: () => probesOf(ctx, stack, signal) }]
  })
  const remade = await mendNetworks(ctx, { ...seen, cares }, signal)
  return mend(ctx, remade, [], signal)
}

/** What is refused or waits is left as it is, and so is what failed and was not brought back: removed, it would stay so. */
function isRemade({ history }: Context, stack: string): boolean {
  return history.aside(stack) === null && !isOpen(latestFailure(history, stack))
}

async function probesOf(ctx: Context, stack: string, signal: AbortSignal) {
  const revision = await recall(ctx, lastCommit(ctx, stack), signal)
  const view = await viewRepository(ctx, revision, signal)
  return view.stacks.find(({ name }) => name === stack)?.options.probes ?? []
}

/** Those of one commit in one pass, so that stacks come up behind those that they come after. */
async function mend(
  ctx: Context,
  stacks: readonly string[],
  departures: readonly Departure[],
  signal: AbortSignal,
): Promise<Mended> {
  const passes = [...Map.groupBy(stacks, (name) => lastCommit(ctx, name))]
  const handled = await inParallel(passes.length, passes, async ([commit, stack]) => {
    const seen = await recall(ctx, commit, signal)
    const looked = { look: ctx.lanes.glance(), seen }
    const request = { stack, kind: 'keep', asked: 'by-event', departures, looked } as const
    return deployRevision(ctx, request, signal)
  })
  return {
    deployments: handled.flatMap(({ answer }) => answer.deployments),
    followUps: handled.flatMap(({ followUps }) => followUps),
    outdated: handled.flatMap(({ outdated }) => outdated),
  }
}

/**
 * The commit that this host was brought to, or a later one that this stack alone was brought to, whatever came of it: to
 * go back behind that would be to run what no commit asks for any more.
 */
function lastCommit({ history }: Context, stack: string): string | null {
  const known = [history.proven(stack), history.failed(stack), history.aside(stack)]
  const later = known
    .flatMap((one) => (one !== null && one.at > history.reachedAt() ? [one] : []))
    .toSorted((a, b) => b.at - a.at)
  return later[0]?.commit ?? history.reached()
}

/** Before the first, or where the commit is lost, what the branch points at. */
async function recall(
  ctx: Context,
  reached: string | null,
  signal: AbortSignal,
): Promise<Revision> {
  const known = reached === null ? null : await ctx.source.recall(reached, signal)
  return known ?? (await ctx.source.head(signal))
}

function lookAgain(departures: readonly Departure[], looks: number): Handled['followUps'][number] {
  return { event: { kind: 'drift-detected', departures, looks }, origin: { source: 'own' } }
}
