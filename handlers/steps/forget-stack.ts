import type { Removal } from '../../src/ports.ts'
import type { Context } from '../context.ts'

/** Somebody else removed its containers, or a process that died behind it. */
export async function forgetGone(
  ctx: Context,
  stack: string,
  present: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const project = ctx.history.proven(stack)?.project ?? null
  if (project !== null && !present.has(project)) {
    await removeNetworks(ctx, stack, project, signal)
  }
  forgetStack(ctx, stack, null)
}

/** Those that nothing hangs on. Nothing is lost with them: whoever comes back makes them anew. */
export async function removeNetworks(
  { engine, log }: Context,
  stack: string,
  project: string,
  signal: AbortSignal,
): Promise<void> {
  const networks = await engine.removeNetworks(project, signal)
  if (networks.length > 0) log.info({ stack, networks }, 'Removed networks that nothing uses')
}

/** A stack of that name that comes one day is another one. */
export function forgetStack(
  { history, upkeep }: Context,
  stack: string,
  removal: Removal | null,
): void {
  history.forget(stack, removal)
  upkeep.forget(stack)
  upkeep.forgive(stack)
}
