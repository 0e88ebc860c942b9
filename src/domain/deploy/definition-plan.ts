import type { ObservedContainer, ServicePlan } from '../deployment.ts'
import { changedSince, markOf } from './definition-mark.ts'
import { networksOf, withLabels, type Definition } from './definitions.ts'
import type { ComposeDocument } from './desired-state.ts'
import { LABEL } from './labels.ts'
import { shownOtherwise, type ShownDefinition } from './shown-definition.ts'

/** A definition, and what of its name is here; null where nothing is. */
export interface Comparison {
  readonly definition: Definition
  readonly shown: ShownDefinition | null
  /** Keys of which what is here is otherwise; none where it is as it is defined. */
  readonly changed: readonly string[]
}

/** Compares by the mark that Magos left on what was made of it, and by what is shown where there is none. */
export function compareDefinitions(
  definitions: readonly Definition[],
  shown: readonly ShownDefinition[],
): readonly Comparison[] {
  return definitions.map((definition) => {
    const { kind, name } = definition
    const here = shown.find((one) => one.kind === kind && one.name === name) ?? null
    if (here === null) return { definition, shown: null, changed: [] }
    const mark = here.labels[LABEL.definition]
    const changed =
      mark === undefined ? shownOtherwise(definition, here) : changedSince(mark, definition)
    return { definition, shown: here, changed }
  })
}

/**
 * The document with marks on what will be made of it. What is here stays marked as it is, or unmarked: Compose since 2.33
 * takes another label for another definition, and would make a network anew and ask whether to throw a volume away.
 */
export function withMarks(
  document: ComposeDocument,
  comparisons: readonly Comparison[],
  made: ReadonlySet<Definition>,
): ComposeDocument {
  const marks = comparisons.flatMap(({ definition, shown }) => {
    const isMade = shown === null || made.has(definition)
    const mark = isMade ? markOf(definition) : shown.labels[LABEL.definition]
    return mark === undefined ? [] : [[definition, { [LABEL.definition]: mark }] as const]
  })
  return withLabels(document, new Map(marks))
}

interface Hanging {
  readonly plan: readonly ServicePlan[]
  /** Of a project. */
  readonly containers: readonly ObservedContainer[]
  /** Ids of containers that have to go first. */
  readonly remade: readonly string[]
  /** Names of networks that go behind those. */
  readonly staleNetworks: readonly string[]
}

/** The stack with these networks made anew, and for that all that hangs on them. */
export function withNetworksAnew<Stack extends Hanging>(
  stack: Stack,
  networks: readonly Comparison[],
  document: ComposeDocument,
  project: string,
): Stack {
  const names = networks.map(({ definition }) => definition.name)
  const onThem = (container: ObservedContainer) => {
    const on = container.networks ?? networksOf(document, project, container.service)
    return networks.filter(({ definition }) => on.includes(definition.name))
  }
  const going = stack.containers.filter((one) => onThem(one).length > 0)
  return {
    ...stack,
    staleNetworks: [...new Set([...stack.staleNetworks, ...names])],
    remade: [...new Set([...stack.remade, ...going.map(({ id }) => id)])],
    plan: stack.plan.map((one): ServicePlan => {
      const own = going.filter(({ service }) => service === one.name)
      if (own.length === 0 || one.action === 'remove') return one
      const reasons = [...new Set(own.flatMap(onThem))].map(
        ({ definition, changed }) => `network "${definition.name}" changed: ${changed.join(', ')}`,
      )
      const others = one.action === 'keep' ? [] : one.reasons
      return { name: one.name, action: 'recreate', reasons: [...others, ...reasons] }
    }),
  }
}
