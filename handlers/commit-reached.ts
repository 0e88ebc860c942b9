import type { CommitReached } from '../src/domain/event.ts'
import type { Context, Handled } from './context.ts'

/**
 * Remembers where this host is. It is an event of its own, stored with the pass's reports, so that a process which dies
 * before that tells of the pass again.
 */
export async function commitReached(
  ctx: Context,
  { commit }: CommitReached,
): Promise<Handled<null>> {
  ctx.history.reach(commit, ctx.now)
  return { answer: null, followUps: [], next: 'done' }
}
