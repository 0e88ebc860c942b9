import type { Deployment } from '../../src/domain/deployment.ts'
import { holdReason, holdRemedy, type Hold } from '../../src/domain/hold.ts'
import type { Context } from '../context.ts'
import type { StackSource } from './read-stack.ts'

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

/** The hold that still counts for what git says now; one that only waited for a change is over with it. */
export async function standingHold(
  { holds, log }: Pick<Context, 'holds' | 'log'>,
  hold: Hold | null,
  { stack, tracked }: StackSource,
): Promise<Hold | null> {
  if (hold === null || hold.tracked === null || hold.tracked === tracked) return hold
  await holds.release(stack.name)
  log.info({ stack: stack.name }, `Hold is over, for the stack changed in git: ${holdReason(hold)}`)
  return null
}
