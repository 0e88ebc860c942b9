import { createHash } from 'node:crypto'
import type { Digest } from '../../domain/image-reference.ts'
import type { RepositoryName } from '../../ports.ts'
import type { Client } from './client.ts'
import type { Reply } from './inquiry.ts'
import { bodyText } from './body-text.ts'
import { failureOf, nonsense } from './failure.ts'
import type { Role } from './mirrors.ts'

// Without the two lists a registry answers with one platform's manifest, or with 404.
export const mediaTypes: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]
const maxManifest = 4 * 1024 * 1024

export interface Asked {
  /** A tag or a digest. */
  readonly reference: string
  readonly role: Role
}

/**
 * The digest that a tag or digest names; by HEAD, which Docker Hub does not count, by GET where HEAD does not tell. A mirror's word
 * does not count: its content is read and hashed.
 */
export async function readDigest(
  client: Client,
  name: RepositoryName,
  { reference, role }: Asked,
  now: () => number,
  signal: AbortSignal,
): Promise<Digest> {
  const separator = isDigest(reference) ? '@' : ':'
  const action = `Cannot read the digest of "${name.registry}/${name.repository}${separator}${reference}"`
  const inquiry = {
    name,
    path: `manifests/${reference}`,
    accept: mediaTypes.join(', '),
    maxBody: maxManifest,
    action,
  }
  if (role === 'origin') {
    const head = await client.ask({ ...inquiry, method: 'HEAD' }, signal)
    const told = head.answer.status === 200 ? digestHeader(head) : null
    if (told !== null) return expected(head, told, reference)
    const isUntold = head.answer.status === 200 || head.answer.status === 405
    if (!isUntold) throw failureOf(head.attempt, head.answer, now())
  }
  const reply = await client.ask({ ...inquiry, method: 'GET' }, signal)
  if (reply.answer.status !== 200) throw failureOf(reply.attempt, reply.answer, now())
  return expected(reply, hashManifest(reply), reference)
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

function digestHeader({ answer, attempt }: Reply): Digest | null {
  const type = answer.headers['content-type'] ?? ''
  // Its digest leaves the signatures out, so that it names other bytes than were sent.
  if (type.includes('docker.distribution.manifest.v1+')) {
    throw nonsense(attempt, 'it has a manifest of schema 1, which names no digest to pin')
  }
  const header = answer.headers['docker-content-digest']
  if (header === undefined || header === '') return null
  if (isDigest(header)) return header
  throw nonsense(attempt, 'the registry names a digest that is not sha256 with 64 hex digits')
}

function hashManifest(reply: Reply): Digest {
  const { answer, attempt } = reply
  const told = digestHeader(reply)
  if (!isManifest(bodyText(answer))) throw nonsense(attempt, 'the answer is no manifest')
  const digest: Digest = `sha256:${createHash('sha256').update(answer.body).digest('hex')}`
  if (told === null || told === digest) return digest
  throw nonsense(attempt, `the registry names ${told}, and sends what hashes to ${digest}`)
}

function isManifest(text: string): boolean {
  try {
    const document: unknown = JSON.parse(text)
    const isObject = typeof document === 'object' && document !== null
    return isObject && 'schemaVersion' in document && document.schemaVersion === 2
  } catch {
    return false
  }
}

function expected({ attempt }: Reply, digest: Digest, reference: string): Digest {
  if (!isDigest(reference) || reference === digest) return digest
  throw nonsense(attempt, `asked for one digest, the registry names ${digest}`)
}
