import { vanishedStacks, type VanishTerms } from '../../src/domain/deploy/vanished.ts'
import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { Removal } from '../../src/ports.ts'
import type { Context, PlanContext } from '../context.ts'
import type { StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'
import { removalOf } from './removal.ts'
import { setAside } from './set-aside.ts'
import { stackFault } from './stack-fault.ts'

export interface Vanishing {
  readonly look: number
  readonly observed: ObservedState
  readonly removals: VanishTerms['removals']
}

/**
 * Stacks that vanished from the repository, or went to another host, run on for their grace and are then stopped and
 * removed; volumes and the stable directory stay. What is gone from here too is forgotten but for its past. Returns those
 * that a person has to decide about.
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
  for (const stack of stop) {
    const containers = ours.get(stack) ?? []
    const { container: own } = ctx.machine
    const holdsUs = own !== null && containers.some(({ id }) => id.startsWith(own))
    if (holds.has(stack) || holdsUs) continue
    // Its project is a stack's that waits for its owner to say where the data is: this is what he has to go by.
    if (containers.some(({ project }) => projects.has(project))) continue
    // Where somebody else works at it the next pass will see.
    const turn = { stack, look, kind: 'pass' } as const
    const down = () => bringDown(ctx, view, stack, containers, signal)
    await ctx.lanes.seize(turn, (act) => act(down), signal)
  }
  for (const stack of ctx.history.stacks()) {
    if (present.has(stack) || ours.has(stack) || holds.has(stack)) continue
    const turn = { stack, look, kind: 'pass' } as const
    await ctx.lanes.seize(turn, () => forgetGone(ctx, stack, projects, signal), signal)
  }
  return refused.map((stack) => setAside(ctx, view, tooMany(ctx, stack, refused)))
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

async function bringDown(
  ctx: Context,
  view: RepositoryView,
  stack: string,
  containers: readonly ObservedContainer[],
  signal: AbortSignal,
): Promise<void> {
  const { engine, tombstones, log } = ctx
  try {
    await engine.remove(
      containers.map(({ id }) => id),
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    const { message, remedy } = fault
    log.error({ stack, remedy }, `Stack that left the repository cannot be removed: ${message}`)
    return
  }
  const projects = new Set(containers.map(({ project }) => project))
  for (const project of projects) await removeNetworks(ctx, stack, project, signal)
  const removal = removalOf(ctx, view, stack, containers)
  tombstones.forget(stack)
  forgetStack(ctx, stack, removal)
  const names = containers.map(({ name }) => name)
  log.warn(
    { stack, containers: names },
    'Stack that left the repository is removed; its volumes and files stay',
  )
}

/** Somebody else removed its containers, or a process that died behind it. */
async function forgetGone(
  ctx: Context,
  stack: string,
  present: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const project = ctx.history.proven(stack)?.project ?? null
  if (project !== null && !present.has(project)) {
    await removeNetworks(ctx, stack, project, signal)
  }
  forgetStack(ctx, stack, null)
}

/** Nothing is lost with them: whoever comes back makes them anew. */
async function removeNetworks(
  { engine, log }: Context,
  stack: string,
  project: string,
  signal: AbortSignal,
): Promise<void> {
  const networks = await engine.removeNetworks(project, signal)
  if (networks.length > 0) log.info({ stack, networks }, 'Removed networks of a stack that is gone')
}

/** A stack of that name that comes one day is another one. */
function forgetStack({ history, upkeep }: Context, stack: string, removal: Removal | null): void {
  history.forget(stack, removal)
  upkeep.forget(stack)
  upkeep.forgive(stack)
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
