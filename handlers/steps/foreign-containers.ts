import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { HostSettings } from '../context.ts'
import type { ResolvedStack } from './resolve-stack.ts'

interface Held {
  readonly reason: string
  readonly remedy: string
}

/**
 * New volumes on day one would be an empty database: a project that somebody else's containers belong to is left
 * alone until the owner says where its directory is. Null where nothing stands in the way.
 */
export function foreignContainers(
  { directories }: HostSettings,
  { source, containers }: ResolvedStack,
): Held | null {
  const { stack, project } = source
  const foreign = containers.filter(({ labels }) => labels[LABEL.hash] === undefined)
  const [first] = foreign
  if (first === undefined || Object.hasOwn(directories, stack.name)) return null
  const directory = first.labels['com.docker.compose.project.working_dir'] ?? 'PATH'
  return {
    reason: `project "${project}" has containers that Magos did not make: ${foreign.map(({ name }) => name).join(', ')}`,
    remedy: `Name the directory that holds its data in the daemon's YAML: stacks: {${stack.name}: {directory: ${directory}}}`,
  }
}
