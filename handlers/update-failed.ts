import type { UpdateFailed } from '../src/domain/event.ts'
import type { Context, Handled } from './context.ts'

/** What was committed because of a state that failed. */
export interface RevertAnswer {
  readonly commits: readonly string[]
}

/** Tells that git still wants a state that failed on this host. */
export async function updateFailed(
  ctx: Context,
  { stack, commit, proven, reason }: UpdateFailed,
): Promise<Handled<RevertAnswer>> {
  ctx.log.debug({ stack, commit, proven }, `Git still wants a state that failed: ${reason}`)
  return { answer: { commits: [] }, followUps: [], next: 'done' }
}
