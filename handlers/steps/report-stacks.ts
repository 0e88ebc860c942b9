import { isTouched, type Deployment } from '../../src/domain/deployment.ts'
import type { DeploymentReport, StatusReport } from '../../src/domain/event.ts'
import type { Revision } from '../../src/domain/revision.ts'
import type { History } from '../../src/ports.ts'
import type { Context } from '../context.ts'

/** What became of all stacks of the host together. */
export function hostReport(
  { host }: Context,
  { commit }: Revision,
  deployments: readonly Pick<Deployment, 'outcome'>[],
): StatusReport {
  const context = `magos/${host.name}`
  const state = stateOf(deployments)
  return { kind: 'status', commit, context, state, description: summary(deployments) }
}

export function stackReport(
  { host }: Context,
  { commit }: Revision,
  deployment: Deployment,
): StatusReport {
  const context = `magos/${host.name}/${deployment.stack}`
  const state = stateOf([deployment])
  return { kind: 'status', commit, context, state, description: description(deployment.reason) }
}

/** Only of what did something: a stack that was left as it runs is no deployment to anybody. */
export function deploymentReport(
  { host, history }: Context,
  { commit }: Revision,
  { stack, outcome, services, reason }: Deployment,
  pass: 'arrived' | 'again',
): readonly DeploymentReport[] {
  const touched = outcome !== 'held' && services.some(isTouched)
  // A process that died behind its deployment told nobody; whoever knows it already is told nothing twice.
  const untold =
    pass === 'arrived' && outcome === 'unchanged' && wasDeployed(history, stack, commit)
  if (!untold && (!touched || outcome === 'unchanged')) return []
  const context = `${host.name}/${stack}`
  const state = outcome === 'succeeded' || untold ? 'success' : 'failure'
  return [{ kind: 'deployment', commit, context, state, description: description(reason) }]
}

/** Whether the newest deployment of the stack was of that commit, and went well. */
export function wasDeployed(history: History, stack: string, commit: string): boolean {
  const latest = history.deployments(1_000).find((one) => one.stack === stack)
  return latest?.commit === commit && latest.outcome === 'succeeded'
}

function stateOf(deployments: readonly Pick<Deployment, 'outcome'>[]): StatusReport['state'] {
  if (deployments.some(({ outcome }) => outcome === 'failed' || outcome === 'rolled-back')) {
    return 'failure'
  }
  return deployments.some(({ outcome }) => outcome === 'held') ? 'pending' : 'success'
}

function summary(deployments: readonly Pick<Deployment, 'outcome'>[]): string {
  const counts = [...Map.groupBy(deployments, ({ outcome }) => outcome)].map(
    ([outcome, list]) => `${list.length} ${outcome}`,
  )
  return description(counts.length === 0 ? 'no stacks on this host' : counts.toSorted().join(', '))
}

/** GitHub takes 140 characters; none is cut in half. */
function description(text: string): string {
  if (text.length <= 140) return text
  const kept = text.slice(0, 139)
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`
}
