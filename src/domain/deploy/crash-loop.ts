import type { ObservedContainer, ObservedState } from '../deployment.ts'
import { containersOf, type ProofLook, type ProofTerms } from './proof-look.ts'

/** A container that keeps dying flaps between running and exited, so only its restarts over time tell. null where none does. */
export function crashLoop(
  { services, replaced, restarted, since, settle }: ProofTerms,
  seen: readonly ProofLook[],
): string | null {
  const at = seen.at(-1)?.at ?? since
  if (at - since < LOOP_WINDOWS * settle) return null
  for (const service of services) {
    const looks = seen.flatMap((state) => containersOf(service, state))
    for (const [id, runs] of Map.groupBy(looks, (container) => container.id)) {
      const restarts = restartsOf(runs, restarted.get(id))
      if (replaced.has(id) || restarts < LOOP_RESTARTS || holdsNow(runs.at(-1), at - settle / 2))
        continue
      const last = runs.findLast(({ state }) => state !== 'running')
      const exit = last === undefined ? '' : `, last exit code ${last.exitCode}`
      return `service "${service.name}" keeps crashing: ${restarts} restarts${exit}`
    }
  }
  return null
}

/** Containers that keep dying, which podman starts again without any back-off. */
export function loopingContainers(
  { services, restarted }: Pick<ProofTerms, 'services' | 'restarted'>,
  seen: readonly ObservedState[],
): readonly string[] {
  const looks = services.flatMap((service) => seen.flatMap((state) => containersOf(service, state)))
  return [...Map.groupBy(looks, ({ id }) => id)]
    .filter(([id, runs]) => restartsOf(runs, restarted.get(id)) >= LOOP_RESTARTS)
    .map(([id]) => id)
}

/** Restarts after which a container counts as looping; podman restarts without any back-off. */
const LOOP_RESTARTS = 3
/** Settle windows that what waits for another service by dying has before it is taken for a loop. */
const LOOP_WINDOWS = 3

/** It died before, and has run since then for long enough to be given the settle window. */
function holdsNow(last: ObservedContainer | undefined, since: number): boolean {
  return last?.state === 'running' && last.startedAt > 0 && last.startedAt <= since
}

/** What the engine counts since, or as many times as the container was seen to start anew. */
function restartsOf(runs: readonly ObservedContainer[], before = 0): number {
  const counted = Math.max(...runs.map(({ restartCount }) => restartCount)) - before
  const starts = new Set(runs.map(({ startedAt }) => startedAt).filter((at) => at > 0))
  return Math.max(counted, starts.size - 1)
}
