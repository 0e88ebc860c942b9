import { MagosError } from '../../src/domain/error.ts'
import type { RefusedStack } from '../../src/domain/stack.ts'
import type { Context } from '../context.ts'
import type { StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'
import type { Occasion } from './deploy-stack.ts'
import { heldStack } from './held-stack.ts'
import { keepRefused } from './keep-refused.ts'
import { setAside } from './set-aside.ts'

/** What the repository itself has against a stack. What was proven of it before is kept all the same. */
export async function refuseStack(
  ctx: Context,
  view: RepositoryView,
  { stack, reason, remedy, file, line, column }: RefusedStack,
  occasion: Omit<Occasion, 'obstacle'>,
  signal: AbortSignal,
): Promise<StackResult> {
  const hold = await ctx.holds.held(stack)
  if (hold?.kind === 'operator') return setAside(ctx, view, heldStack(stack, hold))
  const place = {
    file,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }
  ctx.log.error({ stack, ...place, remedy }, `Stack refused: ${reason}`)
  const fault = new MagosError('stack', reason, { remedy, place })
  return keepRefused(ctx, view, { ...occasion, stack, fault }, signal)
}
