import { MagosError, type ErrorCode } from '../../src/domain/error.ts'
import type { Digest } from '../../src/domain/image-reference.ts'
import { parsePlatform } from '../../src/domain/platform.ts'
import type { Credential, ImageManifest, Registry, RepositoryName } from '../../src/ports.ts'

export interface MemoryRegistryOptions {
  /** What it is asked with; null for anonymous. */
  readonly credential?: Credential | null
  /** `login-needed`: whoever asks without a credential is turned away. */
  readonly door?: 'open' | 'login-needed'
  readonly plainHttp?: (registry: string) => boolean
}

/** Every registry of the world, in memory. */
export interface MemoryRegistry extends Registry {
  /** Lets a tag name a digest; a new tag comes last. */
  push(name: RepositoryName, tag: string, digest: Digest): void
  /** Says for which platforms a digest is, and the digest of each; by default its own for each of two. */
  describe(digest: Digest, platforms: Readonly<Record<string, Digest>>): void
  /** Says what labels every platform's image of a digest has; by default none. */
  label(digest: Digest, labels: Readonly<Record<string, string>>): void
  /** Takes the tag off the list. */
  untag(name: RepositoryName, tag: string): void
  /** Removes a digest and every tag on it. */
  remove(name: RepositoryName, digest: Digest): void
  /** Removes a digest alone: its tags are listed still, as by a registry that has not caught up. */
  lose(name: RepositoryName, digest: Digest): void
  /** Makes questions about a repository (or about all) throw, `times` times; Infinity by default, 0 ends it. */
  fail(name: RepositoryName | 'all', error: MagosError | ErrorCode, times?: number): void
  /** What was asked, in order: `tags ghcr.io/o/app`, `digest ghcr.io/o/app:1.2.3`, `manifest ghcr.io/o/app@sha256:…`. */
  asked(): readonly string[]
}

interface Held {
  readonly tags: Map<string, Digest>
  readonly digests: Set<Digest>
}

export function createMemoryRegistry({
  credential = null,
  door = 'open',
  plainHttp = () => false,
}: MemoryRegistryOptions = {}): MemoryRegistry {
  const held = new Map<string, Held>()
  const failures = new Map<string, { readonly error: MagosError; left: number }>()
  const asked: string[] = []
  const described = new Map<Digest, Readonly<Record<string, Digest>>>()
  const labelled = new Map<Digest, Readonly<Record<string, string>>>()
  const remembered = new Map<string, ImageManifest>()
  const rememberedLabels = new Map<string, Readonly<Record<string, string>>>()

  async function answer(
    name: RepositoryName,
    question: string,
    signal: AbortSignal,
  ): Promise<Held> {
    signal.throwIfAborted()
    // A real one never answers at once: callers must not count on it.
    await Promise.resolve()
    signal.throwIfAborted()
    asked.push(question)
    throwPlanned(failures, [keyOf(name), 'all'])
    const action = `Cannot ask "${keyOf(name)}"`
    if (door === 'login-needed' && credential === null) {
      throw new MagosError('unauthorized', `${action} without a login: the registry answered 401`, {
        remedy: `Run "podman login ${name.registry}"`,
      })
    }
    const found = held.get(keyOf(name))
    if (found === undefined) throw new MagosError('not-found', `${action}: no such repository`)
    return found
  }

  return {
    async tags(name, signal) {
      const { tags } = await answer(name, `tags ${keyOf(name)}`, signal)
      return [...tags.keys()]
    },
    async digest(name, reference, signal) {
      const text = `${keyOf(name)}${reference.includes(':') ? '@' : ':'}${reference}`
      const { tags, digests } = await answer(name, `digest ${text}`, signal)
      const digest = tags.get(reference) ?? [...digests].find((one) => one === reference)
      if (digest !== undefined && digests.has(digest)) return digest
      throw new MagosError('not-found', `Cannot read the digest of "${text}": no such manifest`)
    },
    async manifest(name, digest, signal) {
      signal.throwIfAborted()
      const text = `${keyOf(name)}@${digest}`
      const known = remembered.get(text)
      if (known !== undefined) return known
      const { digests } = await answer(name, `manifest ${text}`, signal)
      if (!digests.has(digest)) {
        throw new MagosError('not-found', `Cannot read the manifest of "${text}": no such manifest`)
      }
      const platforms = platformsOf(described, digest)
      const manifest: ImageManifest = {
        mediaType: 'application/vnd.oci.image.index.v1+json',
        platforms: Object.entries(platforms).map(([platform, child]) =>
          Object.assign({ digest: child }, parsePlatform(platform)),
        ),
      }
      remembered.set(text, manifest)
      return manifest
    },
    async labels(name, digest, signal) {
      signal.throwIfAborted()
      const text = `${keyOf(name)}@${digest}`
      const known = rememberedLabels.get(text)
      if (known !== undefined) return known
      const { digests } = await answer(name, `labels ${text}`, signal)
      const index = [...digests].find((one) =>
        Object.values(platformsOf(described, one)).includes(digest),
      )
      if (!digests.has(digest) && index === undefined) {
        throw new MagosError('not-found', `Cannot read the manifest of "${text}"`)
      }
      const labels = index === undefined ? {} : (labelled.get(index) ?? {})
      rememberedLabels.set(text, labels)
      return labels
    },
    async credential(_name, signal) {
      signal.throwIfAborted()
      return credential
    },
    plainHttp,
    requests: () => asked.length,
    asked: () => asked,
    push(name, tag, digest) {
      const found = held.get(keyOf(name)) ?? { tags: new Map(), digests: new Set() }
      held.set(keyOf(name), found)
      found.tags.set(tag, digest)
      found.digests.add(digest)
    },
    label: (digest, labels) => void labelled.set(digest, labels),
    describe: (digest, platforms) => void described.set(digest, platforms),
    untag(name, tag) {
      held.get(keyOf(name))?.tags.delete(tag)
    },
    remove(name, digest) {
      const found = held.get(keyOf(name))
      found?.digests.delete(digest)
      for (const [tag, one] of found?.tags ?? []) if (one === digest) found?.tags.delete(tag)
    },
    lose(name, digest) {
      held.get(keyOf(name))?.digests.delete(digest)
    },
    fail(name, error, times = Number.POSITIVE_INFINITY) {
      const thrown = error instanceof MagosError ? error : new MagosError(error, `Failed: ${error}`)
      failures.set(name === 'all' ? 'all' : keyOf(name), { error: thrown, left: times })
    },
  }
}

function platformsOf(
  described: ReadonlyMap<Digest, Readonly<Record<string, Digest>>>,
  digest: Digest,
): Readonly<Record<string, Digest>> {
  const usual = { 'linux/amd64': childOf(digest, 'a'), 'linux/arm64': childOf(digest, 'b') }
  return described.get(digest) ?? usual
}

/** Another digest for every index and platform. */
function childOf(digest: Digest, mark: string): Digest {
  return `sha256:${mark}${digest.slice('sha256:'.length + 1)}`
}

function throwPlanned(
  failures: ReadonlyMap<string, { readonly error: MagosError; left: number }>,
  keys: readonly string[],
): void {
  for (const key of keys) {
    const planned = failures.get(key)
    if (planned === undefined || planned.left <= 0) continue
    planned.left -= 1
    throw planned.error
  }
}

function keyOf({ registry, repository }: RepositoryName): string {
  return `${registry}/${repository}`
}
