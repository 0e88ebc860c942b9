import type { DesiredState } from '../../src/domain/deploy/desired-state.ts'
import { withJoining } from '../../src/domain/deploy/joined.ts'
import {
  dueReloads,
  reloadDeed,
  reloadReason,
  type Reload,
} from '../../src/domain/deploy/reload.ts'
import type { ObservedContainer, ServicePlan } from '../../src/domain/deployment.ts'
import type { Context, PlanContext } from '../context.ts'
import { isOpen, latestFailure } from './latest-failure.ts'
import { reloadOf } from './proof.ts'
import type { StackSource } from './read-stack.ts'

/** Running containers of a service that have to read its files again. */
export interface ServiceReload {
  readonly service: string
  readonly reload: Reload
  readonly ids: readonly string[]
}

/**
 * What kept services have to be told: their files differ from those that they were proven with, or nobody knows which
 * those were. What does not run reads them when it starts.
 */
export function planReloads(
  { history }: Pick<PlanContext, 'history'>,
  { stack }: StackSource,
  { services }: DesiredState,
  host: {
    readonly plan: readonly ServicePlan[]
    readonly containers: readonly ObservedContainer[]
  },
): readonly ServiceReload[] {
  // Whatever was applied since the proof may have told any container of any file.
  const inDoubt = isOpen(latestFailure(history, stack.name))
  const proven = inDoubt ? undefined : history.proven(stack.name)?.services
  const kept = new Set(host.plan.filter(({ action }) => action === 'keep').map(({ name }) => name))
  return services.flatMap(({ name, reloads }) => {
    if (!kept.has(name)) return []
    const running = host.containers.filter((one) => one.service === name && one.state === 'running')
    const ids = running.map(({ id }) => id)
    const due = ids.length === 0 ? [] : dueReloads(reloads, reloadOf(proven?.[name] ?? ''))
    return due.map((reload) => ({ service: name, reload, ids }))
  })
}

/** The plan with the reason why a service that is kept does not stay undisturbed. */
export function withReloads(
  plan: readonly ServicePlan[],
  reloads: readonly ServiceReload[],
): readonly ServicePlan[] {
  return plan.map((one) => {
    const due = reloads.filter(({ service }) => service === one.name)
    return due.length === 0
      ? one
      : {
          ...one,
          and: due.map(({ reload }) => reloadDeed(reload)),
          reasons: due.map(({ reload }) => reloadReason(reload)),
        }
  })
}

/** Lets running containers read their files again. */
export async function reloadServices(
  { engine, log }: Pick<Context, 'engine' | 'log'>,
  {
    reloads,
    containers,
  }: {
    readonly reloads: readonly ServiceReload[]
    readonly containers: readonly ObservedContainer[]
  },
  signal: AbortSignal,
): Promise<void> {
  for (const { service, reload, ids } of reloads) {
    log.info({ service }, `Keeping its container: ${reloadReason(reload)}`)
    if (reload.action === 'restart') await engine.restart(withJoining(ids, containers), signal)
    else await engine.kill(ids, reload.action, signal)
  }
}
