import type { Departure } from '../../src/domain/deploy/departure.ts'
import type { Deployment, ObservedState } from '../../src/domain/deployment.ts'
import type { Entered, FailedState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'
import { heldStack } from './held-stack.ts'
import { keepStack } from './keep-stack.ts'
import { failureGuidance, outcomeOf, reasonOf } from './latest-failure.ts'
import type { StackSource } from './read-stack.ts'
import { resolveLastGood, restoreStack } from './restore-stack.ts'
import { setAside } from './set-aside.ts'
import { news, newsUntold } from './stack-result.ts'

export interface RolledBack {
  /** What git says, which is what failed. */
  readonly source: StackSource
  readonly failed: FailedState
  readonly observed: ObservedState
  readonly departures: readonly Departure[]
  readonly act: Entered['act']
}

/**
 * Git still wants what failed here. Until it wants another thing, or a person asks, the last good state is the desired one:
 * where that is not what runs, it is brought back, once.
 */
export async function stayRolledBack(
  ctx: Context,
  view: RepositoryView,
  { source, failed, observed, departures, act }: RolledBack,
  signal: AbortSignal,
): Promise<StackResult> {
  const { history } = ctx
  const wasAside = history.aside(failed.stack) !== null
  if (wasAside) history.resume(failed.stack)
  if (failed.restored === 'due') {
    const log = ctx.log.child({ stack: failed.stack, commit: failed.commit })
    const restored = await act(() => restoreStack({ ...ctx, log }, failed, signal))
    return { ...news(givenUp(restored)), failure: restored }
  }
  const proven = history.proven(failed.stack)
  if (failed.restored === 'done' && proven !== null) {
    const resolve = () => resolveLastGood(ctx, failed, signal)
    const looked = { source, proven, observed, departures }
    const keeping = { ...looked, asked: 'by-event', act, resolve } as const
    const kept = await keepStack(ctx, keeping, signal)
    if (kept.kept === 'held') {
      return setAside(ctx, view, heldStack(failed.stack, kept.hold))
    }
    if (kept.kept === 'mended') {
      const { deployment, news: told } = kept
      const isWell = deployment.outcome === 'succeeded' || deployment.outcome === 'unchanged'
      const { services } = deployment
      const result = isWell ? { ...givenUp(failed), services } : deployment
      return { deployment: result, news: isWell ? 'news' : told, failure: failed }
    }
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
    ...failureGuidance(failed),
  }
}
