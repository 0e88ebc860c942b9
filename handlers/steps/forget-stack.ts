import { asMagosError } from '../../src/domain/error.ts'
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
  await forgetStack(ctx, stack, null, signal)
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

/**
 * A stack of that name that comes one day is another one. The history goes last: while it knows the stack, the next pass
 * does all of this again.
 */
export async function forgetStack(
  { history, secretFiles, upkeep }: Context,
  stack: string,
  removal: Removal | null,
  signal: AbortSignal,
): Promise<void> {
  // In the clear no longer than anything mounts them.
  await secretFiles.keep(stack, [], signal)
  upkeep.forget(stack)
  upkeep.forgive(stack)
  history.forget(stack, removal)
}

/**
 * What it could have been rolled back to goes when its grace is over, and its tombstone behind it: while that is there,
 * the next pass tries again.
 */
export async function forgetKept(
  { lastGood, log, tombstones }: Context,
  stack: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await lastGood.forget(stack)
  } catch (thrown) {
    signal.throwIfAborted()
    const { message, remedy } = asMagosError(thrown)
    const said = { stack, remedy, error: thrown }
    log.error(said, `Last good state of a stack that is gone cannot be removed: ${message}`)
    return
  }
  tombstones.forget(stack)
}
