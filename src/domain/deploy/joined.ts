import type { Joining, ObservedContainer } from '../deployment.ts'

/**
 * The container that this one shares a namespace with and that was started anew since, so that this one is left in the
 * old one; null for none.
 */
export function leftBehindBy(
  container: ObservedContainer,
  containers: readonly ObservedContainer[],
): ObservedContainer | null {
  if (container.state !== 'running') return null
  for (const joining of container.joins) {
    const owner = containers.find((one) => isOwner(one, joining))
    if (owner !== undefined && isAnother(owner, container, joining)) return owner
  }
  return null
}

/** These containers and all that share with them, each behind those that it shares with. */
export function withJoining(
  ids: readonly string[],
  containers: readonly ObservedContainer[],
): readonly string[] {
  const all = new Set(ids)
  for (const id of all) {
    for (const one of containers) {
      if (ownersOf(one, containers).some((owner) => owner.id === id)) all.add(one.id)
    }
  }
  const ordered = new Set<string>()
  const add = (id: string, way: ReadonlySet<string>): void => {
    const container = containers.find((one) => one.id === id)
    for (const owner of container === undefined ? [] : ownersOf(container, containers)) {
      if (all.has(owner.id) && !way.has(owner.id)) add(owner.id, new Set([...way, id]))
    }
    ordered.add(id)
  }
  for (const id of all) add(id, new Set([id]))
  return [...ordered]
}

function ownersOf({ joins }: ObservedContainer, containers: readonly ObservedContainer[]) {
  return containers.filter((one) => joins.some((joining) => isOwner(one, joining)))
}

function isOwner({ id, name }: ObservedContainer, { container }: Joining): boolean {
  return container === id || container === name
}

/** A stop or a start by whomever counts its restarts from none again. */
function isAnother(
  { state, startedAt, restartCount }: ObservedContainer,
  joined: ObservedContainer,
  { lasts }: Joining,
): boolean {
  if (state !== 'running' || startedAt <= joined.startedAt) return false
  return lasts === 'one-start' || restartCount === 0
}
