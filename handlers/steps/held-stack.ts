import type { Deployment } from '../../src/domain/deployment.ts'
import { holdReason, holdRemedy, type Hold } from '../../src/domain/hold.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { isChangedByPerson, type Since } from './changed-by-person.ts'
import type { PastContext } from './our-changes.ts'

/** What becomes of a held stack: nothing. */
export function heldStack(stack: string, hold: Hold): Deployment & { readonly outcome: 'held' } {
  return {
    stack,
    outcome: 'held',
    services: [],
    reason: holdReason(hold),
    remedy: holdRemedy(stack),
    hold: hold.kind,
  }
}

/** What git says of a held stack now. */
export type Said = Pick<Since, 'source' | 'resolve'>

/**
 * Whether a hold still counts for what git says now: one that waits for a change ends with the first that a person made.
 */
export async function isStanding(
  ctx: PastContext,
  view: RepositoryView,
  { tracked }: Hold,
  said: Said,
  signal: AbortSignal,
): Promise<boolean> {
  if (tracked === null || tracked === said.source.tracked) return true
  const { name } = said.source.stack
  const proven = ctx.history.proven(name)
  if (proven === null) return false
  // Up to there it stood.
  const aside = ctx.history.aside(name)
  const from = aside?.hold === 'stopped-by-hand' ? aside.commit : proven.commit
  return !(await isChangedByPerson(ctx, view, { ...said, proven, from }, signal))
}

/** The hold that still counts for what git says now; one that is over is released. */
export async function standingHold(
  ctx: PastContext & Pick<Context, 'holds' | 'log'>,
  view: RepositoryView,
  hold: Hold | null,
  said: Said,
  signal: AbortSignal,
): Promise<Hold | null> {
  const { stack, tracked } = said.source
  if (hold === null || hold.tracked === null || hold.tracked === tracked) return hold
  const stands = await isStanding(ctx, view, hold, said, signal)
  // A person may have said another thing meanwhile.
  const now = await ctx.holds.held(stack.name)
  if (now === null || !Object.is(now.at, hold.at)) return now
  if (stands) {
    // So that the next pass need not ask again.
    await ctx.holds.hold(stack.name, { ...hold, tracked })
    return { ...hold, tracked }
  }
  await ctx.holds.release(stack.name)
  ctx.log.info(
    { stack: stack.name },
    `Hold is over, for somebody changed the stack in git: ${holdReason(hold)}`,
  )
  return null
}
