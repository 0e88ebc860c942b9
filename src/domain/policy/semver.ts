import type { Candidate, Scheme } from './candidate.ts'
import { ignoreVersions } from './ignore.ts'
import { countText } from './numbers.ts'
import { decideOrdered } from './ordered.ts'
import type { Decision, SemverPolicy } from './policy.ts'
import { inRange, parseRange, type VersionRange } from './range.ts'
import { compareVersions, readTagVersion, type TagVersion } from './tag-version.ts'

/** The highest version that fits the committed tag's scheme, the range and the filters, or why nothing changes. */
export function decideSemver(
  policy: SemverPolicy,
  committed: string | null,
  tags: ReadonlySet<string>,
  now: number,
): Decision {
  return decideOrdered(policy, semverScheme(policy, now), committed, tags, (eligible) =>
    decideFirst(policy, eligible),
  )
}

function semverScheme(policy: SemverPolicy, now: number): Scheme<TagVersion> {
  const { range: text, prerelease, maxJump, ignore } = policy
  const range = parseRange(text, prerelease)
  // On a prerelease those above it are what its owner waits for.
  const included = parseRange(text, 'included')
  return {
    noun: 'version',
    read: readTagVersion,
    compare: compareVersions,
    compareSpelling: preferSpelling,
    mismatch: schemeMismatch,
    outside: (committed, version) =>
      rangeMismatch((committed?.prerelease.length ?? 0) > 0 ? included : range, version),
    leap(committed, version) {
      const distance = firstNumber(version) - firstNumber(committed)
      if (distance <= maxJump) return null
      return `its first number is ${distance} above that of the committed tag, more than "maxJump" ${maxJump} allows`
    },
    ignored: ignoreVersions(ignore, now),
  }
}

/** Spelled with or without its `v` as the committed one is, then without. */
function preferSpelling(a: TagVersion, b: TagVersion, committed: TagVersion | null): number {
  const v = committed?.spelledWithV ?? false
  return Number(b.spelledWithV === v) - Number(a.spelledWithV === v)
}

/** Nothing is committed to measure by, so a list that spans two schemes of numbering is left to a person. */
function decideFirst(
  { maxJump, range }: SemverPolicy,
  eligible: readonly Candidate<TagVersion>[],
): Pick<Decision, 'outcome' | 'tag' | 'reason'> {
  const [best] = eligible
  const lowest = eligible.at(-1)
  if (best === undefined || lowest === undefined) {
    const reason = `no tag is committed and none fits the range "${range}"`
    return { outcome: 'none', tag: null, reason }
  }
  const span = firstNumber(best.version) - firstNumber(lowest.version)
  if (span > maxJump) {
    const reason =
      `no tag is committed, and "${lowest.tag}" and "${best.tag}" lie further apart than "maxJump" ${maxJump} allows: ` +
      'write the tag to start from on the line, or narrow "range"'
    return { outcome: 'hold', tag: null, reason }
  }
  const reason = `no tag is committed; "${best.tag}" is the newest that fits`
  return { outcome: 'update', tag: best.tag, reason }
}

/** Why the range leaves a version out; null when it does not. */
function rangeMismatch(range: VersionRange, version: TagVersion): string | null {
  if (inRange(range, version)) return null
  return version.prerelease.length > 0 && range.reading === 'by-range'
    ? `it is a prerelease that the range "${range.text}" does not admit`
    : `it is outside the range "${range.text}"`
}

function schemeMismatch(committed: TagVersion | null, version: TagVersion): string | null {
  const model = committed === null ? 'a first tag' : 'the committed tag'
  const count = committed?.numbers.length ?? 3
  if (version.numbers.length !== count) {
    return `it has ${countText(version.numbers.length)}, ${model} has ${count}`
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

function firstNumber({ numbers }: TagVersion): number {
  return numbers[0] ?? 0
}

function named(text = ''): string {
  return text === '' ? 'none' : `"${text}"`
}
