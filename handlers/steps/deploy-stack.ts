import type { Deployment, ObservedState } from '../../src/domain/deployment.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { FailedState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { applyStack } from './apply-stack.ts'
import { foreignContainers } from './foreign-containers.ts'
import { heldStack, standingHold } from './held-stack.ts'
import { isOpen, latestFailure, outcomeOf, reasonOf } from './latest-failure.ts'
import { readStack } from './read-stack.ts'
import { remakeBroken } from './remake-broken.ts'
import { resolveStack, type ResolvedStack } from './resolve-stack.ts'
import { restoreStack } from './restore-stack.ts'
import { refusal, setAside } from './set-aside.ts'
import { stackFault } from './stack-fault.ts'
import { news, newsUntold, type StackResult } from './stack-result.ts'
import { isProvenAlready, proveAlready, runsOn, stillProven } from './still-proven.ts'

/** Whether a state that failed before is tried once more: only a person may ask for that. */
export type Asked = 'by-event' | 'by-person'

export interface Occasion {
  /** The host as the pass found it. */
  readonly observed: ObservedState
  readonly asked: Asked
  /** Why nothing of it may be touched now; null where it may. */
  readonly obstacle: Obstacle | null
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
    return setAside(ctx, view, refusal(ctx, stack.name, fault, occasion.observed))
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
  const source = await readStack(ctx, view, stack, signal)
  const standing = await standingHold(ctx, hold, source)
  if (standing !== null) return setAside(ctx, view, heldStack(stack.name, standing))
  const { observed, asked, obstacle } = occasion
  const proven = history.proven(stack.name)
  const failed = history.failed(stack.name)
  // Whatever was applied since the proof may have changed any container.
  const inDoubt = isOpen(latestFailure(history, stack.name))
  if (!inDoubt && proven?.inputs === source.inputs && runsOn(proven, observed)) {
    return stillProven(ctx, view, proven)
  }
  const remembered = failed?.inputs === source.inputs && failed.retry === 'when-changed'
  if (remembered && asked === 'by-event') {
    return stayRolledBack(ctx, view, failed, observed, signal)
  }
  const resolved = await resolveStack(ctx, source, observed, signal)
  const held = foreignContainers(ctx.host, resolved)
  if (held !== null) {
    const { plan } = resolved
    ctx.log.error({ stack: stack.name, remedy: held.remedy }, `Stack held: ${held.reason}`)
    return setAside(ctx, view, { stack: stack.name, outcome: 'held', services: plan, ...held })
  }
  if (!inDoubt && isProvenAlready(resolved, proven)) {
    return proveAlready(ctx, view, resolved, signal)
  }
  if (obstacle !== null) return setAside(ctx, view, waiting(resolved, obstacle))
  return apply(ctx, view, resolved, observed, signal)
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

/**
 * Git still wants what failed here. Until it wants another thing, or a person asks, the last good state is the desired one:
 * where that is not what runs, it is brought back, once.
 */
async function stayRolledBack(
  ctx: Context,
  view: RepositoryView,
  failed: FailedState,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<StackResult> {
  const { history } = ctx
  const proven = history.proven(failed.stack)
  const wasAside = history.aside(failed.stack) !== null
  if (wasAside) history.resume(failed.stack)
  const isLost = failed.restored === 'done' && proven !== null && !runsOn(proven, observed)
  if (failed.restored === 'due' || isLost) {
    const log = ctx.log.child({ stack: failed.stack, commit: failed.commit })
    const restored = await restoreStack({ ...ctx, log }, failed, signal)
    return { ...news(givenUp(restored)), failure: restored }
  }
  const told = wasAside ? 'news' : newsUntold(ctx, view, failed)
  return { deployment: givenUp(failed), news: told, failure: failed }
}

function givenUp(failed: FailedState): Deployment {
  const { stack } = failed
  const outcome = outcomeOf(failed)
  const state =
    outcome === 'rolled-back'
      ? 'rolled back, git ahead'
      : 'it failed before and did not change since'
  return {
    stack,
    outcome,
    services: [],
    reason: `${state}: ${reasonOf(failed)}`,
    remedy: `Commit a change, or try it again with: magos sync ${stack}`,
  }
}

function isSame(one: FailedState, other: FailedState): boolean {
  return (
    one.reason === other.reason && one.inputs === other.inputs && one.restored === other.restored
  )
}

function waiting({ source, plan }: ResolvedStack, obstacle: Obstacle) {
  return { stack: source.stack.name, outcome: 'held', services: plan, ...obstacle } as const
}
