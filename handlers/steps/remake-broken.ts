import { withTied } from '../../src/domain/deploy/tied-plan.ts'
import type { ObservedContainer, ServicePlan } from '../../src/domain/deployment.ts'
import type { ProvenState } from '../../src/ports.ts'
import { provesMaking } from './proof.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/**
 * The plan after a failure: what the failed deployment left broken is made anew, for starting or judging the same
 * container again would only meet the same state. Services that are as they were proven stay as their owner left them.
 */
export function remakeBroken(resolved: ResolvedStack, proven: ProvenState | null): ResolvedStack {
  const { desired, containers, plan } = resolved
  const services = new Map(desired.services.map((service) => [service.name, service]))
  const isProven = (name: string) => {
    const service = services.get(name)
    return service !== undefined && provesMaking(proven?.services[name], service)
  }
  const broken = (name: string) =>
    containers.filter((container) => container.service === name && isBroken(container))
  const remade = plan
    .filter(({ name, action }) => action === 'keep' && !isProven(name))
    .flatMap(({ name }) => broken(name))
  const names = new Set(remade.map(({ service }) => service))
  return withTied({
    ...resolved,
    remade: [...resolved.remade, ...remade.map(({ id }) => id)],
    plan: plan.map((one) => (names.has(one.name) ? makeAnew(one.name) : one)),
  })
}

function makeAnew(name: string): ServicePlan {
  return { name, action: 'recreate', reasons: ['its container failed before'] }
}

/** Whether a container did not come to run well, or does not stay so. */
export function isBroken({ state, health, exitCode, restartCount }: ObservedContainer): boolean {
  if (state === 'running') return health === 'unhealthy' || restartCount > 0
  return state !== 'exited' || exitCode !== 0 || restartCount > 0
}
