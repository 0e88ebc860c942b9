import { createHash, randomUUID } from 'node:crypto'
import type { Digest } from '../../../src/domain/image-reference.ts'

export interface StoredManifest {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** Digest of the manifest that this one is about; null for none. */
  readonly subject: string | null
}

interface StoredRepository {
  /** Digest by tag, oldest push first. */
  readonly tags: Map<string, string>
  readonly manifests: Map<string, StoredManifest>
}

/** Everything that was pushed, in memory. */
export interface RegistryStore {
  tags(repository: string): readonly string[] | null
  manifest(repository: string, reference: string): StoredManifest | null
  manifests(repository: string): readonly StoredManifest[]
  putManifest(
    repository: string,
    reference: string,
    mediaType: string,
    bytes: Uint8Array,
  ): StoredManifest
  /** By tag: only the tag goes; by digest: every tag on it too. */
  deleteManifest(repository: string, reference: string): boolean
  blob(digest: string): Uint8Array | null
  putBlob(bytes: Uint8Array): string
  deleteBlob(digest: string): boolean
  beginUpload(): string
  /** Bytes received so far; null for an unknown upload. */
  appendUpload(id: string, bytes: Uint8Array): number | null
  /** The whole upload, which is over now. */
  endUpload(id: string): Uint8Array | null
}

export function createStore(): RegistryStore {
  const repositories = new Map<string, StoredRepository>()
  const blobs = new Map<string, Uint8Array>()
  const uploads = new Map<string, Uint8Array[]>()
  return {
    tags(repository) {
      const found = repositories.get(repository)
      return found === undefined ? null : [...found.tags.keys()]
    },
    manifest(repository, reference) {
      const found = repositories.get(repository)
      const digest = found?.tags.get(reference) ?? reference
      return found?.manifests.get(digest) ?? null
    },
    manifests: (repository) => [...(repositories.get(repository)?.manifests.values() ?? [])],
    putManifest(repository, reference, mediaType, bytes) {
      const found = repositories.get(repository) ?? { tags: new Map(), manifests: new Map() }
      repositories.set(repository, found)
      const manifest = { digest: digestOf(bytes), mediaType, bytes, subject: subjectOf(bytes) }
      found.manifests.set(manifest.digest, manifest)
      if (!reference.includes(':')) found.tags.set(reference, manifest.digest)
      return manifest
    },
    deleteManifest(repository, reference) {
      const found = repositories.get(repository)
      if (found === undefined) return false
      if (found.tags.delete(reference)) return true
      for (const [tag, digest] of found.tags) if (digest === reference) found.tags.delete(tag)
      return found.manifests.delete(reference)
    },
    blob: (digest) => blobs.get(digest) ?? null,
    putBlob(bytes) {
      const digest = digestOf(bytes)
      blobs.set(digest, bytes)
      return digest
    },
    deleteBlob: (digest) => blobs.delete(digest),
    beginUpload() {
      const id = randomUUID()
      uploads.set(id, [])
      return id
    },
    appendUpload(id, bytes) {
      const chunks = uploads.get(id)
      if (chunks === undefined) return null
      chunks.push(bytes)
      return chunks.reduce((size, chunk) => size + chunk.byteLength, 0)
    },
    endUpload(id) {
      const chunks = uploads.get(id)
      uploads.delete(id)
      return chunks === undefined ? null : Buffer.concat(chunks)
    },
  }
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function subjectOf(bytes: Uint8Array): string | null {
  const document = readManifest(bytes)
  const subject = document?.['subject']
  const isObject = typeof subject === 'object' && subject !== null
  return isObject && 'digest' in subject && typeof subject.digest === 'string'
    ? subject.digest
    : null
}

/** A manifest's JSON object; null for anything else. */
export function readManifest(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return typeof document === 'object' && document !== null ? { ...document } : null
  } catch {
    return null
  }
}
