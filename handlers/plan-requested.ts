import type {
  PlanAnswer,
  PlannedStack,
  UnplannedStack,
  Waiting,
} from '../src/domain/answer/plan.ts'
import type { ObservedState } from '../src/domain/deployment.ts'
import { inOrder } from '../src/domain/stack-order.ts'
import type { Stack } from '../src/domain/stack.ts'
import type { PlanContext } from './context.ts'
import { isHeldAndWell, waitFor } from './steps/deploy-in-order.ts'
import { latestTrouble } from './steps/latest-failure.ts'
import { namedStacks } from './steps/named-stacks.ts'
import { planStack, type Planned } from './steps/plan-stack.ts'
import { planVanished } from './steps/plan-vanished.ts'
import { viewRepository } from './steps/view-repository.ts'
import type { RepositoryView } from './views.ts'

/** What `sync` would do now to each service once images are checked, and why; nothing runs. */
export async function planRequested(
  ctx: PlanContext,
  stack: string | null,
  signal: AbortSignal,
): Promise<PlanAnswer> {
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const observed = await ctx.engine.observe(signal)
  const named = namedStacks(view, stack)
  const asked = stack === null ? 'by-event' : 'by-person'
  const planned = new Map<string, Planned>()
  for (const one of inOrder(named.due)) {
    const obstacle = () => obstacleOf(ctx, view, one, { planned, observed })
    planned.set(one.name, await planStack(ctx, view, one, { observed, asked, obstacle }, signal))
  }
  const all = named.due.flatMap(({ name }) => planned.get(name) ?? [])
  const left = stack === null ? await planVanished(ctx, view, observed) : []
  return {
    revision: revision.commit,
    stacks: [...all.flatMap((one) => ('services' in one ? [one] : [])), ...left].toSorted(byName),
    refused: [...named.refused, ...all.flatMap((one) => ('stack' in one ? [one] : []))],
  }
}

function byName(a: PlannedStack, b: PlannedStack): number {
  return a.name < b.name ? -1 : 1
}

interface Known {
  /** Those that were planned before. */
  readonly planned: ReadonlyMap<string, Planned>
  readonly observed: ObservedState
}

/** What the stack comes after and is not well. */
async function obstacleOf(
  ctx: PlanContext,
  { refused }: RepositoryView,
  { options }: Stack,
  { planned, observed }: Known,
): Promise<Waiting | null> {
  for (const name of options.after) {
    const one = planned.get(name) ?? refused.find(({ stack }) => stack === name)
    const state = one === undefined ? remembered(ctx, name) : troubleOf(one)
    if (state === null || (await isHeldAndWell(ctx, name, { observed, departures: [] }))) continue
    return waitFor(name, state)
  }
  return null
}

function remembered({ history }: PlanContext, name: string): string | null {
  const trouble = latestTrouble(history, name)
  return trouble === null ? null : `failed: ${trouble.reason}`
}

function troubleOf(one: Planned | UnplannedStack): string | null {
  if ('stack' in one) return `is refused: ${one.reason}`
  const { held, failed, waits } = one
  if (held !== undefined) return `is ${held}`
  if (failed !== undefined) return `failed: ${failed}`
  return waits === undefined ? null : `waits: ${waits.reason}`
}
