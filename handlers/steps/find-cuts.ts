import { cutContainers, type Cut } from '../../src/domain/deploy/network-care.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { Probe } from '../../src/domain/settings/probes.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { serviceProber } from './probe-services.ts'

/** The host at one instant: who cannot find names, and which ports are tried. */
export interface Looking {
  readonly state: ObservedState
  readonly nameless: readonly string[]
  readonly probes: readonly Probe[]
}

/** Containers of a stack's own that cannot be reached. */
export async function findCuts(
  ctx: Pick<Context, 'prober'>,
  { proven }: { readonly proven: Pick<ProvenState, 'project' | 'services'> },
  { state, nameless, probes }: Looking,
  signal: AbortSignal,
): Promise<readonly Cut[]> {
  const containers = state.containers.filter(
    (one) => one.project === proven.project && isRunning(one),
  )
  const own = { ...state, containers }
  const services = Object.keys(proven.services).map((name) => ({ name }))
  const ports = probes.map((probe) => ({ ...probe, check: null }))
  const looks = await serviceProber(ctx, services, ports)(own, signal)
  return cutContainers(own, looks, nameless)
}

export function isRunning({ state }: ObservedContainer): boolean {
  return state === 'running'
}
