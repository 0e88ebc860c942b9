import { createHash } from 'node:crypto'

/** Git's id of these bytes as a blob, as it would stand in a tree: SHA-1, or SHA-256 in a repository of that format. */
export function blobId(content: Uint8Array, algorithm: 'sha1' | 'sha256' = 'sha1'): string {
  return createHash(algorithm).update(`blob ${content.byteLength}\0`).update(content).digest('hex')
}

export function algorithmOf(oid: string): 'sha1' | 'sha256' {
  return oid.length === 64 ? 'sha256' : 'sha1'
}

/** A whole object id, as git prints it. */
export function isObjectId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u.test(text)
}

/** A commit as people name it: its id, or enough of the beginning. */
export function isAbbreviation(text: string): boolean {
  return /^[0-9a-f]{7,64}$/u.test(text)
}
