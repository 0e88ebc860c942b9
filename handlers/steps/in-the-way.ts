import { withJoining } from '../../src/domain/deploy/joined.ts'
import { isSamePort, publishedPorts } from '../../src/domain/deploy/published-ports.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import { orphansOf } from './bring-up.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'

/**
 * Orphans that have what a new container needs: its port, its own name, or a share in the one that it replaces, which
 * then cannot be removed. A service that was renamed is such a pair, and would never come up beside what it was before.
 * A rollback makes them anew.
 */
export function inTheWay(resolved: ResolvedStack): readonly ObservedContainer[] {
  const definitions = changedServices(resolved).map(
    ({ name }) => resolved.desired.document.services[name] ?? {},
  )
  const ports = definitions.flatMap(publishedPorts)
  const names = new Set(definitions.map((service) => service['container_name']))
  const changed = new Set(changedServices(resolved).map(({ name }) => name))
  const going = resolved.containers.filter(({ service }) => changed.has(service))
  const bound = withJoining(
    going.map(({ id }) => id),
    resolved.containers,
  )
  return orphansOf(resolved).filter(
    (orphan) =>
      names.has(orphan.name) ||
      bound.includes(orphan.id) ||
      orphan.ports.some((theirs) => ports.some((port) => isSamePort(port, theirs))),
  )
}
