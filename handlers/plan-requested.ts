import type { PlanAnswer, UnplannedStack } from '../src/domain/answer.ts'
import type { ObservedState } from '../src/domain/deployment.ts'
import { MagosError } from '../src/domain/error.ts'
import type { Stack } from '../src/domain/stack.ts'
import type { PlanContext } from './context.ts'
import { readStack } from './steps/read-stack.ts'
import { resolveStack } from './steps/resolve-stack.ts'
import { viewRepository, type RepositoryView } from './steps/view-repository.ts'

/** What `revision-pushed` would do now to each service, and why; nothing runs. */
export async function planRequested(
  ctx: PlanContext,
  stack: string | null,
  signal: AbortSignal,
): Promise<PlanAnswer> {
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const observed = await ctx.engine.observe(signal)
  const due = view.stacks.filter(({ name }) => stack === null || name === stack)
  const refused: UnplannedStack[] = view.refused.filter(
    (one) => stack === null || one.stack === stack,
  )
  if (stack !== null && due.length + refused.length === 0) throw noSuchStack(view, stack)
  const stacks: PlanAnswer['stacks'][number][] = []
  for (const one of due) {
    const planned = await planStack(ctx, view, one, observed, signal)
    if ('services' in planned) stacks.push(planned)
    else refused.push(planned)
  }
  return { revision: revision.commit, stacks, refused }
}

async function planStack(
  ctx: PlanContext,
  view: RepositoryView,
  stack: Stack,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<PlanAnswer['stacks'][number] | UnplannedStack> {
  try {
    const source = await readStack(ctx, view, stack, signal)
    const { plan } = await resolveStack(ctx, source, observed, signal)
    return { name: stack.name, services: plan }
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    if (error.code !== 'stack' && error.code !== 'compose') throw error
    const { message, remedy, place } = error
    return {
      stack: stack.name,
      reason: message,
      ...(remedy === undefined ? {} : { remedy }),
      ...place,
    }
  }
}

export function noSuchStack({ stacks }: RepositoryView, stack: string): MagosError {
  const names = stacks.map(({ name }) => name).join(', ')
  return new MagosError(
    'usage',
    `Cannot find stack "${stack}" on this host: there are ${names || 'none'}`,
    {
      remedy: 'Name one of them, or look at hosts in .magos.yaml',
    },
  )
}
