import type { ObservedContainer } from '../deployment.ts'
import type { DriftTerms } from './drift.ts'
import { keepsRunning } from './restart-policy.ts'
import { isUp } from './standing.ts'

/**
 * Containers of a stack that is down as a whole whose end nobody saw. How a one-shot ended says nothing of its stack, and
 * one that ran out of memory tells by itself, unless its engine would have started it again.
 */
export function unseenEnds({
  standing,
  containers,
  departures,
}: Pick<DriftTerms, 'standing' | 'containers' | 'departures'>): readonly ObservedContainer[] {
  if (containers.some(isUp)) return []
  const seen = new Set(departures.map(({ container }) => container))
  return containers.filter((container) => {
    const { running = 0, ended = 0 } = standing[container.service] ?? {}
    const isServer = running > 0 && ended === 0
    const isTold = container.end !== undefined && !keepsRunning(container)
    return isServer && container.state === 'exited' && !seen.has(container.id) && !isTold
  })
}
