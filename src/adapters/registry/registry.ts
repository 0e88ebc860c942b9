import { MagosError } from '../../domain/error.ts'
import type { Http } from '../../host/http.ts'
import type { ImageManifest, Log, Registry, RepositoryName } from '../../ports.ts'
import { createClient } from './client.ts'
import type { Credentials } from './credentials.ts'
import { createExchange } from './exchange.ts'
import { isDigest, readDigest } from './manifest.ts'
import { readManifest } from './platforms.ts'
import type { TrustedRealms } from './realm.ts'
import { createSharedWork } from './shared-work.ts'
import { listTags } from './tags.ts'
import { createTokens } from './token.ts'

export interface RegistryOptions {
  readonly http: Http
  readonly credentials: Credentials
  /** Which registries are spoken to without TLS; see `plainHttpRule`. */
  readonly plainHttp: (registry: string) => boolean
  readonly now: () => number
  readonly log: Log
  /** Token servers beside those that are known or on their registry's own host. */
  readonly trustedRealms?: TrustedRealms
}

/** Manifests that are remembered; each is some hundred bytes once it is read. */
const MANIFESTS = 5_000

/** The Registry port over the OCI distribution protocol. */
export function createRegistry(options: RegistryOptions): Registry {
  const { http, credentials, plainHttp, now, log, trustedRealms = {} } = options
  const exchange = createExchange(http)
  const tokens = createTokens(exchange, now)
  const client = createClient({ exchange, tokens, credentials, plainHttp, trustedRealms })
  const manifests = new Map<string, ImageManifest>()
  const share = createSharedWork<ImageManifest>()
  return {
    async tags(name, signal) {
      checkName(name)
      const tags = await listTags(client, name, now, signal)
      log.debug({ image: imageOf(name), tags: tags.length }, 'Listed tags')
      return tags
    },
    async digest(name, reference, signal) {
      checkName(name)
      checkReference(name, reference)
      const digest = await readDigest(client, name, reference, now, signal)
      log.debug({ image: imageOf(name), reference, digest }, 'Read a digest')
      return digest
    },
    async manifest(name, digest, signal) {
      signal.throwIfAborted()
      checkName(name)
      checkReference(name, digest)
      const key = `${imageOf(name)}@${digest}`
      const known = manifests.get(key)
      if (known !== undefined) return known
      const read = await share(key, signal, (shared) =>
        readManifest(client, name, digest, now, shared),
      )
      const [oldest] = manifests.keys()
      if (oldest !== undefined && manifests.size >= MANIFESTS) manifests.delete(oldest)
      manifests.set(key, read)
      log.debug(
        { image: imageOf(name), digest, platforms: read.platforms.length },
        'Read a manifest',
      )
      return read
    },
    async credential(name, signal) {
      return (await credentials.find(name, signal))?.credential ?? null
    },
    plainHttp,
    requests: () => exchange.requests(),
  }
}

function imageOf({ registry, repository }: RepositoryName): string {
  return `${registry}/${repository}`
}

// Both become parts of an address: nothing may climb out of its place.
function checkName(name: RepositoryName): void {
  const parts = name.repository.split('/')
  if (name.repository.length <= 255 && parts.every((part) => /^[a-z0-9][a-z0-9._-]*$/.test(part))) {
    return
  }
  throw new MagosError('reference', `Cannot ask for "${imageOf(name)}": it is no repository`)
}

function checkReference(name: RepositoryName, reference: string): void {
  if (isDigest(reference) || /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(reference)) return
  const problem = `"${reference}" is neither a tag nor a sha256 digest`
  throw new MagosError('reference', `Cannot ask for an image of "${imageOf(name)}": ${problem}`)
}
