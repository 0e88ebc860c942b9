import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { HostSettings } from '../context.ts'
import type { StackSource } from './read-stack.ts'
import type { ResolvedStack } from './resolve-stack.ts'

interface Held {
  readonly reason: string
  readonly remedy: string
}

/**
 * New volumes on day one would be an empty database: a project that somebody else's containers belong to, or whose
 * data our own label finds in another directory, is left alone until the owner says where its directory is. Null where
 * nothing stands in the way.
 */
export function foreignContainers(
  { directories, adopting }: HostSettings,
  { source, containers }: ResolvedStack,
): Held | null {
  const { name } = source.stack
  if (Object.hasOwn(directories, name) || adopting.includes(name)) return null
  return notOurs(source, containers) ?? elsewhere(source, containers)
}

function notOurs(
  { stack, project }: StackSource,
  containers: readonly ObservedContainer[],
): Held | null {
  const foreign = containers.filter(({ labels }) => labels[LABEL.hash] === undefined)
  const [first] = foreign
  if (first === undefined) return null
  const directory = first.labels['com.docker.compose.project.working_dir'] ?? 'PATH'
  return {
    reason: `project "${project}" has containers that Magos did not make: ${foreign.map(({ name }) => name).join(', ')}`,
    remedy: `Name the directory that holds its data in the daemon's YAML: stacks: {${stack.name}: {directory: ${directory}}}; or take it over from there: {directory: adopt}. A daemon that runs reads it when it starts anew`,
  }
}

/** A stack that was renamed, or a daemon with another data directory, would begin on empty bind mounts. */
function elsewhere(
  { stack, project, home }: StackSource,
  containers: readonly ObservedContainer[],
): Held | null {
  const homes = containers.flatMap(({ labels }) => labels[LABEL.home] ?? [])
  const there = homes.find((one) => one !== home)
  if (there === undefined) return null
  return {
    reason: `containers of project "${project}" have their data in "${there}", and the stack's directory is now "${home}"`,
    remedy: `Name the directory that holds its data in the daemon's YAML: stacks: {${stack.name}: {directory: ${there}}}; or take the containers down and move the data to "${home}"`,
  }
}
