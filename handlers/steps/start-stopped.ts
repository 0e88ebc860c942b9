import { withTied } from '../../src/domain/deploy/tied-plan.ts'
import { downText } from '../../src/domain/deploy/drift.ts'
import { keepsRunning } from '../../src/domain/deploy/restart-policy.ts'
import type { ObservedContainer, ServicePlan } from '../../src/domain/deployment.ts'
import type { Standing } from '../../src/ports.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/** The plan of a stack that is deployed: what stays as it is and does not run is started, but for jobs that are done. */
export function startStopped(resolved: ResolvedStack, standing: Standing | null): ResolvedStack {
  const kept = new Set(
    resolved.plan.filter(({ action }) => action === 'keep').map(({ name }) => name),
  )
  const isJob = (name: string) => (standing?.services[name]?.ended ?? 1) > 0
  const down = resolved.containers.filter(
    (one) => kept.has(one.service) && isDown(one) && !(isDone(one) && isJob(one.service)),
  )
  if (down.length === 0) return resolved
  const due = startedBy(resolved.plan, down)
  const all = new Set([...resolved.started, ...due.started])
  return withTied({ ...resolved, plan: due.plan, started: [...all] })
}

function startedBy(plan: ResolvedStack['plan'], down: readonly ObservedContainer[]) {
  const reasons = new Map(down.map((one) => [one.service, downText(one)]))
  return {
    started: [...reasons.keys()],
    plan: plan.map((one): ServicePlan => {
      const reason = reasons.get(one.name)
      return reason === undefined ? one : started(one, reason)
    }),
  }
}

/** The plan of a service that is kept and does not run, for that reason. */
export function started(
  { name, action, and = [], reasons }: ServicePlan,
  reason: string,
): ServicePlan {
  const others = and.length === 0 ? [] : reasons
  return { name, action, and: ['start', ...and], reasons: [`${reason}: it is started`, ...others] }
}

function isDown({ state }: ObservedContainer): boolean {
  return state === 'created' || state === 'exited' || state === 'dead' || state === 'stopping'
}

function isDone(container: ObservedContainer): boolean {
  const { state, exitCode } = container
  return state === 'exited' && exitCode === 0 && !keepsRunning(container)
}
