import { asMagosError, MagosError } from '../../src/domain/error.ts'
import { formatImageReference, type ImageReference } from '../../src/domain/image-reference.ts'
import type { Credential } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'
import { lineFault } from './stack-fault.ts'

export interface MissingImage {
  readonly reason: string
  /** `definite` where the registry itself says that there is no such digest; anything else may pass. */
  readonly certainty: 'definite' | 'passing'
}

/** Brings every image here that a changed service needs; the first that cannot be had ends it, before anything is touched. */
export async function pullImages(
  ctx: Context,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<MissingImage | null> {
  for (const service of changedServices(resolved)) {
    const { image, pull: rule } = service
    if (image === null || service.source === 'built') continue
    const mayBeHere = image.digest !== null || rule !== 'always'
    if (mayBeHere && (await ctx.engine.has(image, signal))) continue
    if (rule === 'never') {
      const reason = `cannot use ${formatImageReference(image)}: it is not on this host, and "pull_policy: never" of service "${service.name}" forbids to pull it`
      return { reason, certainty: 'passing' }
    }
    const credential = await credentialOf(ctx, image, signal)
    const plainHttp = ctx.registry.plainHttp(image.registry)
    const pull = await ctx.engine.pull(image, { credential, plainHttp }, signal)
    if (pull.outcome === 'pulled' && image.digest !== null) {
      ctx.pulledImages.note({ image: formatImageReference(image), at: ctx.now })
    }
    if (pull.outcome === 'failed') {
      const reason = `cannot pull ${formatImageReference(image)}: ${pull.reason}`
      return { reason, certainty: await certaintyOf(ctx, image, signal) }
    }
  }
  return null
}

/** A digest that is not there will never be; a tag may come, and a registry that does not answer says nothing. */
async function certaintyOf(
  { registry }: Context,
  image: ImageReference,
  signal: AbortSignal,
): Promise<MissingImage['certainty']> {
  if (image.digest === null) return 'passing'
  try {
    await registry.digest(image, image.digest, signal)
    return 'passing'
  } catch (cause) {
    signal.throwIfAborted()
    return asMagosError(cause).code === 'not-found' ? 'definite' : 'passing'
  }
}

/** Whatever keeps a login from being had is this image's trouble, and the other stacks' is not. */
async function credentialOf(
  ctx: Context,
  image: ImageReference,
  signal: AbortSignal,
): Promise<Credential | null> {
  try {
    return await ctx.registry.credential(image, signal)
  } catch (cause) {
    signal.throwIfAborted()
    const fault = lineFault(cause)
    if (fault === null) throw cause
    const { message, remedy } = fault
    throw new MagosError('registry', message, {
      cause,
      ...(remedy === undefined ? {} : { remedy }),
    })
  }
}
