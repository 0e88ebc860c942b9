import type { Departure } from '../../src/domain/deploy/departure.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { Asked } from '../../src/domain/turn.ts'
import type { Entered, FailedState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { adoptStack } from './adopt-stack.ts'
import { applyStack } from './apply-stack.ts'
import { fitDefinitions } from './fit-definitions.ts'
import { foreignContainers } from './foreign-containers.ts'
import { formerContainers } from './former-containers.ts'
import { heldStack, standingHold } from './held-stack.ts'
import { holdStopped, stoppedBefore } from './hold-stopped.ts'
import { isOpen, latestFailure } from './latest-failure.ts'
import { keepRefused } from './keep-refused.ts'
import { keepStack } from './keep-stack.ts'
import { ownContainer } from './own-container.ts'
import { readStack, type StackSource } from './read-stack.ts'
import { refuseClosedPorts } from './refuse-closed-ports.ts'
import { remakeBroken } from './remake-broken.ts'
import { resolveStack, type ResolvedStack } from './resolve-stack.ts'
import { setAside } from './set-aside.ts'
import { stackFault } from './stack-fault.ts'
import { stayRolledBack } from './stay-rolled-back.ts'
import { startStopped } from './start-stopped.ts'
import { news, newsUntold } from './stack-result.ts'
import type { StackResult } from '../stack-result.ts'
import { isProvenAlready, proveAlready, stillProven } from './still-proven.ts'

export interface Occasion {
  /** The host as the pass found it. */
  readonly observed: ObservedState
  readonly asked: Asked
  /** How containers were seen to go; none where nobody looked. */
  readonly departures: readonly Departure[]
  /** Why nothing of it may be touched now; null where it may. */
  readonly obstacle: Obstacle | null
  readonly act: Entered['act']
}

export interface Obstacle {
  readonly reason: string
  readonly remedy: string
}

/**
 * Brings one stack to what stands at the revision, if that differs from what was last proven here. Throws only for
 * what is not this stack's own fault: an engine that cannot be reached, an interruption.
 */
export async function deployStack(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  occasion: Occasion,
  signal: AbortSignal,
): Promise<StackResult> {
  try {
    return await decideStack(ctx, view, stack, occasion, signal)
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    const { message, remedy, place } = fault
    ctx.log.error(
      { stack: stack.name, ...place, remedy, error: fault },
      `Stack refused: ${message}`,
    )
    return keepRefused(ctx, view, { ...occasion, stack: stack.name, fault }, signal)
  }
}

async function decideStack(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  occasion: Occasion,
  signal: AbortSignal,
): Promise<StackResult> {
  const { history } = ctx
  const hold = await ctx.holds.held(stack.name)
  // Whatever git says of it, and though nobody can read that.
  if (hold?.kind === 'operator') return setAside(ctx, view, heldStack(stack.name, hold))
  const own = ownContainer(ctx, view.project(stack), occasion.observed)
  if (own !== null) return setAside(ctx, view, untouched(ctx, stack, 'failed', own))
  const adopted = await adoptStack(ctx, view, stack, occasion.observed, 'keep', signal)
  if (adopted.outcome === 'held') return setAside(ctx, view, untouched(ctx, stack, 'held', adopted))
  const source = await readStack(ctx, view, stack, signal)
  const { observed, asked, departures, act } = occasion
  const said = { source, resolve: () => act(() => resolveStack(ctx, source, observed, signal)) }
  const counting = await standingHold(ctx, view, hold, said, signal)
  if (counting !== null) return setAside(ctx, view, heldStack(stack.name, counting))
  const proven = history.proven(stack.name)
  const failed = history.failed(stack.name)
  // Whatever was applied since the proof may have changed any container.
  const inDoubt = isOpen(latestFailure(history, stack.name))
  if (!inDoubt && proven?.inputs === source.inputs) {
    const resolve = () => resolveStack(ctx, source, observed, signal)
    const keeping = { source, proven, observed, departures, asked, act, resolve }
    const kept = await keepStack(ctx, keeping, signal)
    if (kept.kept === 'as-it-is') return stillProven(ctx, view, proven, kept.reason)
    return kept.kept === 'held' ? setAside(ctx, view, heldStack(stack.name, kept.hold)) : kept
  }
  const remembered = failed?.inputs === source.inputs && failed.retry === 'when-changed'
  if (remembered && asked === 'by-event') {
    return stayRolledBack(ctx, view, { source, failed, observed, departures, act }, signal)
  }
  if (proven !== null && !inDoubt && hold === null && asked === 'by-event') {
    const since = { ...said, proven, observed, departures }
    const stopped = await stoppedBefore(ctx, view, since, signal)
    const left = stopped && (await holdStopped(ctx, source, stopped.reason, signal))
    if (left?.kept === 'held') return setAside(ctx, view, heldStack(stack.name, left.hold))
  }
  return act(() => change(ctx, view, { source, occasion, inDoubt }, signal))
}

interface Changing {
  readonly source: StackSource
  readonly occasion: Occasion
  /** Whether what runs may be anything but what was proven. */
  readonly inDoubt: boolean
}

/** Git says something else than what was proven last. */
async function change(
  ctx: Context,
  view: RepositoryView,
  { source, occasion, inDoubt }: Changing,
  signal: AbortSignal,
): Promise<StackResult> {
  const { observed, obstacle } = occasion
  const { stack } = source
  // It may have waited for room, and nobody who holds a stack waits for that.
  const hold = await ctx.holds.held(stack.name)
  if (hold?.kind === 'operator') return setAside(ctx, view, heldStack(stack.name, hold))
  const proven = ctx.history.proven(stack.name)
  const standing = ctx.upkeep.standing(stack.name)
  const resolved = startStopped(await resolveStack(ctx, source, observed, signal), standing)
  const held =
    foreignContainers(ctx.host, resolved) ?? formerContainers(ctx, view, resolved, observed)
  if (held !== null) return holdBack(ctx, view, resolved, held)
  await refuseClosedPorts(ctx, resolved, observed, signal)
  const fitted = await fitDefinitions(ctx, resolved, signal)
  if (fitted.outcome === 'held') return holdBack(ctx, view, resolved, fitted)
  const due = fitted.resolved
  if (!inDoubt && isProvenAlready(due, proven)) return proveAlready(ctx, view, due, signal)
  if (obstacle !== null) return setAside(ctx, view, waiting(due, obstacle))
  return apply(ctx, view, due, observed, signal)
}

function holdBack(
  ctx: Context,
  view: RepositoryView,
  { source, plan }: ResolvedStack,
  { reason, remedy }: Obstacle,
): StackResult {
  const { name: stack } = source.stack
  ctx.log.error({ stack, remedy }, `Stack held: ${reason}`)
  return setAside(ctx, view, { stack, outcome: 'held', services: plan, reason, remedy })
}

async function apply(
  ctx: Context,
  view: RepositoryView,
  resolved: ResolvedStack,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<StackResult> {
  const { history } = ctx
  const { revision } = view
  const stack = resolved.source.stack.name
  const proven = history.proven(stack)
  const failed = history.failed(stack)
  // A proof of the very state that failed afterwards vouches for nothing.
  const vouching = failed?.inputs === proven?.inputs ? null : proven
  const due = failed === null ? resolved : remakeBroken(resolved, vouching)
  const deployment = await applyStack(ctx, due, { revision, vouching, observed }, signal)
  const failure = latestFailure(history, stack)
  const result =
    failed !== null && failure !== null && isSame(failure, failed)
      ? { deployment, news: newsUntold(ctx, view, failed) }
      : news(deployment)
  return failure?.retry === 'when-changed' ? { ...result, failure } : result
}

function untouched<Outcome extends 'held' | 'failed'>(
  { log }: Context,
  { name: stack }: Stack,
  outcome: Outcome,
  { reason, remedy }: Obstacle,
) {
  const verb = outcome === 'held' ? 'held' : 'refused'
  log.error({ stack, remedy }, `Stack ${verb}: ${reason}`)
  return { stack, outcome, services: [], reason, remedy }
}

function isSame(one: FailedState, other: FailedState): boolean {
  return (
    one.reason === other.reason && one.inputs === other.inputs && one.restored === other.restored
  )
}

function waiting({ source, plan }: ResolvedStack, obstacle: Obstacle) {
  return { stack: source.stack.name, outcome: 'held', services: plan, ...obstacle } as const
}
