import type { DeployAnswer } from '../src/domain/answer.ts'
import type { Departure } from '../src/domain/deploy/drift.ts'
import type { Deployment, ObservedState } from '../src/domain/deployment.ts'
import type { DriftDetected } from '../src/domain/event.ts'
import type { Revision } from '../src/domain/revision.ts'
import type { Standing } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import { deployRevision } from './revision-pushed.ts'
import { ruleOf } from './steps/keep-stack.ts'
import { mendNetworks, type NetworkCare } from './steps/mend-networks.ts'
import { containersOf } from './steps/resolve-stack.ts'
import { stackDrift } from './steps/stack-drift.ts'
import { viewRepository } from './steps/view-repository.ts'

export interface DriftAnswer {
  readonly deployments: readonly Deployment[]
}

/**
 * Looks at the host by one query, and brings back what is not as it was proven. Git is asked for nothing: what this
 * host was brought to last is on its disk, so that a stack heals while GitHub is away.
 */
export async function driftDetected(
  ctx: Context,
  { departures }: DriftDetected,
  signal: AbortSignal,
): Promise<Handled<DriftAnswer>> {
  const observed = await ctx.engine.observe(signal)
  const holds = await ctx.holds.all()
  const looks = ctx.upkeep
    .standings()
    .filter(({ stack }) => !holds.has(stack))
    .map((standing) => [standing, lookAt(ctx, standing, observed, departures)] as const)
  const moving = looks.filter(([, state]) => state === 'moving').map(([{ project }]) => project)
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
  const again = departures.filter(({ project }) => moving.includes(project))
  return {
    answer: {
      deployments: [mended, remade].flatMap((one) => one?.answer.deployments ?? []),
    },
    followUps: [
      ...[mended, remade].flatMap((one) => one?.followUps ?? []),
      ...(moving.length === 0 ? [] : [lookAgain(again)]),
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

/** No event tells of a firewall that was flushed or a name server that died, so only the sweep looks for them. */
async function careForNetworks(
  ctx: Context,
  standings: readonly Standing[],
  observed: ObservedState,
  signal: AbortSignal,
): Promise<Handled<DeployAnswer> | null> {
  const cares = standings.flatMap(({ stack }): NetworkCare[] => {
    const proven = ctx.history.proven(stack)
    if (proven === null) return []
    return [{ proven, rule: ruleOf(ctx, stack), probes: () => probesOf(ctx, stack, signal) }]
  })
  const remade = await mendNetworks(ctx, cares, observed, signal)
  return remade.length === 0 ? null : mend(ctx, remade, [], signal)
}

async function probesOf(ctx: Context, stack: string, signal: AbortSignal) {
  const view = await viewRepository(ctx, await lastRevision(ctx, signal), signal)
  return view.stacks.find(({ name }) => name === stack)?.options.probes ?? []
}

/** In one pass, so that stacks come up behind those that they come after. */
async function mend(
  ctx: Context,
  stack: readonly string[],
  departures: readonly Departure[],
  signal: AbortSignal,
): Promise<Handled<DeployAnswer>> {
  const revision = await lastRevision(ctx, signal)
  return deployRevision(ctx, { stack, asked: 'by-event', departures, revision }, signal)
}

/** The commit that this host was brought to; before the first, or where it is lost, what the branch points at. */
async function lastRevision(ctx: Context, signal: AbortSignal): Promise<Revision> {
  const reached = ctx.history.reached()
  const known = reached === null ? null : await ctx.source.recall(reached, signal)
  return known ?? (await ctx.source.head(signal))
}

function lookAgain(departures: readonly Departure[]): Handled['followUps'][number] {
  return { event: { kind: 'drift-detected', departures }, origin: { source: 'own' } }
}
