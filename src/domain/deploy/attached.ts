import type { ObservedContainer, ServicePlan } from '../deployment.ts'
import { networksOf } from './definitions.ts'
import type { ComposeDocument } from './desired-state.ts'

interface Attachable {
  readonly plan: readonly ServicePlan[]
  /** Of a project. */
  readonly containers: readonly ObservedContainer[]
  /** Ids of containers that have to go before the provider makes them anew. */
  readonly remade: readonly string[]
}

/**
 * The stack with what somebody cut off a network planned anew: a provider looks at a container's configuration, which is
 * the same as ever, and would leave it where it is.
 */
export function withAttached<Stack extends Attachable>(
  stack: Stack,
  document: ComposeDocument,
  project: string,
): Stack {
  const kept = new Set(stack.plan.filter(({ action }) => action === 'keep').map(({ name }) => name))
  const reasons = new Map<string, string>()
  const cut: string[] = []
  for (const container of stack.containers) {
    const { id, service, state } = container
    if (!kept.has(service) || (state !== 'running' && state !== 'paused')) continue
    const wanted = networksOf(document, project, service)
    const [network] = missingNetworks(wanted, container)
    // Whose name is said otherwise than it is known here is on as many as it shall be.
    if (network === undefined || (container.networks ?? wanted).length >= wanted.length) continue
    cut.push(id)
    reasons.set(service, cutText(container, network))
  }
  if (cut.length === 0) return stack
  return {
    ...stack,
    remade: [...new Set([...stack.remade, ...cut])],
    plan: stack.plan.map((one): ServicePlan => {
      const reason = reasons.get(one.name)
      return reason === undefined ? one : { name: one.name, action: 'recreate', reasons: [reason] }
    }),
  }
}

/** Those of the networks that a container does not hang on; none where its engine does not tell. */
export function missingNetworks(
  wanted: readonly string[],
  { networks }: Pick<ObservedContainer, 'networks'>,
): readonly string[] {
  return networks === undefined ? [] : wanted.filter((name) => !networks.includes(name))
}

export function cutText({ name }: Pick<ObservedContainer, 'name'>, network: string): string {
  return `container ${name} does not hang on network "${network}" any more`
}
