import type { PlanAnswer, UnplannedStack } from '../src/domain/answer.ts'
import type { ObservedState } from '../src/domain/deployment.ts'
import { asMagosError } from '../src/domain/error.ts'
import type { Stack } from '../src/domain/stack.ts'
import type { PlanContext } from './context.ts'
import { holdReason } from '../src/domain/hold.ts'
import { adoptStack } from './steps/adopt-stack.ts'
import { foreignContainers } from './steps/foreign-containers.ts'
import { reasonOf } from './steps/latest-failure.ts'
import { namedStacks } from './steps/named-stacks.ts'
import { readStack, type StackSource } from './steps/read-stack.ts'
import { resolveStack } from './steps/resolve-stack.ts'
import { stackFault } from './steps/stack-fault.ts'
import { viewRepository } from './steps/view-repository.ts'
import type { RepositoryView } from './views.ts'

/** What `revision-pushed` would do now to each service, and why; nothing runs. */
export async function planRequested(
  ctx: PlanContext,
  stack: string | null,
  signal: AbortSignal,
): Promise<PlanAnswer> {
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const observed = await ctx.engine.observe(signal)
  const named = namedStacks(view, stack)
  const refused: UnplannedStack[] = [...named.refused]
  const stacks: PlanAnswer['stacks'][number][] = []
  for (const one of named.due) {
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
    const adopted = await adoptStack(ctx, view, stack, observed, 'look', signal)
    if (adopted.outcome === 'held') {
      const { reason, remedy } = adopted
      return { stack: stack.name, reason, remedy }
    }
    const source = await readStack({ ...ctx, files: adopted.files }, view, stack, signal)
    const resolved = await resolveStack(ctx, source, observed, signal)
    const held = foreignContainers(ctx.host, resolved)
    if (held !== null) return { stack: stack.name, ...held }
    const stops = { ...(await holdOf(ctx, source)), ...failureOf(ctx, source) }
    return { name: stack.name, services: resolved.plan, ...stops }
  } catch (error) {
    signal.throwIfAborted()
    if (stackFault(error) === null) throw error
    // Told to the person who asked and to nobody else, so even the unforeseen is in its own words.
    const { message, remedy, place } = asMagosError(error)
    return {
      stack: stack.name,
      reason: message,
      ...(remedy === undefined ? {} : { remedy }),
      ...place,
    }
  }
}

/** A held stack is planned as it will be deployed once it is released. */
async function holdOf({ holds }: PlanContext, { stack, tracked }: StackSource) {
  const hold = await holds.held(stack.name)
  if (hold === null || (hold.tracked !== null && hold.tracked !== tracked)) return {}
  return { held: holdReason(hold) }
}

/** A state that failed is planned as it would be tried again. */
function failureOf({ history }: PlanContext, { stack, inputs }: StackSource) {
  const failed = history.failed(stack.name)
  const isGivenUp = failed?.inputs === inputs && failed.retry === 'when-changed'
  return isGivenUp ? { failed: reasonOf(failed) } : {}
}
