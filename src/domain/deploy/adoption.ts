import type { ObservedContainer } from '../deployment.ts'
import { LABEL } from './labels.ts'

export type Adoption =
  /** Nobody else made containers of the project. */
  | { readonly outcome: 'none' }
  | { readonly outcome: 'adopt'; readonly directory: string }
  | { readonly outcome: 'refused'; readonly reason: string }

const WORKING_DIR = 'com.docker.compose.project.working_dir'

/**
 * The directory that a project was started in by whoever made its containers: one and the same for all of them, absolute,
 * and no other project's. `containers` are those of every project.
 */
export function adoptionOf(project: string, containers: readonly ObservedContainer[]): Adoption {
  const own = containers.filter((one) => one.project === project)
  const known = own.flatMap(({ labels }) => labels[LABEL.home] ?? [])
  const foreign = own.filter(({ labels }) => labels[LABEL.hash] === undefined)
  // What Magos adopted before tells by its own label, whatever was started beside it since.
  const [home] = known
  if (home !== undefined) return { outcome: 'adopt', directory: home }
  if (foreign.length === 0) return { outcome: 'none' }
  const silent = foreign.find(({ labels }) => !labels[WORKING_DIR])
  if (silent !== undefined) {
    return refused(`container ${silent.name} does not tell the directory that it was started in`)
  }
  const directories = [...new Set(foreign.map(({ labels }) => labels[WORKING_DIR] ?? ''))]
  const [directory = '', ...more] = directories
  if (more.length > 0) {
    return refused(`its containers were started in several directories: ${directories.join(', ')}`)
  }
  if (!directory.startsWith('/')) {
    return refused(`its containers were started in "${directory}", which is no absolute path`)
  }
  const other = containers.find(
    (one) => one.project !== project && one.labels[WORKING_DIR] === directory,
  )
  return other === undefined
    ? { outcome: 'adopt', directory }
    : refused(`"${directory}" is the directory of project "${other.project}" as well`)
}

function refused(reason: string): Adoption {
  return { outcome: 'refused', reason }
}
