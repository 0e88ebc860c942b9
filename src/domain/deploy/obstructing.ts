import type { ObservedContainer } from '../deployment.ts'
import { isSamePort, publishedPorts } from './published-ports.ts'

/** Whether a container has what a resolved service needs for one of its own: a port of the host, or its name. */
export function isObstructing(
  { name, ports }: Pick<ObservedContainer, 'name' | 'ports'>,
  service: Readonly<Record<string, unknown>>,
): boolean {
  if (service['container_name'] === name) return true
  const wanted = publishedPorts(service)
  return ports.some((theirs) => wanted.some((port) => isSamePort(port, theirs)))
}
