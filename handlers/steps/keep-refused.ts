import type { MagosError } from '../../src/domain/error.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { Departure } from '../../src/domain/deploy/departure.ts'
import type { Entered } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { heldStack } from './held-stack.ts'
import { keepStack } from './keep-stack.ts'
import { isOpen, latestFailure } from './latest-failure.ts'
import { sourceOf } from './resolve-kept.ts'
import { resolveReady } from './restore-stack.ts'
import { refusal, setAside } from './set-aside.ts'
import { stackFault } from './stack-fault.ts'
import type { StackResult } from '../stack-result.ts'

export interface Refused {
  readonly stack: string
  /** Why. */
  readonly fault: MagosError
  readonly observed: ObservedState
  readonly departures: readonly Departure[]
  readonly act: Entered['act']
}

/**
 * What git says of a stack is refused, and what was proven last runs on: it is kept as any other is, started after a boot
 * and put right where it drifted.
 */
export async function keepRefused(
  ctx: Context,
  view: RepositoryView,
  { stack, fault, observed, departures, act }: Refused,
  signal: AbortSignal,
): Promise<StackResult> {
  const { history } = ctx
  const told = (now: ObservedState) => setAside(ctx, view, refusal(ctx, stack, fault, now))
  const proven = history.proven(stack)
  const isHeld = (await ctx.holds.held(stack)) !== null
  if (proven === null || isHeld || isOpen(latestFailure(history, stack))) return told(observed)
  try {
    const last = await ctx.lastGood.recall(stack, proven.inputs)
    if (last === null) return told(observed)
    const source = sourceOf(ctx, last)
    const resolve = () => resolveReady(ctx, last, observed, signal)
    const looked = { source, proven, observed, departures }
    const keeping = { ...looked, asked: 'by-event', act, resolve } as const
    const kept = await keepStack(ctx, keeping, signal)
    if (kept.kept === 'held') return setAside(ctx, view, heldStack(stack, kept.hold))
    if (kept.kept === 'as-it-is') return told(observed)
    const { outcome } = kept.deployment
    if (outcome !== 'succeeded' && outcome !== 'unchanged') return kept
    return told(await ctx.engine.observe(signal))
  } catch (error) {
    signal.throwIfAborted()
    const another = stackFault(error)
    if (another === null) throw error
    const { message, remedy } = another
    ctx.log.error({ stack, remedy, error: another }, `Last good state cannot be kept: ${message}`)
    return told(observed)
  }
}
