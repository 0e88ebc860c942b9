import type { DeployAnswer } from '../src/domain/answer.ts'
import type { Departure } from '../src/domain/deploy/drift.ts'
import type { Deployment, ObservedState } from '../src/domain/deployment.ts'
import type { DriftDetected } from '../src/domain/event.ts'
import type { Revision } from '../src/domain/revision.ts'
import type { Standing } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import { deployRevision } from './revision-pushed.ts'
import { isOpen, latestFailure, latestTrouble } from './steps/latest-failure.ts'
import { ruleOf } from './steps/keep-stack.ts'
import { mendNetworks, type NetworkCare } from './steps/mend-networks.ts'
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
  const observed = await ctx.engine.observe(signal)
  const holds = await ctx.holds.all()
  const looks = ctx.upkeep
    .standings()
    .filter(({ stack }) => !holds.has(stack))
    .map((standing) => [standing, lookAt(ctx, standing, observed, departures)] as const)
  const moving = new Set(
    looks.filter(([, state]) => state === 'moving').map(([{ project }]) => project),
  )
  const due = looks.filter(([, state]) => state !== 'moving' && state !== 'none')
  const mended =
    due.length === 0
      ? null
      : await mend(
          ctx,
          due.map(([{ stack }]) => stack),
          departures,
          signal,
        )
  const remade =
    departures.length > 0
      ? null
      : await careForNetworks(
          ctx,
          looks.flatMap(([standing, state]) => (state === 'none' ? [standing] : [])),
          observed,
          signal,
        )
  const again = departures.filter(({ project }) => moving.has(project))
  // What ends tells of it by an event of its own; only what was seen so far has to be carried on.
  const isMore = again.length > 0 && before < MOST_LOOKS
  return {
    answer: {
      deployments: [mended, remade].flatMap((one) => one?.deployments ?? []),
    },
    followUps: [
      ...[mended, remade].flatMap((one) => one?.followUps ?? []),
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

interface Mended {
  readonly deployments: readonly Deployment[]
  readonly followUps: Handled['followUps']
}

/** No event tells of a firewall that was flushed or a name server that died, so only the sweep looks for them. */
async function careForNetworks(
  ctx: Context,
  standings: readonly Standing[],
  observed: ObservedState,
  signal: AbortSignal,
): Promise<Mended | null> {
  const cares = standings.flatMap(({ stack }): NetworkCare[] => {
    const proven = ctx.history.proven(stack)
    if (proven === null) return []
    const rule = ruleOf(ctx, stack)
    const last = isRemade(ctx, stack) ? 'make' : 'restart'
    return [{ proven, rule, last, probes: () => probesOf(ctx, stack, signal) }]
  })
  const remade = await mendNetworks(ctx, cares, observed, signal)
  return remade.length === 0 ? null : mend(ctx, remade, [], signal)
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
  const passes: Handled<DeployAnswer>[] = []
  for (const [commit, stack] of Map.groupBy(stacks, (name) => lastCommit(ctx, name))) {
    const revision = await recall(ctx, commit, signal)
    const request = { stack, asked: 'by-event', departures, revision } as const
    passes.push(await deployRevision(ctx, request, signal))
  }
  return {
    deployments: passes.flatMap(({ answer }) => answer.deployments),
    followUps: passes.flatMap(({ followUps }) => followUps),
  }
}

/**
 * The commit that this host was brought to, or a later one that this stack alone was brought to and proven at: to go
 * back behind that would be to run what no commit asks for any more.
 */
function lastCommit({ history }: Context, stack: string): string | null {
  const proven = history.proven(stack)
  const isAhead = proven !== null && proven.at > history.reachedAt()
  return isAhead && latestTrouble(history, stack) === null ? proven.commit : history.reached()
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
