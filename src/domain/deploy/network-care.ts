import type { ObservedContainer, ObservedState } from '../deployment.ts'
import { targetText, type ProbeLook } from './probe-targets.ts'

/** A container that runs and cannot be reached. */
export interface Cut {
  readonly id: string
  readonly service: string
  readonly reason: string
}

/** What is done about it, mildest first; each only where the one before did not help. */
export type Rung = 'reconnect' | 'restart' | 'make'

/** ms for which a container must have been up before it is stopped for want of an answer: it may be coming up. */
const PATIENCE = 60_000

/** Containers of one project that offer a port which takes no connection, or whose names nobody answers for. */
export function cutContainers(
  { containers }: ObservedState,
  looks: readonly ProbeLook[],
  nameless: readonly string[],
): readonly Cut[] {
  const failed = looks.flatMap(({ target, failure }) =>
    failure === null ? [] : [{ ...target, failure }],
  )
  return containers.filter(isUp).flatMap(({ id, service }) => {
    const port = failed.find((target) => target.service === service)
    if (port !== undefined) return [{ id, service, reason: `${targetText(port)}: ${port.failure}` }]
    return nameless.includes(id) ? [{ id, service, reason: 'nobody answers for its names' }] : []
  })
}

/** Whether what is milder has failed long enough for containers to be stopped. */
export function mayStop(cuts: readonly Cut[], { at, containers }: ObservedState): boolean {
  const ids = new Set(cuts.map(({ id }) => id))
  return containers
    .filter(({ id }) => ids.has(id))
    .every(({ startedAt }) => at - startedAt >= PATIENCE)
}

/** Whether none of them is on its way up still, when nobody can tell. */
export function areUp(cuts: readonly Cut[], { containers }: ObservedState): boolean {
  return cuts.every((cut) => containers.some((one) => one.id === cut.id && isUp(one)))
}

function isUp({ state, health }: ObservedContainer): boolean {
  return state === 'running' && health !== 'starting'
}
