import { unneededImages } from '../../src/domain/deploy/unneeded-images.ts'
import { parseImageReference, type Digest } from '../../src/domain/image-reference.ts'
import type { Context } from '../context.ts'
import { latestFailure } from './latest-failure.ts'
import { imageOf } from './proof.ts'

/** ms that an image stays after it was pulled, for a person may ask for what just failed. */
const IDLE = 3_600_000

/**
 * Removes images that Magos itself pulled and that no container and no last good state needs. Never by force, so the
 * engine has the last word; what cannot be removed is tried again another day.
 */
export async function cleanImages(ctx: Context, signal: AbortSignal): Promise<void> {
  // What a deployment found here must be here until its containers are.
  await ctx.lanes.whileNobodyActs(() => removeUnneeded(ctx, signal))
}

async function removeUnneeded(ctx: Context, signal: AbortSignal): Promise<void> {
  const { pulledImages, engine, history, host, upkeep, log } = ctx
  const pulled = pulledImages.all()
  const stacks = upkeep.standings().map(({ stack }) => stack)
  // Half of what a stack needs may be here, and the other half still be had.
  const waits = stacks.some((stack) => latestFailure(history, stack)?.retry === 'next-pass')
  const before = ctx.now - Math.max(host.settle, IDLE)
  const terms = { pulled, keep: host.keepImages, before }
  const proven = stacks.flatMap((stack) => digestsOf(history.proven(stack)?.services ?? {}))
  if (waits || unneededImages({ ...terms, needed: new Set(proven) }).length === 0) return
  const { containers } = await engine.observe(signal)
  const running = containers.flatMap(({ digests }) => digests)
  for (const image of unneededImages({ ...terms, needed: new Set([...proven, ...running]) })) {
    const outcome = await engine.removeImage(parseImageReference(image), signal)
    if (outcome === 'kept')
      log.debug({ image }, 'Image that nothing of ours needs is needed by others')
    else {
      pulledImages.forget(image)
      log.info({ image }, 'Removed an image that nothing needs any more')
    }
  }
}

function digestsOf(services: Readonly<Record<string, string>>): readonly Digest[] {
  return Object.values(services).flatMap((proof) => {
    const image = imageOf(proof)
    return image?.digest ?? []
  })
}
