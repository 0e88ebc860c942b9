import { asMagosError, MagosError } from '../../src/domain/error.ts'
import { formatImageReference, type ImageReference } from '../../src/domain/image-reference.ts'
import type { PullCredential } from '../../src/ports.ts'
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
    const missing = await pullImage(ctx, image, signal)
    if (missing !== null) return missing
    if (image.digest !== null) {
      ctx.pulledImages.note({ image: formatImageReference(image), at: ctx.now })
    }
  }
  return null
}

async function pullImage(
  ctx: Context,
  image: ImageReference,
  signal: AbortSignal,
): Promise<MissingImage | null> {
  const plainHttp = ctx.registry.plainHttp(image.registry)
  const pullWith = (by: PullCredential) =>
    ctx.engine.pull(image, { credential: by, plainHttp }, signal)
  const credential = await credentialOf(ctx, image, signal)
  let pull = await pullWith(credential)
  if (pull.outcome === 'pulled') return null
  const isLogin = credential !== null && credential !== 'anonymous'
  const isWorthAsking = isLogin || image.digest !== null
  const certainty = isWorthAsking ? await certaintyOf(ctx, image, signal) : 'passing'
  // The registry was just asked: by now the login may be known to count no more, and the image to be public.
  if (isLogin && (await credentialOf(ctx, image, signal)) === 'anonymous') {
    pull = await pullWith('anonymous')
  }
  if (pull.outcome === 'pulled') return null
  return { reason: `cannot pull ${formatImageReference(image)}: ${pull.reason}`, certainty }
}

/** A digest that is not there will never be; a tag may come, and a registry that does not answer says nothing. */
async function certaintyOf(
  { registry }: Context,
  image: ImageReference,
  signal: AbortSignal,
): Promise<MissingImage['certainty']> {
  try {
    await registry.digest(image, image.digest ?? image.tag ?? 'latest', signal)
    return 'passing'
  } catch (cause) {
    signal.throwIfAborted()
    const isGone = asMagosError(cause).code === 'not-found' && image.digest !== null
    return isGone ? 'definite' : 'passing'
  }
}

/** Whatever keeps a login from being had is this image's trouble, and the other stacks' is not. */
async function credentialOf(
  ctx: Context,
  image: ImageReference,
  signal: AbortSignal,
): Promise<PullCredential> {
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
