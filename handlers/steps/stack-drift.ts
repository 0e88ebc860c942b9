import { withEvent, type Departure } from '../../src/domain/deploy/departure.ts'
import { driftOf, type Drift } from '../../src/domain/deploy/drift.ts'
import { unseenEnds } from '../../src/domain/deploy/unseen-ends.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { Asked } from '../../src/domain/turn.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { PlanContext } from '../context.ts'
import { bearsOut } from './proof.ts'

/** How a stack's containers, those of its project, differ from what was proven. */
export function stackDrift(
  { upkeep, machine, now }: Pick<PlanContext, 'upkeep' | 'machine' | 'now'>,
  { stack, project, inputs, services }: ProvenState,
  containers: readonly ObservedContainer[],
  departures: readonly Departure[],
  asked: Asked = 'by-event',
): Drift {
  const standing = upkeep.standing(stack)
  const noted = upkeep.trouble(stack)
  const trouble = noted?.inputs === inputs ? noted : null
  const names = Object.keys(services)
  const stood = standing?.services ?? {}
  return driftOf({
    standing: Object.fromEntries(
      names.map((name) => [name, stood[name] ?? { running: 1, ended: 0 }]),
    ),
    containers,
    isProven: (container) => {
      const proof = services[container.service]
      return proof === undefined || bearsOut(proof, container)
    },
    departures: departures.filter((departure) => departure.project === project),
    asked,
    // Of what nobody remembers, nothing can be told but by a proof.
    now,
    boot: standing?.boot === machine.boot ? 'same' : 'another',
    tries: (trouble?.failures ?? 0) + (trouble?.mends ?? 0),
    failures: trouble?.failures ?? 0,
  })
}

/**
 * The departures with what the engine remembers of those that nobody saw. It is asked only where that decides whether
 * somebody stopped the whole stack.
 */
export async function allDepartures(
  ctx: Pick<PlanContext, 'upkeep' | 'machine' | 'engine' | 'now'>,
  proven: ProvenState,
  containers: readonly ObservedContainer[],
  departures: readonly Departure[],
  signal: AbortSignal,
): Promise<readonly Departure[]> {
  const { state } = stackDrift(ctx, proven, containers, departures)
  if (state !== 'stopped-by-hand' && state !== 'drifted') return departures
  const { services: standing = {} } = ctx.upkeep.standing(proven.stack) ?? {}
  const unseen = unseenEnds({ standing, containers, departures })
  const events = unseen.length === 0 ? [] : await ctx.engine.pastEvents(unseen, signal)
  return events.reduce(withEvent, departures)
}
