import { createHash } from 'node:crypto'
import type { Digest } from '../../domain/image-reference.ts'
import { platformOf, type PlatformImage } from '../../domain/platform.ts'
import type { ImageContent, RepositoryName } from '../../ports.ts'
import type { Client } from './client.ts'
import type { Reply } from './inquiry.ts'
import { bodyText } from './body-text.ts'
import { failureOf, nonsense } from './failure.ts'
import { isDigest, mediaTypes } from './manifest.ts'

const maxBody = 4 * 1024 * 1024
const maxPlatforms = 1_000
/** What helm charts and the like have instead is no image's. */
const configTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

/** Beyond these, and longer ones, nobody reads labels. */
const maxLabels = 200
const longestLabel = 2_000
/** Characters of all labels that are kept; those that a specification names come first. */
const labelsRoom = 8_000
const namedLabel = 'org.opencontainers.image.'

/** What a digest holds: an index's platforms, or the one that a single image's configuration names, and its labels. */
export async function readContent(
  client: Client,
  name: RepositoryName,
  digest: Digest,
  now: () => number,
  signal: AbortSignal,
): Promise<ImageContent> {
  const { document, reply, config } = await readBoth(client, name, digest, now, signal)
  const mediaType = textAt(document, 'mediaType') ?? headerType(reply)
  const children = document['manifests']
  if (Array.isArray(children)) {
    const platforms = children.slice(0, maxPlatforms).flatMap(platformImage)
    return { manifest: { mediaType, platforms }, labels: {} }
  }
  const platforms = config === null ? [] : platformImage({ digest, platform: config })
  return { manifest: { mediaType, platforms }, labels: labelsOf(config ?? {}) }
}

type Fields = Readonly<Record<string, unknown>>

/** The manifest, and the configuration of an image that it names; null for an index and what is no image. */
async function readBoth(
  client: Client,
  name: RepositoryName,
  digest: Digest,
  now: () => number,
  signal: AbortSignal,
): Promise<{ readonly document: Fields; readonly reply: Reply; readonly config: Fields | null }> {
  const action = `Cannot read the manifest of "${name.registry}/${name.repository}@${digest}"`
  const get = async (path: string, accept: string, expected: Digest) => {
    const inquiry = { name, method: 'GET', path, accept, maxBody, action } as const
    return readDocument(await client.ask(inquiry, signal), expected, now)
  }
  const { document, reply } = await get(`manifests/${digest}`, mediaTypes.join(', '), digest)
  const config = recordAt(document, 'config')
  const configDigest = textAt(config, 'digest') ?? ''
  const isImage =
    !Array.isArray(document['manifests']) &&
    isDigest(configDigest) &&
    configTypes.has(textAt(config, 'mediaType') ?? '')
  if (!isImage) return { document, reply, config: null }
  const image = await get(`blobs/${configDigest}`, '*/*', configDigest)
  return { document, reply, config: image.document }
}

function labelsOf(config: Fields): Readonly<Record<string, string>> {
  const labels = Object.entries(recordAt(recordAt(config, 'config'), 'Labels'))
  const named = labels.filter(([key]) => key.startsWith(namedLabel))
  const others = labels.filter(([key]) => !key.startsWith(namedLabel))
  const kept: [string, string][] = []
  let room = labelsRoom
  for (const [key, value] of [...named, ...others].slice(0, maxLabels)) {
    if (typeof value !== 'string' || value.length > longestLabel) continue
    room -= key.length + value.length
    if (room >= 0) kept.push([key, value])
  }
  return Object.fromEntries(kept)
}

/** Attestations stand in an index as `unknown/unknown`: https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
function platformImage(entry: unknown): PlatformImage[] {
  const fields = toRecord(entry)
  const platform = recordAt(fields, 'platform')
  const digest = textAt(fields, 'digest') ?? ''
  const os = textAt(platform, 'os') ?? ''
  const architecture = textAt(platform, 'architecture') ?? ''
  const isKnown = [os, architecture].every((part) => part !== '' && part !== 'unknown')
  if (!isKnown || !isDigest(digest)) return []
  return [{ ...platformOf(os, architecture, textAt(platform, 'variant') ?? ''), digest }]
}

function readDocument(
  reply: Reply,
  expected: Digest,
  now: () => number,
): { readonly document: Fields; readonly reply: Reply } {
  const { answer, attempt } = reply
  if (answer.status !== 200) throw failureOf(attempt, answer, now())
  const hash = `sha256:${createHash('sha256').update(answer.body).digest('hex')}`
  if (hash !== expected)
    throw nonsense(attempt, `asked for ${expected}, it sends what hashes to ${hash}`)
  try {
    const value: unknown = JSON.parse(bodyText(answer))
    if (isRecord(value)) return { document: value, reply }
  } catch {
    // Told below, with what is no object.
  }
  throw nonsense(attempt, 'the answer is no JSON object')
}

function headerType({ answer }: Reply): string {
  return (answer.headers['content-type'] ?? '').replace(/;.*$/s, '').trim()
}

function recordAt(fields: Fields, key: string): Fields {
  return toRecord(fields[key])
}

function toRecord(value: unknown): Fields {
  return isRecord(value) ? value : {}
}

function textAt(fields: Fields, key: string): string | null {
  const value = fields[key]
  return typeof value === 'string' ? value : null
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
