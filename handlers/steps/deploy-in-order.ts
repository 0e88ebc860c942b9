import type { RefusedStack, Stack } from '../../src/domain/stack.ts'
import { inOrder } from '../../src/domain/stack-order.ts'
import type { Turn } from '../../src/domain/turn.ts'
import type { Entered, Passage } from '../../src/ports.ts'
import type { Context, PlanContext } from '../context.ts'
import type { StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'
import { deployStack, type Obstacle, type Occasion } from './deploy-stack.ts'
import { inParallel } from './in-parallel.ts'
import { isOpen, latestFailure, latestTrouble } from './latest-failure.ts'
import { refuseStack } from './refuse-stack.ts'
import { containersOf } from './resolve-stack.ts'
import { stackDrift } from './stack-drift.ts'

/** Stacks decided on at once, or waited for: how many are acted on is for the lanes to say. */
const STACKS_AT_ONCE = 64

export interface DueStacks {
  readonly due: readonly Stack[]
  readonly refused: readonly RefusedStack[]
}

/** What all of them are looked at with. */
export type Pass = Pick<Turn, 'look' | 'kind' | 'asked' | 'departures'> &
  Pick<Occasion, 'observed'> & {
    /** Called as soon as a stack has its result, and not for what somebody else did. */
    readonly onResult: (result: StackResult) => void
  }

export interface Passed {
  readonly stack: string
  readonly passage: Passage<StackResult>
}

/** Deploys the stacks, each behind those it comes after; where one of these is not well the others stay as they are. */
export async function deployInOrder(
  ctx: Context,
  view: RepositoryView,
  { due, refused }: DueStacks,
  pass: Pass,
  signal: AbortSignal,
): Promise<readonly Passed[]> {
  const passages = new Map<string, Promise<Passage<StackResult>>>()
  const keep = (one: RefusedStack) => async () => {
    const work = (occasion: Kept) => refuseStack(ctx, view, one, occasion, signal)
    return { stack: one.stack, passage: await inItsTurn(ctx, one.stack, pass, work, signal) }
  }
  const deploy = (stack: Stack) => async () => {
    const passage = deployAfter(ctx, view, stack, { ...pass, passages }, signal)
    passages.set(stack.name, passage)
    return { stack: stack.name, passage: await passage }
  }
  // Those before a stack are begun before it, so waiting for them ends.
  const named = new Map(refused.map((one) => [one.stack, one]))
  const works = [...[...named.values()].map(keep), ...inOrder(due).map(deploy)]
  return inParallel(STACKS_AT_ONCE, works, (work) => work())
}

interface Ordered extends Pass {
  readonly passages: ReadonlyMap<string, Promise<Passage<StackResult>>>
}

async function deployAfter(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  { passages, ...pass }: Ordered,
  signal: AbortSignal,
): Promise<Passage<StackResult>> {
  let obstacle: Obstacle | null = null
  for (const name of stack.options.after) {
    const passage = await passages.get(name)
    if (passage === undefined && pass.kind !== 'keep') await ctx.lanes.free(name, signal)
    const isResult = passage?.outcome === 'done' || passage?.outcome === 'shared'
    // Whoever is newer deploys this one as well, and behind it.
    if (passage !== undefined && !isResult && pass.kind !== 'keep') return passage
    const found = isResult ? obstacleOf(passage.result) : remembered(ctx, view, name)
    if (found === null || (await isHeldAndWell(ctx, name, pass))) continue
    obstacle ??= found
  }
  const work = (occasion: Kept) => {
    return deployStack(ctx, view, stack, { ...occasion, obstacle }, signal)
  }
  return inItsTurn(ctx, stack.name, pass, work, signal)
}

type Kept = Omit<Occasion, 'obstacle'>

async function inItsTurn(
  { lanes, engine }: Context,
  stack: string,
  { onResult, observed, look, kind, asked, departures }: Pass,
  work: (occasion: Kept) => Promise<StackResult>,
  signal: AbortSignal,
): Promise<Passage<StackResult>> {
  const turn = { stack, look, kind, asked, departures }
  const passage = await lanes.enter(
    turn,
    async ({ host, ...entered }: Entered) => {
      const now = host === 'as-seen' ? observed : await engine.observe(signal)
      return work({ ...entered, observed: now })
    },
    signal,
  )
  if (passage.outcome === 'done') onResult(passage.result)
  return passage
}

/** What a person holds is left as it is, and that may be as well as ever: nobody has to wait for it then. */
export async function isHeldAndWell(
  ctx: Pick<PlanContext, 'history' | 'holds' | 'machine' | 'upkeep' | 'now'>,
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
