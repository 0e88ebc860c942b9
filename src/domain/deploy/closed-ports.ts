import type { ObservedContainer } from '../deployment.ts'
import { publishedPorts } from './published-ports.ts'

/** A port of this host that a service wants and an ordinary user may not have. */
export interface ClosedPort {
  readonly service: string
  readonly port: number
}

/** The ports below `firstPort` that services publish by number. */
export function portsBelow(
  firstPort: number,
  services: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): readonly ClosedPort[] {
  return Object.entries(services).flatMap(([service, definition]) =>
    publishedPorts(definition).flatMap(({ port }) => (port < firstPort ? [{ service, port }] : [])),
  )
}

/** Whether one of the containers has such a port, so that whoever forwards ports here may, whatever the kernel says. */
export function holdsPortBelow(
  firstPort: number,
  containers: readonly Pick<ObservedContainer, 'state' | 'ports'>[],
): boolean {
  return containers.some(
    ({ state, ports }) => state === 'running' && ports.some(({ port }) => port < firstPort),
  )
}
