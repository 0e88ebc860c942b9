import type { TagFilter } from './filters.ts'
import type { VersionRange } from './range.ts'
import { inRange } from './range.ts'
import type { TagVersion } from './tag-version.ts'
import { compareVersions, readTagVersion } from './tag-version.ts'

export interface Candidate {
  readonly tag: string
  readonly version: TagVersion
}

export interface Rejection {
  readonly tag: string
  readonly reason: string
}

/** What a candidate is measured against. */
export interface Yardstick {
  /** null where the line has no tag yet. */
  readonly committed: Candidate | null
  readonly range: VersionRange
  readonly maxJump: number
}

/** The tag with its version if it may stand on the line, else why it may not; without a yardstick none may. */
export function judge(
  yardstick: Yardstick | null,
  filter: TagFilter,
  tag: string,
): Candidate | Rejection {
  const filtered = filter(tag)
  if (!filtered.kept) return { tag, reason: filtered.reason }
  const version = readTagVersion(filtered.text)
  if (version === null) return { tag, reason: 'it reads as no version' }
  if (yardstick === null) return { tag, reason: 'there is no committed version to compare it with' }
  const reason =
    schemeMismatch(yardstick.committed?.version ?? null, version) ??
    descent(yardstick.committed, version) ??
    rangeMismatch(yardstick.range, version) ??
    jump(yardstick, version)
  return reason === null ? { tag, version } : { tag, reason }
}

/** Why the range leaves a version out; null when it does not. */
export function rangeMismatch(range: VersionRange, version: TagVersion): string | null {
  if (inRange(range, version)) return null
  return version.prerelease.length > 0 && range.reading === 'by-range'
    ? `it is a prerelease that the range "${range.text}" does not admit`
    : `it is outside the range "${range.text}"`
}

/**
 * Newest first; of equal versions the committed tag, then the one that spells its `v` as that one does, then without
 * `v`, then the smaller text.
 */
export function byPreference(committed: Candidate | null): (a: Candidate, b: Candidate) => number {
  const v = committed?.version.spelledWithV ?? false
  return (a, b) =>
    compareVersions(b.version, a.version) ||
    Number(b.tag === committed?.tag) - Number(a.tag === committed?.tag) ||
    Number(b.version.spelledWithV === v) - Number(a.version.spelledWithV === v) ||
    (a.tag < b.tag ? -1 : 1)
}

function schemeMismatch(committed: TagVersion | null, version: TagVersion): string | null {
  const model = committed === null ? 'a first tag' : 'the committed tag'
  const count = committed?.numbers.length ?? 3
  if (version.numbers.length !== count) {
    return `it has ${version.numbers.length} of the numbers of which ${model} has ${count}`
  }
  const variant = committed?.variant ?? ''
  if (version.variant !== variant) {
    return `its variant is ${named(version.variant)}, that of ${model} is ${named(variant)}`
  }
  const kind = committed?.counter?.kind
  if (version.counter?.kind !== kind) {
    return `its build counter is ${named(version.counter?.kind)}, that of ${model} is ${named(kind)}`
  }
  return null
}

function descent(committed: Candidate | null, version: TagVersion): string | null {
  if (committed === null || compareVersions(version, committed.version) >= 0) return null
  return `it is below the committed tag "${committed.tag}"`
}

function jump({ committed, maxJump }: Yardstick, version: TagVersion): string | null {
  if (committed === null) return null
  const distance = firstNumber(version) - firstNumber(committed.version)
  if (distance <= maxJump) return null
  return `its first number is ${distance} above that of the committed tag, more than "maxJump" ${maxJump} allows`
}

export function firstNumber({ numbers }: TagVersion): number {
  return numbers[0] ?? 0
}

function named(text = ''): string {
  return text === '' ? 'none' : `"${text}"`
}
