import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import { asMagosError } from '../../src/domain/error.ts'
import type { Context } from '../context.ts'
import { digestsOf, laySecrets } from './lay-secrets.ts'
import { resolveKept } from './resolve-kept.ts'

type ReadyContext = Pick<
  Context,
  | 'compose'
  | 'engine'
  | 'files'
  | 'history'
  | 'lastGood'
  | 'log'
  | 'secretFiles'
  | 'secrets'
  | 'upkeep'
>

/**
 * At the start: removes the decrypted files that no container of this host mounts, and makes those again that some
 * container mounts and a boot took away. Git is not asked, so that stacks have theirs which are held, which the
 * repository has broken, or whose repository is away.
 */
export async function readySecrets(ctx: ReadyContext, signal: AbortSignal): Promise<void> {
  const laid = await ctx.secretFiles.stacks(signal)
  if (laid.length === 0 && ctx.upkeep.standings().length === 0) return
  const observed = await ctx.engine.observe(signal)
  const mounted = mountedBy(observed)
  for (const stack of laid) await ctx.secretFiles.keep(stack, mounted.get(stack) ?? [], signal)
  for (const [stack, digests] of mounted) {
    if (await ctx.secretFiles.has(stack, digests, signal)) continue
    await remake(ctx, stack, observed, signal)
  }
}

/** By stack, the digests of the files that its containers mount; only stacks that mount any. */
function mountedBy({ containers }: ObservedState): ReadonlyMap<string, readonly string[]> {
  const stacks = new Set(containers.flatMap(({ labels }) => labels[LABEL.stack] ?? []))
  const entries = [...stacks].map((stack) => {
    const own = containers.filter(({ labels }) => labels[LABEL.stack] === stack)
    return [stack, digestsOf(own)] as const
  })
  return new Map(entries.filter(([, digests]) => digests.length > 0))
}

/** As they were proven. What is in the way here stops no other stack, and the next pass tells of it. */
async function remake(
  ctx: ReadyContext,
  stack: string,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<void> {
  try {
    const last = await ctx.lastGood.recall(stack, ctx.history.proven(stack)?.inputs ?? null)
    if (last !== null) await laySecrets(ctx, await resolveKept(ctx, last, observed, signal), signal)
  } catch (thrown) {
    signal.throwIfAborted()
    const { message, remedy, place } = asMagosError(thrown)
    const said = { stack, ...place, remedy, error: thrown }
    ctx.log.warn(said, `Cannot make the decrypted files of "${stack}" again: ${message}`)
  }
}
