import type { ObservedContainer } from '../../../src/domain/deployment.ts'
import type { ProofLook, ProofTerms } from '../../../src/domain/deploy/proof-look.ts'
import { judge } from '../../../src/domain/deploy/verdict.ts'
import { container, service } from './container.ts'

/** `web` alone has to hold, in place of container `old`; the provider was done at 10 s. */
export const terms: ProofTerms = {
  services: [service()],
  replaced: new Set(['old']),
  settle: 2_000,
  settleUnchecked: 2_000,
  deadline: 30_000,
  since: 10_000,
  restarted: new Map([['c9', 7]]),
}

export function outcome(...seen: readonly ProofLook[]) {
  return judge(terms, seen).outcome
}

/** A one-shot that ended well. */
export function job(over: Partial<ObservedContainer> = {}): ObservedContainer {
  return container({ id: 'c2', service: 'job', state: 'exited', health: 'none', ...over })
}
