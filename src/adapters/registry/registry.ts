import { MagosError } from '../../domain/error.ts'
import type { Http } from '../../host/http.ts'
import type { ImageManifest, Log, Registry, RepositoryName } from '../../ports.ts'
import { createClient } from './client.ts'
import type { Credentials } from './credentials.ts'
import { createExchange } from './exchange.ts'
import { isDigest, readDigest } from './manifest.ts'
import { type Mirrors, overMirrors } from './mirrors.ts'
import { readLabels, readManifest } from './platforms.ts'
import type { TrustedRealms } from './realm.ts'
import { createSharedWork } from './shared-work.ts'
import { createSlots } from './slots.ts'
import { createTagLists } from './tags.ts'
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
  readonly mirrors?: Mirrors
}

/** Questions to one registry that are worked on; the others wait as nothing but a place in line. Twice what a host is asked at once. */
const questionsAtOnce = 16
/** Manifests that are remembered; each is some hundred bytes once it is read. */
const MANIFESTS = 5_000

/** The Registry port over the OCI distribution protocol. */
export function createRegistry(options: RegistryOptions): Registry {
  const { http, credentials, plainHttp, now, log, trustedRealms = {}, mirrors = {} } = options
  const exchange = createExchange(http, now)
  const tokens = createTokens(exchange, now)
  const client = createClient({ exchange, tokens, credentials, plainHttp, trustedRealms })
  const lists = createTagLists(client, now)
  const reading = { mirrors, log }
  const acquire = createSlots(() => questionsAtOnce)

  async function inTurn<T>(
    { registry }: RepositoryName,
    signal: AbortSignal,
    ask: () => Promise<T>,
  ): Promise<T> {
    const place = acquire(registry, signal)
    // A step less where there is a place, which is nearly always.
    const release = typeof place === 'function' ? place : await place
    try {
      return await ask()
    } finally {
      release()
    }
  }

  const manifests = new Map<string, ImageManifest>()
  const share = createSharedWork<ImageManifest>()
  return {
    async tags(name, signal) {
      checkName(name)
      const tags = await inTurn(name, signal, () =>
        overMirrors(reading, name, signal, (at) => lists.list(at, signal)),
      )
      log.debug({ image: imageOf(name), tags: tags.length }, 'Listed tags')
      return tags
    },
    async digest(name, reference, signal) {
      checkName(name)
      checkReference(name, reference)
      const digest = await inTurn(name, signal, () =>
        overMirrors(reading, name, signal, (at, role) =>
          readDigest(client, at, { reference, role }, now, signal),
        ),
      )
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
        inTurn(name, shared, () =>
          overMirrors(reading, name, shared, (at) => readManifest(client, at, digest, now, shared)),
        ),
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
    async labels(name, digest, signal) {
      checkName(name)
      checkReference(name, digest)
      return await inTurn(name, signal, () =>
        overMirrors(reading, name, signal, (at) => readLabels(client, at, digest, now, signal)),
      )
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
