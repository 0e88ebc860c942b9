import type { Departure } from '../../src/domain/deploy/departure.ts'
import type { Drift, Fault } from '../../src/domain/deploy/drift.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { StatusContext } from '../context.ts'
import { containersOf } from './resolve-stack.ts'
import { stackDrift } from './stack-drift.ts'

interface Looked {
  readonly observed: ObservedState
  readonly departures: readonly Departure[]
}

/** How what runs on differs from what was proven; empty where it does not. */
export function driftText(
  ctx: StatusContext,
  proven: ProvenState | null,
  observed: ObservedState,
): string {
  const words =
    proven === null ? '' : driftWords(driftNow(ctx, proven, { observed, departures: [] }))
  return words === '' ? '' : `; what was proven does not run as it did: ${words}`
}

export function driftNow(
  ctx: StatusContext,
  proven: ProvenState,
  { observed, departures }: Looked,
): Drift {
  return stackDrift(ctx, proven, containersOf(proven.project, observed), departures)
}

export function driftWords(drift: Drift): string {
  if (drift.state === 'none' || drift.state === 'moving') return ''
  return drift.faults
    .map(({ service, reason }: Fault) => `service "${service}": ${reason}`)
    .join('; ')
}

/** Why a stack has to be proven anew though nothing of it may be wrong. */
export function whyUnproven({ upkeep, machine }: StatusContext, stack: string): string {
  const known = upkeep.standing(stack)
  if (known === null) return 'to be proven again, for nobody remembers how its containers stood'
  // What is noted while its containers are worked on is no boot's name.
  return known.boot !== TOUCHED && known.boot !== machine.boot
    ? 'to be proven again, for the machine came up since'
    : 'to be proven again, for Magos was at its containers since'
}

const TOUCHED = 'none'
