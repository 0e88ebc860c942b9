import { withJoining } from '../../src/domain/deploy/joined.ts'
import { isObstructing } from '../../src/domain/deploy/obstructing.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import { orphansOf } from './bring-up.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'

/**
 * What has to go before anything new comes: orphans that have what a new container needs (its port, its own name, or a
 * share in the one that it replaces, which then cannot be removed), and old containers that have what another service
 * is to have now. A service that was renamed, and a port that moved, would never come up else. A rollback makes them anew.
 */
export function inTheWay(resolved: ResolvedStack): readonly ObservedContainer[] {
  const { desired, containers } = resolved
  const changed = new Set(changedServices(resolved).map(({ name }) => name))
  const going = containers.filter(({ service }) => changed.has(service))
  const bound = withJoining(
    going.map(({ id }) => id),
    containers,
  )
  const needs = [...changed].map((name) => ({ name, of: desired.document.services[name] ?? {} }))
  const obstructs = (one: ObservedContainer) =>
    needs.some(({ name, of }) => name !== one.service && isObstructing(one, of))
  return [
    ...orphansOf(resolved).filter((one) => bound.includes(one.id) || obstructs(one)),
    ...going.filter(obstructs),
  ]
}
