import { adoptionOf } from '../../src/domain/deploy/adoption.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { StackFiles } from '../../src/ports.ts'
import type { PlanContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'

export type Adopted =
  /** What is told of the stack's directory from now on, or would be. */
  | { readonly outcome: 'ready'; readonly files: StackFiles }
  | { readonly outcome: 'held'; readonly reason: string; readonly remedy: string }

/**
 * Takes over the directory in which a person started the stack, where the owner of this host wants that. `look` writes
 * nothing down.
 */
export async function adoptStack(
  { host, files }: Pick<PlanContext, 'host' | 'files'>,
  view: RepositoryView,
  stack: Stack,
  { containers }: ObservedState,
  purpose: 'keep' | 'look',
  signal: AbortSignal,
): Promise<Adopted> {
  if (!host.adopting.includes(stack.name)) return { outcome: 'ready', files }
  const project = view.project(stack)
  const adoption = adoptionOf(project, containers)
  if (adoption.outcome === 'none') return { outcome: 'ready', files }
  const { name } = stack
  if (adoption.outcome === 'refused') return held(name, project, adoption.reason)
  const { directory } = adoption
  if (files.home(name) === directory) return { outcome: 'ready', files }
  const adopted = await files.adopt(name, { directory, purpose }, signal)
  if (adopted.outcome === 'refused') return held(name, project, adopted.reason)
  return { outcome: 'ready', files: { ...files, ...adopted.files } }
}

function held(stack: string, project: string, reason: string): Adopted {
  return {
    outcome: 'held',
    reason: `project "${project}" cannot be adopted: ${reason}`,
    remedy: `Name the directory that holds its data in the daemon's YAML: stacks: {${stack}: {directory: PATH}}`,
  }
}
