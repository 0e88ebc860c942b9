import type { ImageReference } from '../../domain/image-reference.ts'
import { askEngine, type EngineCommand } from './command.ts'
import { pullName } from './pull.ts'

/**
 * Removes an image by the name that it was pulled by, never by force: podman would remove the containers that use it,
 * other people's included. `kept` where the engine will not.
 */
export async function removeImage(
  engine: EngineCommand,
  image: ImageReference,
  signal: AbortSignal,
): Promise<'removed' | 'kept'> {
  const { outcome, exitCode, stderr } = await askEngine(engine, ['rmi', pullName(image)], {
    signal,
  })
  const isGone = /no such image|image not known/i.test(stderr)
  return outcome === 'exited' && (exitCode === 0 || isGone) ? 'removed' : 'kept'
}
