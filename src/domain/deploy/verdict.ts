import type { ObservedContainer, ObservedState } from '../deployment.ts'
import type { DesiredService } from './desired-state.ts'
import { LABEL } from './labels.ts'
import { targetText, type ProbeLook } from './probe-targets.ts'

export type Verdict =
  | { readonly outcome: 'undecided'; readonly reason: string }
  | { readonly outcome: 'succeeded'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string }

export interface ProofTerms {
  /** Services that have to hold. */
  readonly services: readonly DesiredService[]
  /** Ids of containers that had to go: while one is there, nothing is proven and nothing it does counts. */
  readonly replaced: ReadonlySet<string>
  /** ms of stillness where every container that runs has a health check or a probe, or none runs any more. */
  readonly settle: number
  /** The same where one that runs has neither: only time tells then. */
  readonly settleUnchecked: number
  /** ms from `since` after which what is not proven has failed. */
  readonly deadline: number
  /** ms since the epoch when the provider had done its part. */
  readonly since: number
  /** Restarts that containers had behind them before anything was done, by id: those are no part of this. */
  readonly restarted: ReadonlyMap<string, number>
}

/** The project at one instant, and what was tried of it then. */
export interface ProofLook extends ObservedState {
  readonly probes?: readonly ProbeLook[]
}

/**
 * Proof by inspection: every service on exactly the pinned digest, healthy where it has a check, its ports and probes
 * answering, its containers the same and unrestarted over the settle window. Never because a command exited 0.
 *
 * `seen` are the looks at the project so far, oldest first.
 */
