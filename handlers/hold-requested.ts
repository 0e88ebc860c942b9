import type { HoldAnswer, ReleaseAnswer } from '../src/domain/answer/hold.ts'
import { asMagosError, MagosError } from '../src/domain/error.ts'
import { addHold, holdReason, type Hold } from '../src/domain/hold.ts'
import type { HoldContext } from './context.ts'
import { namedStacks } from './steps/named-stacks.ts'
import { viewRepository } from './steps/view-repository.ts'

/** Letters of all the reasons that a hold may have; beyond it a script has gone wild. */
const LONGEST = 4000

/**
 * Holds a stack of this host; where it is held already, what was said before stays in the reason. Throws `usage` for one that it does not have; one that it deployed before is known without
 * asking the repository, for that may be away when a hold is needed most.
 */
export async function holdRequested(
  ctx: HoldContext,
  { stack, by, reason }: { readonly stack: string; readonly by: string; readonly reason: string },
  signal: AbortSignal,
): Promise<HoldAnswer> {
  await refuseUnknown(ctx, stack, signal)
  const before = await ctx.holds.held(stack)
  const added: Hold = { kind: 'operator', by, reason, at: ctx.now, tracked: null }
  const hold = before === null ? added : addHold(before, added)
  refuseLong(stack, hold)
  if (hold !== before) await ctx.holds.hold(stack, hold)
  return {
    stack,
    outcome: 'held',
    reason: holdReason(hold),
    before: before === null ? null : holdReason(before),
  }
}

function refuseLong(stack: string, { reason }: Hold): void {
  if (reason.length <= LONGEST) return
  const state = `its reasons have ${reason.length} letters, more than ${LONGEST}`
  throw new MagosError('usage', `Cannot hold "${stack}": ${state}`, {
    remedy: `Write a shorter --reason; to begin anew: magos release ${stack}`,
  })
}

/** Ends the hold of a stack, and has a daemon look at it at once. Throws `usage` for one that this host does not have. */
export async function releaseRequested(
  ctx: HoldContext,
  stack: string,
  signal: AbortSignal,
): Promise<ReleaseAnswer> {
  ctx.upkeep.forgive(stack)
  const hold = await ctx.holds.release(stack)
  if (hold === null) await refuseUnknown(ctx, stack, signal)
  if (hold === null) return { stack, outcome: 'not-held', reason: '' }
  await ctx.inbox.accept({ kind: 'revision-pushed' }, { source: 'operator' })
  return { stack, outcome: 'released', reason: holdReason(hold) }
}

/** The name may be meant as an image's, which the message tells how to write. */
async function refuseUnknown(ctx: HoldContext, stack: string, signal: AbortSignal): Promise<void> {
  if (await isKnown(ctx, stack)) return
  const source = await ctx.openSource()
  const revision = await source.head(signal)
  try {
    namedStacks(await viewRepository({ ...ctx, source }, revision, signal), stack)
  } catch (thrown) {
    const { code, message, remedy = '' } = asMagosError(thrown)
    if (code !== 'usage') throw thrown
    const image = `an image's version is written ${stack}:TAG, an image of one word docker.io/library/${stack}`
    throw new MagosError(code, message, { cause: thrown, remedy: `${remedy}; ${image}` })
  }
}

async function isKnown({ history, holds }: HoldContext, stack: string): Promise<boolean> {
  if (history.proven(stack) !== null || history.failed(stack) !== null) return true
  return (await holds.held(stack)) !== null
}
