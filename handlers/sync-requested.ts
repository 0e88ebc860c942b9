import type { SyncAnswer } from '../src/domain/answer.ts'
import type { SyncRequested } from '../src/domain/event.ts'
import type { Context, Handled } from './context.ts'
import { imagePublished } from './image-published.ts'
import { deployRevision } from './revision-pushed.ts'

/** Passes that plan anew because the branch moved under them. */
const TRIES = 5

/** One whole pass for somebody who waits for its answer: check, commit, deploy, prove. */
export async function syncRequested(
  ctx: Context,
  { stack }: SyncRequested,
  signal: AbortSignal,
): Promise<Handled<SyncAnswer>> {
  const updated = await updateUntilStill(ctx, signal)
  const asked = stack === null ? 'by-event' : 'by-person'
  const deployed = await deployRevision(ctx, { stack, asked }, signal)
  const { commits, held } = updated.answer
  return { ...deployed, answer: { ...deployed.answer, commits, held } }
}

async function updateUntilStill(ctx: Context, signal: AbortSignal) {
  const event = { kind: 'image-published', repositories: 'all' } as const
  let updated = await imagePublished(ctx, event, signal)
  for (let tries = 1; updated.next === 'again' && tries < TRIES; tries += 1) {
    updated = await imagePublished(ctx, event, signal)
  }
  return updated
}