export function judge(terms: ProofTerms, seen: readonly ProofLook[]): Verdict {
  const last = seen.at(-1)
  if (last === undefined) return { outcome: 'undecided', reason: 'nothing was looked at yet' }
  const now = look(terms, last)
  const broken = now.find(({ state }) => state === 'broken') ?? crashLoop(terms, seen)
  if (broken !== undefined) return { outcome: 'failed', reason: broken.reason }
  const waiting = now.find(({ state }) => state === 'waiting')
  if (waiting === undefined) {
    const checked = checkedOf(terms, last)
    const window = checked.some(({ by }) => by === 'nobody') ? terms.settleUnchecked : terms.settle
    if (steadyFor(terms, seen) >= window) {
      return { outcome: 'succeeded', reason: success(checked, window) }
    }
  }
  const reason = waiting?.reason ?? 'every service holds, the settle window is not over'
  if (last.at - terms.since >= terms.deadline) {
    return { outcome: 'failed', reason: `not proven within ${seconds(terms.deadline)}: ${reason}` }
  }
  const still = stuckFor(terms, seen)
  return still >= Math.max(terms.settle, STUCK)
    ? { outcome: 'failed', reason: `${reason}, and nothing changed for ${seconds(still)}` }
    : { outcome: 'undecided', reason }
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

interface ServiceLook {
  readonly state: 'good' | 'waiting' | 'broken'
  readonly reason: string
}

function look(terms: ProofTerms, state: ProofLook): ServiceLook[] {
  return terms.services.map((service) => {
    const found = lookAtService(service, terms.replaced, state)
    return found.state === 'good' ? lookAtProbes(terms, service, state) : found
  })
}

function lookAtProbes(
  { since }: ProofTerms,
  service: DesiredService,
  { at, probes = [] }: ProofLook,
): ServiceLook {
  const failed = probes.filter(
    ({ target, failure }) => target.service === service.name && failure !== null,
  )
  const looks = failed.map(({ target, failure }): ServiceLook => {
    const late = target.deadline !== null && at - since >= target.deadline
    const within = late ? ` within ${seconds(target.deadline)}` : ''
    const reason = `${targetText(target)} of service "${service.name}" does not answer${within}: ${failure ?? ''}`
    return { state: late ? 'broken' : 'waiting', reason }
  })
  return looks.find(({ state }) => state === 'broken') ?? looks[0] ?? { state: 'good', reason: '' }
}

function lookAtService(
  service: DesiredService,
  replaced: ReadonlySet<string>,
  state: ObservedState,
): ServiceLook {
  const containers = containersOf(service, state)
  if (containers.some(({ id }) => replaced.has(id))) {
    return { state: 'waiting', reason: `service "${service.name}" still runs its old container` }
  }
  if (containers.length < service.replicas) {
    return {
      state: 'waiting',
      reason: `service "${service.name}" has ${containers.length} of ${service.replicas} containers`,
    }
  }
  const looks = containers.map((container) => lookAtContainer(service, container))
  return (
    looks.find(({ state: found }) => found === 'broken') ??
    looks.find(({ state: found }) => found === 'waiting') ?? { state: 'good', reason: '' }
  )
}

function lookAtContainer(service: DesiredService, container: ObservedContainer): ServiceLook {
  const name = `service "${service.name}"`
  if (container.labels[LABEL.hash] !== service.hash) {
    return { state: 'waiting', reason: `${name} runs a container of another configuration` }
  }
  const digest = service.source === 'pulled' ? service.image?.digest : undefined
  if (digest && !container.digests.includes(digest)) {
    return {
      state: 'broken',
      reason: `${name} runs ${container.digests.join(', ') || container.image}, not ${digest}`,
    }
  }
  if (container.state !== 'running') return lookAtStopped(service, container)
  if (container.health === 'unhealthy') return { state: 'broken', reason: `${name} is unhealthy` }
  return container.health === 'starting'
    ? { state: 'waiting', reason: `${name} is not healthy yet` }
    : { state: 'good', reason: '' }
}

function lookAtStopped(service: DesiredService, container: ObservedContainer): ServiceLook {
  const name = `service "${service.name}"`
  const exited = container.state === 'exited' || container.state === 'dead'
  if (exited && container.startedAt > 0 && !keepsRunning(container)) {
    if (container.exitCode !== 0) {
      const state = comesBack(container) ? 'waiting' : 'broken'
      return { state, reason: `${name} exited with ${container.exitCode}` }
    }
    const { lasting } = service
    if (lasting === null) return { state: 'good', reason: '' }
    return {
      state: 'broken',
      reason: `${name} exited with 0 and is no one-shot: ${lasting}; ${ONE_SHOT}`,
    }
  }
  const state = container.state === 'created' ? 'was never started' : `is ${container.state}`
  return { state: 'waiting', reason: `${name} ${state}` }
}

const ONE_SHOT = 'others wait for a one-shot with service_completed_successfully'

/** `on-failure` starts it again, unless its tries are used up: then it stays as it is. */
function comesBack({ restarts, state, exitCode }: ObservedContainer): boolean {
  return restarts === 'on-failure' && state === 'exited' && exitCode !== 0
}

function keepsRunning({ restarts }: ObservedContainer): boolean {
  return restarts === 'always' || restarts === 'unless-stopped'
}

/** Restarts after which a container counts as looping; podman restarts without any back-off. */
const LOOP_RESTARTS = 3
/** Settle windows that what waits for another service by dying has before it is taken for a loop. */
const LOOP_WINDOWS = 3

/** A container that keeps dying flaps between running and exited, so only its restarts over time tell. */
function crashLoop(
  { services, replaced, restarted, since, settle }: ProofTerms,
  seen: readonly ProofLook[],
): ServiceLook | undefined {
  const at = seen.at(-1)?.at ?? since
  if (at - since < LOOP_WINDOWS * settle) return undefined
  for (const service of services) {
    const looks = seen.flatMap((state) => containersOf(service, state))
    for (const [id, runs] of Map.groupBy(looks, (container) => container.id)) {
      const restarts = restartsOf(runs, restarted.get(id))
      if (replaced.has(id) || restarts < LOOP_RESTARTS || holdsNow(runs.at(-1), at - settle / 2))
        continue
      const last = runs.findLast(({ state }) => state !== 'running')
      const exit = last === undefined ? '' : `, last exit code ${last.exitCode}`
      const reason = `service "${service.name}" keeps crashing: ${restarts} restarts${exit}`
      return { state: 'broken', reason }
    }
  }
  return undefined
}

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

/** ms after which nobody will start any more what the provider, which is done, did not start. */
const STUCK = 5_000

/** ms for which a service has lacked its container or its start while nothing at all changed. */
function stuckFor(terms: ProofTerms, seen: readonly ProofLook[]): number {
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

/** ms for which every service has been good with the same containers, started at the same instants. */
function steadyFor(terms: ProofTerms, seen: readonly ProofLook[]): number {
  const last = seen.at(-1)
  if (last === undefined) return 0
  const now = fingerprint(terms.services, last)
  let since = last.at
  for (const state of seen.toReversed()) {
    const good = look(terms, state).every(({ state: found }) => found === 'good')
    if (!good || fingerprint(terms.services, state) !== now) break
    since = state.at
  }
  return last.at - since
}

function fingerprint(services: readonly DesiredService[], state: ObservedState): string {
  return services
    .flatMap((service) => containersOf(service, state))
    .map(({ id, startedAt, restartCount }) => `${id} ${startedAt} ${restartCount}`)
    .toSorted()
    .join('\n')
}

function containersOf(service: DesiredService, state: ObservedState): ObservedContainer[] {
  return state.containers.filter((container) => container.service === service.name)
}

interface CheckedContainer {
  /** Who says that it is well. */
  readonly by: 'check' | 'nobody'
}

/** Those that run: what has done its work and ended needs nobody who watches it, and no time tells more of it. */
function checkedOf({ services }: ProofTerms, state: ProofLook): readonly CheckedContainer[] {
  const named = (state.probes ?? []).filter(({ target }) => target.source === 'named')
  const probed = new Set(named.map(({ target }) => target.service))
  return services
    .flatMap((service) => containersOf(service, state))
    .filter((container) => container.state === 'running')
    .map(({ health, service }) => ({
      by: health === 'healthy' || probed.has(service) ? 'check' : 'nobody',
    }))
}

function success(containers: readonly CheckedContainer[], window: number): string {
  if (containers.length === 0) return `nothing is left to run, steady for ${seconds(window)}`
  const checked = containers.filter(({ by }) => by === 'check').length
  if (checked === containers.length) {
    return `healthy and steady for ${seconds(window)}`
  }
  const all = `steady for ${seconds(window)}`
  return checked === 0
    ? `${all}, not health-checked`
    : `${all}, ${checked} of ${containers.length} health-checked`
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}
