import type { Stack } from '../../src/domain/stack.ts'
import { inOrder } from '../../src/domain/stack-order.ts'
import type { Context, PlanContext } from '../context.ts'
import { deployStack, type Obstacle, type Occasion } from './deploy-stack.ts'
import { inParallel } from './in-parallel.ts'
import { isOpen, latestFailure, latestTrouble } from './latest-failure.ts'
import { containersOf } from './resolve-stack.ts'
import { stackDrift } from './stack-drift.ts'
import type { StackResult } from './stack-result.ts'
import type { RepositoryView } from '../views.ts'

/** Stacks deployed at once; each has its own project, so they do not meet. */
export const STACKS_AT_ONCE = 4

/** Deploys the stacks, each behind those it comes after; where one of these is not well the others stay as they are. */
export async function deployInOrder(
  ctx: Context,
  view: RepositoryView,
  due: readonly Stack[],
  occasion: Omit<Occasion, 'obstacle'>,
  signal: AbortSignal,
): Promise<readonly StackResult[]> {
  const results = new Map<string, Promise<StackResult>>()
  // Those before a stack were begun before it, so waiting for them ends.
  return inParallel(STACKS_AT_ONCE, inOrder(due), (stack) => {
    const result = deployAfter(ctx, view, stack, { ...occasion, results }, signal)
    results.set(stack.name, result)
    return result
  })
}

interface Ordered extends Omit<Occasion, 'obstacle'> {
  readonly results: ReadonlyMap<string, Promise<StackResult>>
}

async function deployAfter(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  { results, ...occasion }: Ordered,
  signal: AbortSignal,
): Promise<StackResult> {
  let obstacle: Obstacle | null = null
  for (const name of stack.options.after) {
    const result = await results.get(name)
    const found = result === undefined ? remembered(ctx, view, name) : obstacleOf(result)
    if (found === null || (await isHeldAndWell(ctx, name, occasion))) continue
    obstacle ??= found
  }
  return deployStack(ctx, view, stack, { ...occasion, obstacle }, signal)
}

/** What a person holds is left as it is, and that may be as well as ever: nobody has to wait for it then. */
export async function isHeldAndWell(
  ctx: Pick<PlanContext, 'history' | 'holds' | 'machine' | 'upkeep'>,
  stack: string,
  { observed, departures }: Pick<Occasion, 'observed' | 'departures'>,
): Promise<boolean> {
  const hold = await ctx.holds.held(stack)
  const proven = ctx.history.proven(stack)
  if (hold?.kind !== 'operator' || proven === null) return false
  if (isOpen(latestFailure(ctx.history, stack))) return false
  const drift = stackDrift(ctx, proven, containersOf(proven.project, observed), departures)
  // After a boot nothing of it is proven anew, and all of it may run.
  return drift.state === 'none' || (drift.state === 'unproven' && drift.faults.length === 0)
}

function obstacleOf({ deployment }: StackResult): Obstacle | null {
  const { stack, outcome, reason } = deployment
  if (outcome === 'succeeded' || outcome === 'unchanged') return null
  return waitFor(stack, `is ${outcome}: ${reason}`)
}

/** A stack that is not part of this pass; one of other hosts is theirs to look after. */
function remembered(
  { history }: Pick<Context, 'history'>,
  { refused }: RepositoryView,
  name: string,
): Obstacle | null {
  const reason =
    refused.find(({ stack }) => stack === name)?.reason ?? latestTrouble(history, name)?.reason
  return reason === undefined ? null : waitFor(name, `failed: ${reason}`)
}

export function waitFor(stack: string, state: string): Obstacle {
  return {
    reason: `it comes after stack "${stack}", which ${state}`,
    remedy: `Mend stack "${stack}"; this one follows by itself`,
  }
}
