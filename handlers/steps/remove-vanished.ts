import { vanishedStacks, type VanishTerms } from '../../src/domain/deploy/vanished.ts'
import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { Context, PlanContext } from '../context.ts'
import { settled, type StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'
import { forgetGone } from './forget-stack.ts'
import { heldStack } from './held-stack.ts'
import { letGo, staying } from './let-go.ts'
import { setAside } from './set-aside.ts'

export interface Vanishing {
  readonly look: number
  readonly observed: ObservedState
  readonly removals: VanishTerms['removals']
}

/**
 * Stacks that vanished from the repository, or went to another host, run on for their grace and are then stopped and
 * removed; volumes and the stable directory stay. What is gone from here too is forgotten but for its past. Returns what
 * became of each that was still here.
 */
export async function removeVanished(
  ctx: Context,
  view: RepositoryView,
  { look, observed, removals }: Vanishing,
  signal: AbortSignal,
): Promise<readonly StackResult[]> {
  // To a newer pass it may be there again.
  if (!tellsOfStacks(view) || !ctx.lanes.isNewest(look)) return []
  const { tombstones, log, now, host } = ctx
  const ours = ourContainers(ctx, observed)
  const holds = await ctx.holds.all()
  const present = new Set([
    ...view.stacks.map(({ name }) => name),
    ...view.refused.map((one) => one.stack),
  ])
  const { bury, forget, stop, refused } = vanishedStacks({
    // Somebody still has to end the hold of one that does not run.
    running: [...new Set([...ours.keys(), ...holds.keys()])],
    present,
    tombstones: tombstones.all(),
    now,
    grace: host.grace,
    removals,
  })
  for (const stack of forget) tombstones.forget(stack)
  for (const stack of bury) {
    tombstones.bury({ stack, at: now })
    const until = new Date(now + host.grace).toISOString()
    ctx.history.resume(stack)
    log.warn({ stack, until }, `Stack left the repository: its containers go after ${until}`)
  }
  const projects = new Set(view.stacks.map((stack) => view.project(stack)))
  const results: StackResult[] = []
  // By now all of those that left and are believed to have.
  for (const { stack, at } of tombstones.all()) {
    const left = { stack, containers: ours.get(stack) ?? [], goesAt: at + host.grace, projects }
    const hold = holds.get(stack)
    if (hold !== undefined) results.push(settled(heldStack(stack, hold)))
    else if (!stop.includes(stack)) results.push(settled(staying(left)))
    else results.push(await letGo(ctx, view, left, look, signal))
  }
  for (const stack of ctx.history.stacks()) {
    if (present.has(stack) || ours.has(stack) || holds.has(stack)) continue
    const turn = { stack, look, kind: 'pass' } as const
    await ctx.lanes.seize(turn, () => forgetGone(ctx, stack, projects, signal), signal)
  }
  return [...results, ...refused.map((stack) => setAside(ctx, view, tooMany(ctx, stack, refused)))]
}

/** Where `.magos.yaml` is broken nobody knows whose a stack is. */
export function tellsOfStacks({ problems }: RepositoryView): boolean {
  return !problems.some(({ file, severity }) => file === '.magos.yaml' && severity === 'error')
}

/** By stack; another daemon's on this machine have another directory. */
export function ourContainers(
  { files }: Pick<PlanContext, 'files'>,
  { containers }: ObservedState,
): ReadonlyMap<string, readonly ObservedContainer[]> {
  const ours = containers.filter(({ labels }) => {
    const stack = labels[LABEL.stack]
    return stack !== undefined && labels[LABEL.home] === files.home(stack)
  })
  return Map.groupBy(ours, ({ labels }) => labels[LABEL.stack] ?? '')
}

function tooMany({ log }: Context, stack: string, refused: readonly string[]) {
  const { reason, remedy } = toConfirm(refused)
  log.error({ stack, remedy }, `Stack runs on: ${reason}`)
  return { stack, outcome: 'held', services: [], reason, remedy } as const
}

/** Why stacks that left together run on, and what a person can do. */
export function toConfirm(refused: readonly string[]): {
  readonly reason: string
  readonly remedy: string
} {
  return {
    reason: `it left the repository together with ${refused.length - 1} others, which is more than a third of all: ${refused.join(', ')}`,
    remedy: 'Bring them back, or confirm with: magos sync --confirm-removals',
  }
}
