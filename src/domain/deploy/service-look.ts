import type { ObservedContainer, ObservedState } from '../deployment.ts'
import { inSeconds } from '../duration.ts'
import type { DesiredService } from './desired-state.ts'
import { LABEL } from './labels.ts'
import { targetText } from './probe-targets.ts'
import { containersOf, type ProofLook, type ProofTerms } from './proof-look.ts'
import { comesBack, keepsRunning } from './restart-policy.ts'

/** How one service stands at one instant, and why not well. */
interface ServiceLook {
  readonly state: 'good' | 'waiting' | 'broken'
  readonly reason: string
}

/** Every service of the proof at one instant: as the engine shows it, then whether it answers. */
export function lookAtServices(terms: ProofTerms, state: ProofLook): ServiceLook[] {
  return terms.services.map((service) => {
    const found = lookAtService(service, terms.replaced, state)
    return found.state === 'good' ? lookAtProbes(terms, service, state) : found
  })
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
    const within = late ? ` within ${inSeconds(target.deadline)}` : ''
    const reason = `${targetText(target)} of service "${service.name}" does not answer${within}: ${failure ?? ''}`
    return { state: late ? 'broken' : 'waiting', reason }
  })
  return looks.find(({ state }) => state === 'broken') ?? looks[0] ?? { state: 'good', reason: '' }
}
