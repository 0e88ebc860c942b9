import type { ObservedState } from '../deployment.ts'
import type { DesiredService } from './desired-state.ts'
import { LABEL } from './labels.ts'
import { containersOf, type ProofLook, type ProofTerms } from './proof-look.ts'
import { comesBack } from './restart-policy.ts'
import { lookAtServices } from './service-look.ts'

/** ms for which every service has been good with the same containers, started at the same instants. */
export function steadyFor(terms: ProofTerms, seen: readonly ProofLook[]): number {
  const last = seen.at(-1)
  if (last === undefined) return 0
  const now = fingerprint(terms.services, last)
  let since = last.at
  for (const state of seen.toReversed()) {
    const good = lookAtServices(terms, state).every(({ state: found }) => found === 'good')
    if (!good || fingerprint(terms.services, state) !== now) break
    since = state.at
  }
  return last.at - since
}

/** ms for which a service has lacked its container or its start while nothing at all changed. */
export function stuckFor(terms: ProofTerms, seen: readonly ProofLook[]): number {
  const last = seen.at(-1)
  if (last === undefined) return 0
  const now = fingerprint(terms.services, last)
  let since = last.at
  for (const state of seen.toReversed()) {
    const isStuck = terms.services.some((service) => isUnmade(terms, service, state))
    if (!isStuck || fingerprint(terms.services, state) !== now) break
    since = state.at
  }
  return last.at - since
}

function isUnmade(
  { replaced }: ProofTerms,
  service: DesiredService,
  state: ObservedState,
): boolean {
  const containers = containersOf(service, state)
  if (containers.length < service.replicas) return true
  return containers.some(
    (container) =>
      replaced.has(container.id) ||
      container.labels[LABEL.hash] !== service.hash ||
      container.state === 'created' ||
      comesBack(container),
  )
}

function fingerprint(services: readonly DesiredService[], state: ObservedState): string {
  return services
    .flatMap((service) => containersOf(service, state))
    .map(({ id, startedAt, restartCount }) => `${id} ${startedAt} ${restartCount}`)
    .toSorted()
    .join('\n')
}
