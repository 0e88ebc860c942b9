import { MagosError } from '../../domain/error.ts'
import type { Digest } from '../../domain/image-reference.ts'
import type { Http } from '../../host/http.ts'
import type { ImageContent, Log, Manifests, Registry, RepositoryName } from '../../ports.ts'
import { createClient } from './client.ts'
import { createContents } from './contents.ts'
import type { Credentials } from './credentials.ts'
import { createDialogue } from './dialogue.ts'
import { createExchange } from './exchange.ts'
import { isDigest, readDigest } from './manifest.ts'
import { type Mirrors, overMirrors } from './mirrors.ts'
import { readContent } from './platforms.ts'
import type { TrustedRealms } from './realm.ts'
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
  /** Where contents outlive the process; by default nowhere. */
  readonly manifests?: Manifests
}

const nowhere: Manifests = { find: () => null, keep: () => undefined }

/** The Registry port over the OCI distribution protocol. */
export function createRegistry(options: RegistryOptions): Registry {
  const { http, credentials, plainHttp, now, log } = options
  const { trustedRealms = {}, mirrors = {}, manifests = nowhere } = options
  const exchange = createExchange(http, now)
  const tokens = createTokens(exchange, now)
  const dialogue = createDialogue({ exchange, tokens, plainHttp, trustedRealms, now })
  const client = createClient({ dialogue, credentials, now, log })
  const lists = createTagLists(client, now)
  const reading = { mirrors, log }
  const contents = createContents(manifests, log)
  async function content(
    name: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<ImageContent> {
    signal.throwIfAborted()
    checkName(name)
    checkReference(name, digest)
    return contents.get(imageOf(name), digest, signal, async (shared) => {
      const read = await overMirrors(reading, name, shared, (at) =>
        readContent(client, at, digest, now, shared),
      )
      const platforms = read.manifest.platforms.length
      log.debug({ image: imageOf(name), digest, platforms }, 'Read a manifest')
      return read
    })
  }

  return {
    async tags(name, signal) {
      checkName(name)
      const tags = await overMirrors(reading, name, signal, (at) => lists.list(at, signal))
      log.debug({ image: imageOf(name), tags: tags.length }, 'Listed tags')
      return tags
    },
    async digest(name, reference, signal) {
      checkName(name)
      checkReference(name, reference)
      const digest = await overMirrors(reading, name, signal, (at, role) =>
        readDigest(client, at, { reference, role }, now, signal),
      )
      log.debug({ image: imageOf(name), reference, digest }, 'Read a digest')
      return digest
    },
    manifest: async (...asked) => (await content(...asked)).manifest,
    labels: async (...asked) => (await content(...asked)).labels,
    credential: (name, signal) => client.credential(name, signal),
    plainHttp,
    requests: () => exchange.requests(),
  }
}

function imageOf({ registry, repository }: RepositoryName): string {
  return `${registry}/${repository}`
}

const repositoryPath = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/

// Both become parts of an address: nothing may climb out of its place.
function checkName(name: RepositoryName): void {
  if (name.repository.length <= 255 && repositoryPath.test(name.repository)) return
  throw new MagosError('reference', `Cannot ask for "${imageOf(name)}": it is no repository`)
}

function checkReference(name: RepositoryName, reference: string): void {
  if (isDigest(reference) || /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(reference)) return
  const problem = `"${reference}" is neither a tag nor a sha256 digest`
  throw new MagosError('reference', `Cannot ask for an image of "${imageOf(name)}": ${problem}`)
}
