import { findImageReference, repositoryName, type Digest } from '../image-reference.ts'
import type { Obstacle } from '../policy/rules.ts'
import type { Problem } from '../problem.ts'

/** Where a repository keeps the versions that no policy on any host may pick. */
export const QUARANTINE_FILE = '.magos/quarantine.yaml'

/** One version that must not be picked: by its digest, or where it has none, by its tag. */
export interface QuarantineEntry {
  /** As `registry/path`. */
  readonly image: string
  readonly tag: string | null
  readonly digest: Digest | null
  /** Whose word it is. */
  readonly host: string
  /** The commit that was found bad. */
  readonly commit: string
  readonly reason: string
  /** ISO 8601. */
  readonly at: string
}

export interface Quarantine {
  readonly entries: readonly QuarantineEntry[]
  /** What could not be read, and of which image it speaks; null: it may be any. */
  readonly shut: readonly { readonly image: string | null; readonly problem: Problem }[]
  readonly problems: readonly Problem[]
}

/** A version that somebody wants to commit. */
export interface Candidate {
  readonly image: string
  readonly tag: string | null
  readonly digest: Digest
}

/** A digest is bad wherever it lies, so only an entry without one is compared by image and tag. */
function quarantineEntryOf(
  { entries }: Quarantine,
  { image, tag, digest }: Candidate,
): QuarantineEntry | null {
  const found = entries.find((entry) =>
    entry.digest === null ? entry.image === image && entry.tag === tag : entry.digest === digest,
  )
  return found ?? null
}

/** Whether what an image line says is listed; a line without a digest by its tag. What is no reference is not. */
export function isQuarantined({ entries }: Quarantine, text: string): boolean {
  const image = findImageReference(text)
  if (image === null) return false
  const { tag, digest } = image
  const name = repositoryName(image)
  return entries.some((entry) =>
    digest === null || entry.digest === null
      ? entry.image === name && entry.tag === tag
      : entry.digest === digest,
  )
}

/** Why a version may not be committed now. What cannot be read may name it, so that holds it too. */
export function quarantineObstacle(quarantine: Quarantine, candidate: Candidate): Obstacle | null {
  const what = candidate.tag ?? candidate.digest
  const unread = quarantine.shut.find(({ image }) => image === null || image === candidate.image)
  if (unread !== undefined) {
    const { file, line, column, message } = unread.problem
    return {
      kind: 'problem',
      reason: `"${what}" may be quarantined: ${file}:${line}:${column} cannot be read: ${message}`,
      remedy: `Mend ${file}; until then nothing is updated that it could name`,
    }
  }
  const entry = quarantineEntryOf(quarantine, candidate)
  if (entry === null) return null
  const { host, at, reason } = entry
  const by = host === '' ? '' : ` by ${host}`
  const since = at === '' ? '' : ` since ${at}`
  const why = reason === '' ? '' : `: ${reason}`
  return {
    kind: 'waits',
    reason: `"${what}" is quarantined${by}${since}${why}`,
    remedy: `Wait for a newer version, or release it with: magos release ${releaseName(entry)}`,
  }
}

/** What `magos release` takes an entry out by. */
function releaseName({ image, tag, digest }: QuarantineEntry): string {
  if (tag !== null) return `${image}:${tag}`
  return digest === null ? image : `${image}@${digest}`
}

export function isSameVersion(a: QuarantineEntry, b: QuarantineEntry): boolean {
  return a.image === b.image && a.tag === b.tag && a.digest === b.digest
}
