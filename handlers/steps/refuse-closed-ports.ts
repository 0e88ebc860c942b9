import { holdsPortBelow, portsBelow } from '../../src/domain/deploy/closed-ports.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import { openPort } from '../../src/domain/doctor/kernel-setting.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { PlanContext } from '../context.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'

/**
 * An ordinary user's podman finds out that it may not have a port once the container is made, and the old one is gone.
 * Throws `stack` for one that a changed service publishes, unless a container of this host has such a port already.
 */
export async function refuseClosedPorts(
  { engine, machine }: Pick<PlanContext, 'engine' | 'machine'>,
  resolved: ResolvedStack,
  { containers }: ObservedState,
  signal: AbortSignal,
): Promise<void> {
  const firstPort = machine.firstPort()
  const { services } = resolved.desired.document
  const due = changedServices(resolved).map(({ name }) => [name, services[name] ?? {}] as const)
  const [closed] = portsBelow(firstPort, Object.fromEntries(due))
  if (closed === undefined || holdsPortBelow(firstPort, containers)) return
  const { name, rootless } = await engine.info(signal)
  if (name !== 'podman' || !rootless) return
  const { service, port } = closed
  throw new MagosError(
    'stack',
    `Deploy service "${service}": it publishes port ${port}, and this host lets an ordinary user listen from ${firstPort} on`,
    { remedy: `Let it have the port: ${openPort(port)}; or publish it at ${firstPort} or above` },
  )
}
