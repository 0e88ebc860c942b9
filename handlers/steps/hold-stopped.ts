import type { Departure } from '../../src/domain/deploy/departure.ts'
import type { Drift } from '../../src/domain/deploy/drift.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { Hold } from '../../src/domain/hold.ts'
import type { Context, PlanContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { isChangedByPerson, type Since } from './changed-by-person.ts'
import type { PastContext } from './our-changes.ts'
import { containersOf } from './resolve-stack.ts'
import type { StackSource } from './read-stack.ts'
import { allDepartures, stackDrift } from './stack-drift.ts'

export type Stopped =
  | { readonly kept: 'as-it-is'; readonly reason: string }
  | { readonly kept: 'held'; readonly hold: Hold }

/** A machine that goes down stops everything, and nobody means it to stay so. */
export async function holdStopped(
  ctx: Context,
  { stack: { name }, tracked }: StackSource,
  reason: string,
  signal: AbortSignal,
): Promise<Stopped> {
  if (await ctx.machine.isEnding(signal)) {
    return { kept: 'as-it-is', reason: `${reason}, for the machine goes down` }
  }
  const hold: Hold = { kind: 'stopped-by-hand', by: 'magos', reason, at: ctx.now, tracked }
  await ctx.holds.hold(name, hold)
  const standing = ctx.upkeep.standing(name)
  // Once it is released nothing is as it was proven, and that is nobody's wish any more.
  if (standing !== null) ctx.upkeep.stand({ ...standing, boot: 'none' })
  ctx.log.warn({ stack: name }, `Stack held (stopped by hand): ${reason}`)
  return { kept: 'held', hold }
}

type StoppedByHand = Extract<Drift, { readonly state: 'stopped-by-hand' }>

export interface Updated extends Omit<Since, 'from'> {
  readonly observed: ObservedState
  readonly departures: readonly Departure[]
}

/** How a stack drifted that somebody stopped, and that only updates changed in git since it ran; null of any other. */
export async function stoppedBefore(
  ctx: PastContext & Pick<PlanContext, 'upkeep' | 'machine' | 'engine' | 'now'>,
  view: RepositoryView,
  { observed, departures, ...since }: Updated,
  signal: AbortSignal,
): Promise<StoppedByHand | null> {
  const { proven } = since
  const containers = containersOf(proven.project, observed)
  const all = await allDepartures(ctx, proven, containers, departures, signal)
  const drift = stackDrift(ctx, proven, containers, all)
  if (drift.state !== 'stopped-by-hand') return null
  const from = proven.commit
  return (await isChangedByPerson(ctx, view, { ...since, from }, signal)) ? null : drift
}
