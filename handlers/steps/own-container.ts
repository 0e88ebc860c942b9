import type { ObservedState } from '../../src/domain/deployment.ts'
import type { PlanContext } from '../context.ts'
import { containersOf } from './resolve-stack.ts'

interface Refusal {
  readonly reason: string
  readonly remedy: string
}

/** Whoever deploys the container that it runs in kills itself in the middle; null where the project does not hold it. */
export function ownContainer(
  { machine }: Pick<PlanContext, 'machine'>,
  project: string,
  observed: ObservedState,
): Refusal | null {
  const { container: own } = machine
  if (own === null) return null
  const found = containersOf(project, observed).find(({ id }) => id.startsWith(own))
  if (found === undefined) return null
  return {
    reason: `container ${found.name} of project "${project}" is the one that Magos itself runs in`,
    remedy:
      'Run Magos on the host, or from a compose file outside of the repository; or leave this stack to another host by hosts in .magos.yaml',
  }
}
