import { networksOf } from '../../src/domain/deploy/definitions.ts'
import { standingOf } from '../../src/domain/deploy/standing.ts'
import type { Deployment, ObservedState, ServicePlan } from '../../src/domain/deployment.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { keepLastGood } from './keep-last-good.ts'
import { latestTrouble, timeAfter } from './latest-failure.ts'
import { layFiles } from './lay-files.ts'
import { bearsOut, proofOf, provenServices } from './proof.ts'
import { containersOf, type ResolvedStack } from './resolve-stack.ts'
import { news, newsUntold } from './stack-result.ts'
import type { StackResult } from '../stack-result.ts'

/** Every proven service still has a container that is what was proven; whether it runs is its owner's business. */
export function runsOn({ project, services }: ProvenState, observed: ObservedState): boolean {
  const containers = containersOf(project, observed)
  return Object.entries(services).every(([service, proof]) =>
    containers.some((container) => container.service === service && bearsOut(proof, container)),
  )
}

/**
 * Nothing has to be done. It is news all the same where a status tells of a trouble that is over.
 */
export function stillProven(
  ctx: Context,
  view: RepositoryView,
  proven: ProvenState,
  reason: string,
): StackResult {
  const { history } = ctx
  const { commit } = view.revision
  const { stack } = proven
  const result = unchanged(stack, [], reason)
  if (latestTrouble(history, stack) !== null) {
    history.prove({ ...proven, commit, at: timeAfter(history, stack, ctx.now) })
    return news(result)
  }
  return { deployment: result, news: newsUntold(ctx, view, proven) }
}

/** The containers are the proven ones; only files that no service reads may differ. */
export function isProvenAlready(
  { plan, desired, started }: ResolvedStack,
  proven: ProvenState | null,
): boolean {
  if (started.length > 0 || !plan.every(({ action }) => action === 'keep')) return false
  return desired.services.every(
    (service) => service.replicas === 0 || proven?.services[service.name] === proofOf(service),
  )
}

export async function proveAlready(
  ctx: Context,
  view: RepositoryView,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<StackResult> {
  const { source, provider, desired, plan, containers } = resolved
  const { stack, project, inputs } = source
  const { commit } = view.revision
  const at = timeAfter(ctx.history, stack.name, ctx.now)
  const services = provenServices(desired)
  const wasTrouble = latestTrouble(ctx.history, stack.name) !== null
  const names = desired.services.map(({ name }) => name)
  ctx.upkeep.stand({
    stack: stack.name,
    project,
    boot: ctx.machine.boot,
    services: standingOf(names, containers, (service) =>
      networksOf(desired.document, project, service),
    ),
  })
  await layFiles(ctx, resolved, ctx.log.child({ stack: stack.name, commit }), signal)
  const proven = { stack: stack.name, project, commit, inputs, services, at }
  const record = () => ctx.history.prove({ ...proven, provider: provider.name })
  await keepLastGood(ctx, resolved, { commit, at, containers }, record, signal)
  const deployment = unchanged(stack.name, plan, 'its containers are the desired ones')
  return { deployment, news: wasTrouble ? 'news' : 'known' }
}

function unchanged(stack: string, services: readonly ServicePlan[], reason: string): Deployment {
  return { stack, outcome: 'unchanged', services, reason }
}
