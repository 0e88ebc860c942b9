import {
  vanishedStacks,
  type Vanished,
  type VanishTerms,
} from '../../src/domain/deploy/vanished.ts'
import type { Problem } from '../../src/domain/problem.ts'
import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { Hold } from '../../src/domain/hold.ts'
import type { Context, PlanContext } from '../context.ts'
import { settled, type StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'
import { forgetGone, forgetKept } from './forget-stack.ts'
import { heldStack } from './held-stack.ts'
import { letGo, staying } from './let-go.ts'
import { setAside } from './set-aside.ts'

interface Why {
  readonly reason: string
  readonly remedy: string
}

export interface Vanishing {
  readonly look: number
  readonly observed: ObservedState
  readonly removals: VanishTerms['removals']
}

/**
 * Stacks that vanished from the repository, or went to another host, run on for their grace and are then stopped and
 * removed; volumes and the stable directory stay. What is gone from here too is forgotten but for its past, and for its
 * last good state until the grace is over. Returns what became of each that was still here.
 */
export async function removeVanished(
  ctx: Context,
  view: RepositoryView,
  vanishing: Vanishing,
  signal: AbortSignal,
): Promise<readonly StackResult[]> {
  const { look, observed } = vanishing
  // To a newer pass it may be there again.
  if (!ctx.lanes.isNewest(look)) return []
  const fault = settingsFault(view)
  if (fault !== null) return await leaveAsIs(ctx, view, observed, fault)
  const here = {
    ours: ourContainers(ctx, observed),
    holds: await ctx.holds.all(),
    projects: new Set(view.stacks.map((stack) => view.project(stack))),
    present: presentIn(view),
  }
  const vanished = await decide(ctx, here, vanishing)
  note(ctx, vanished)
  const results: StackResult[] = []
  // By now all of those that left and are believed to have.
  for (const { stack, at } of ctx.tombstones.all()) {
    const containers = here.ours.get(stack) ?? []
    const left = { stack, containers, goesAt: at + ctx.host.grace, projects: here.projects }
    const hold = here.holds.get(stack)
    if (hold !== undefined) results.push(settled(heldStack(stack, hold)))
    else if (containers.length === 0) continue
    else if (!vanished.stop.includes(stack)) results.push(settled(staying(left)))
    else results.push(await letGo(ctx, view, left, look, signal))
  }
  await forgetAbsent(ctx, here, { look, drop: vanished.drop }, signal)
  const { refused } = vanished
  return [...results, ...refused.map((stack) => setAside(ctx, view, tooMany(ctx, stack, refused)))]
}

interface Here {
  readonly ours: ReturnType<typeof ourContainers>
  readonly holds: ReadonlyMap<string, Hold>
  /** Of stacks that the repository has for this host. */
  readonly projects: ReadonlySet<string>
  readonly present: ReadonlySet<string>
}

async function decide(
  { lastGood, tombstones, now, host }: Context,
  { ours, holds, present }: Here,
  { removals }: Vanishing,
): Promise<Vanished> {
  return vanishedStacks({
    // Somebody still has to end the hold of one that does not run.
    running: [...new Set([...ours.keys(), ...holds.keys()])],
    present,
    kept: await lastGood.stacks(),
    tombstones: tombstones.all(),
    now,
    grace: host.grace,
    removals,
  })
}

function note(
  { tombstones, history, log, now, host }: Context,
  { bury, forget, mourn }: Vanished,
): void {
  for (const stack of forget) tombstones.forget(stack)
  for (const stack of [...bury, ...mourn]) tombstones.bury({ stack, at: now })
  for (const stack of bury) {
    const until = new Date(now + host.grace).toISOString()
    history.resume(stack)
    log.warn({ stack, until }, `Stack left the repository: its containers go after ${until}`)
  }
}

/** What is left here of stacks that nobody has any more. */
async function forgetAbsent(
  ctx: Context,
  { ours, holds, projects, present }: Here,
  { look, drop }: Pick<Vanishing, 'look'> & Pick<Vanished, 'drop'>,
  signal: AbortSignal,
): Promise<void> {
  const known = ctx.history.stacks().filter((stack) => {
    return !present.has(stack) && !ours.has(stack) && !holds.has(stack)
  })
  for (const stack of new Set([...known, ...drop])) {
    const forget = async () => {
      if (known.includes(stack)) await forgetGone(ctx, stack, projects, signal)
      if (drop.includes(stack)) await forgetKept(ctx, stack, signal)
    }
    await ctx.lanes.seize({ stack, look, kind: 'pass' }, forget, signal)
  }
}

/** Stacks that the repository has for this host, refused ones too. */
export function presentIn({
  stacks,
  refused,
}: Pick<RepositoryView, 'stacks' | 'refused'>): ReadonlySet<string> {
  return new Set([...stacks.map(({ name }) => name), ...refused.map(({ stack }) => stack)])
}

/** Where `.magos.yaml` is broken nobody knows whose a stack is: the first fault of it; null where there is none. */
export function settingsFault({ problems }: Pick<RepositoryView, 'problems'>): Problem | null {
  return (
    problems.find(({ file, severity }) => file === '.magos.yaml' && severity === 'error') ?? null
  )
}

/** Nothing is removed, and of what git seems to have dropped a person is told why. */
async function leaveAsIs(
  ctx: Context,
  view: RepositoryView,
  observed: ObservedState,
  fault: Problem,
): Promise<readonly StackResult[]> {
  const known = new Set([...ourContainers(ctx, observed).keys(), ...ctx.history.stacks()])
  const holds = await ctx.holds.all()
  const buried = new Set(ctx.tombstones.all().map(({ stack }) => stack))
  const left = [...known.difference(presentIn(view)).difference(buried)]
  const doubted = left.filter((stack) => !holds.has(stack))
  return doubted.map((stack) => {
    const aside = { stack, outcome: 'held', services: [], ...inDoubt(fault) } as const
    return setAside(ctx, view, aside)
  })
}

/** Why nobody believes that a stack left, and what a person can do. */
export function inDoubt({ file, line, column, message }: Problem): Why {
  return {
    reason: `it seems to have left the repository, but nobody can tell whose a stack is: ${file}:${line}:${column}: ${message}`,
    remedy: `Correct ${file}; until then it is left as it is`,
  }
}

/** By stack; another daemon's on this machine have another directory. */
export function ourContainers(
  { files }: Pick<PlanContext, 'files'>,
  { containers }: ObservedState,
): ReadonlyMap<string, readonly ObservedContainer[]> {
  const ours = containers.filter(({ labels }) => {
    const stack = labels[LABEL.stack]
    return stack !== undefined && files.owns(stack, labels[LABEL.home] ?? '')
  })
  return Map.groupBy(ours, ({ labels }) => labels[LABEL.stack] ?? '')
}

function tooMany({ log }: Context, stack: string, refused: readonly string[]) {
  const { reason, remedy } = toConfirm(refused)
  log.error({ stack, remedy }, `Stack runs on: ${reason}`)
  return { stack, outcome: 'held', services: [], reason, remedy } as const
}

/** Why stacks that left together run on, and what a person can do. */
export function toConfirm(refused: readonly string[]): Why {
  return {
    reason: `it left the repository together with ${refused.length - 1} others, which is more than a third of all: ${refused.join(', ')}`,
    remedy: 'Bring them back, or confirm with: magos sync --confirm-removals',
  }
}
