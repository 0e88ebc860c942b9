import type { Departure } from '../../src/domain/deploy/departure.ts'
import { driftOf, type Drift } from '../../src/domain/deploy/drift.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { PlanContext } from '../context.ts'
import { bearsOut } from './proof.ts'

/** How a stack's containers, those of its project, differ from what was proven. */
export function stackDrift(
  { upkeep, machine }: Pick<PlanContext, 'upkeep' | 'machine'>,
  { stack, project, inputs, services }: ProvenState,
  containers: readonly ObservedContainer[],
  departures: readonly Departure[],
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
    // Of what nobody remembers, nothing can be told but by a proof.
    boot: standing?.boot === machine.boot ? 'same' : 'another',
    tries: (trouble?.failures ?? 0) + (trouble?.mends ?? 0),
    failures: trouble?.failures ?? 0,
  })
}
