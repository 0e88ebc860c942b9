import { LABEL } from '../../src/domain/deploy/labels.ts'
import { isObstructing } from '../../src/domain/deploy/obstructing.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { PlanContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { ourContainers, presentIn } from './remove-vanished.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'

interface Held {
  readonly reason: string
  readonly remedy: string
}

/**
 * What Magos made under another name and what still runs: under the stack's project name of before, or for a stack that
 * left the repository and has a port or a name which a new container needs. Null where there is none.
 */
export function formerContainers(
  ctx: Pick<PlanContext, 'files'>,
  view: Pick<RepositoryView, 'stacks' | 'refused'>,
  resolved: ResolvedStack,
  observed: ObservedState,
): Held | null {
  const ours = ourContainers(ctx, observed)
  return renamed(resolved, ours) ?? leaving(view, resolved, ours)
}

type Ours = ReturnType<typeof ourContainers>

/** Beside one another both would write the same `./data`, and the volumes of the new project begin empty. */
function renamed({ source }: ResolvedStack, ours: Ours): Held | null {
  const { stack, project } = source
  const former = (ours.get(stack.name) ?? []).filter((one) => one.project !== project)
  const [first] = former
  if (first === undefined) return null
  const names = namesOf(former)
  return {
    reason: `its project is named "${project}" now, and its containers run on as project "${first.project}": ${names}`,
    remedy: `Name the project "${first.project}" again; or, since the new one begins with new volumes, save what the old ones hold and remove the containers: ${names}`,
  }
}

/** A directory that was moved is a stack that left and another one that came. */
function leaving(
  view: Pick<RepositoryView, 'stacks' | 'refused'>,
  resolved: ResolvedStack,
  ours: Ours,
): Held | null {
  const present = presentIn(view)
  const { project, home } = resolved.source
  for (const [stack, all] of ours) {
    if (present.has(stack)) continue
    // What has the stack's own project is its own by now, and becomes what git says.
    const containers = all.filter((one) => one.project !== project)
    const beside = containers.find(({ labels }) => labels[LABEL.home] === home)
    const found = beside ?? containers.find((one) => stands(one, resolved))
    if (found === undefined) continue
    const waits = `it waits for stack "${stack}", which left the repository: container ${found.name}`
    const wait = `Wait until that one is removed after its grace, or remove its containers: ${namesOf(containers)}`
    if (beside !== undefined) return { reason: `${waits} works in its directory`, remedy: wait }
    const keep = `stacks: {${resolved.source.stack.name}: {directory: ${found.labels[LABEL.home] ?? ''}}}`
    return {
      reason: `${waits} has a port or a name that it needs`,
      remedy: `${wait}; if it is the same stack, keep its data in the daemon's YAML: ${keep}`,
    }
  }
  return null
}

function stands(container: ObservedContainer, resolved: ResolvedStack): boolean {
  const { services } = resolved.desired.document
  return changedServices(resolved).some(({ name }) =>
    isObstructing(container, services[name] ?? {}),
  )
}

function namesOf(containers: readonly ObservedContainer[]): string {
  return containers.map(({ name }) => name).join(', ')
}
