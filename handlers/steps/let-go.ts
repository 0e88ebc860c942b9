import { planOf, type Deployment, type ObservedContainer } from '../../src/domain/deployment.ts'
import type { Context } from '../context.ts'
import { settled, type StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'
import { forgetKept, forgetStack, removeNetworks } from './forget-stack.ts'
import { removalOf } from './removal.ts'
import { setAside } from './set-aside.ts'
import { stackFault } from './stack-fault.ts'

/** A stack that left the repository and has containers here. */
export interface Leaving {
  readonly stack: string
  readonly containers: readonly ObservedContainer[]
  readonly goesAt: number
  /** Of stacks that are there. */
  readonly projects: ReadonlySet<string>
}

/** It runs on, until its grace is over or for another reason. */
export function staying({ stack, goesAt }: Leaving, why = ''): Deployment {
  const when = why === '' ? `its containers go after ${new Date(goesAt).toISOString()}` : why
  return { stack, outcome: 'unchanged', services: [], reason: `left the repository: ${when}` }
}

/** Removes its containers, unless somebody needs them or works at them. */
export async function letGo(
  ctx: Context,
  view: RepositoryView,
  left: Leaving,
  look: number,
  signal: AbortSignal,
): Promise<StackResult> {
  const { stack, containers, projects } = left
  const { container: own } = ctx.machine
  if (own !== null && containers.some(({ id }) => id.startsWith(own))) {
    return settled(staying(left, 'it runs on, for Magos itself runs in one of its containers'))
  }
  // Its project is a stack's that waits for its owner to say where the data is: this is what he has to go by.
  const project = containers.find((one) => projects.has(one.project))?.project
  if (project !== undefined) {
    return settled(staying(left, `it runs on, for another stack has its project "${project}" now`))
  }
  const turn = { stack, look, kind: 'pass' } as const
  const down = () => bringDown(ctx, view, left, signal)
  const done = await ctx.lanes.seize(turn, (act) => act(down), signal)
  return done ?? settled(staying(left, 'somebody else works at it, and the next pass looks again'))
}

async function bringDown(
  ctx: Context,
  view: RepositoryView,
  { stack, containers }: Leaving,
  signal: AbortSignal,
): Promise<StackResult> {
  const { engine, log } = ctx
  try {
    await engine.remove(
      containers.map(({ id }) => id),
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    const { message, remedy } = fault
    log.error({ stack, remedy }, `Stack that left the repository cannot be removed: ${message}`)
    const reason = `left the repository, and its containers cannot be removed: ${message}`
    const told = remedy === undefined ? {} : { remedy }
    return setAside(ctx, view, { stack, outcome: 'failed', services: [], reason, ...told })
  }
  const projects = new Set(containers.map(({ project }) => project))
  for (const project of projects) await removeNetworks(ctx, stack, project, signal)
  const removal = removalOf(ctx, view, stack, containers)
  await forgetStack(ctx, stack, removal, signal)
  await forgetKept(ctx, stack, signal)
  const names = containers.map(({ name }) => name)
  log.warn(
    { stack, containers: names },
    'Stack that left the repository is removed; its volumes and files stay',
  )
  const { reason, cause } = removal
  return settled({ stack, outcome: 'succeeded', services: cause.services.map(planOf), reason })
}
