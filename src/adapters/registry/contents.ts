import { MagosError } from '../../domain/error.ts'
import type { Digest } from '../../domain/image-reference.ts'
import type { ImageContent, Log, Manifests } from '../../ports.ts'
import { createSharedWork } from './shared-work.ts'

/** What stands behind digests, read once for good. */
export interface Contents {
  /** `image` as `registry/path`; whoever comes while it is read waits for the same answer. */
  get(
    image: string,
    digest: Digest,
    signal: AbortSignal,
    read: (signal: AbortSignal) => Promise<ImageContent>,
  ): Promise<ImageContent>
}

/** Contents that stay in memory; each is some hundred bytes. */
const REMEMBERED = 5_000

/** In memory, and behind it where `manifests` keeps them. A disk that fails costs requests, never an answer. */
export function createContents(manifests: Manifests, log: Log): Contents {
  const remembered = new Map<string, ImageContent>()
  const share = createSharedWork<ImageContent>()

  function tolerate<T>(fallback: T, work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof MagosError)) throw error
      log.warn({ error }, 'Cannot keep what registries sent: it is asked for again')
      return fallback
    }
  }

  function remember(key: string, content: ImageContent): ImageContent {
    const [oldest] = remembered.keys()
    if (oldest !== undefined && remembered.size >= REMEMBERED) remembered.delete(oldest)
    remembered.set(key, content)
    return content
  }

  return {
    async get(image, digest, signal, read) {
      const key = `${image}@${digest}`
      const known = remembered.get(key)
      if (known !== undefined) return known
      const kept = tolerate(null, () => manifests.find(image, digest))
      if (kept !== null) return remember(key, kept)
      return await share(key, signal, async (shared) => {
        const content = await read(shared)
        tolerate(undefined, () => manifests.keep(image, digest, content))
        return remember(key, content)
      })
    },
  }
}
