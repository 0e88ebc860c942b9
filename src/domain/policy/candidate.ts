import type { TagFilter } from './filters.ts'
import type { IgnoreRule } from './ignore.ts'

/** How a policy reads tags and orders what it reads. */
export interface Scheme<Version> {
  /** What a tag is said to read as: `version`, `date` … */
  readonly noun: string
  /** null when anything of the text would be lost or guessed. */
  read(text: string): Version | null
  /** Below zero when `a` is older. */
  compare(a: Version, b: Version): number
  /** Below zero when `a` is the better spelling of what both mean. */
  compareSpelling(a: Version, b: Version, committed: Version | null): number
  /** Why the two are of another shape, so that they have no order; null when they have one. */
  mismatch(committed: Version | null, version: Version): string | null
  /** Why the policy's own bounds leave it out; null when they do not. */
  outside(committed: Version | null, version: Version): string | null
  /** Why it is too far above the committed one; null when it is not. */
  leap(committed: Version, version: Version): string | null
  ignored: IgnoreRule<Version>
}

export interface Candidate<Version> {
  readonly tag: string
  readonly version: Version
}

/** What fits in everything but its distance. */
export interface Leap<Version> extends Candidate<Version> {
  readonly reason: string
}

/** What a candidate is measured against. */
export interface Yardstick<Version> {
  readonly scheme: Scheme<Version>
  readonly filter: TagFilter
  /** null where the line has no tag yet. */
  readonly committed: Candidate<Version> | null
}

/** The tag with its version if it may stand on the line, else why it may not. */
export function judge<Version>(
  { scheme, filter, committed }: Yardstick<Version>,
  tag: string,
): Candidate<Version> | Leap<Version> | string {
  const filtered = filter(tag)
  if (!filtered.kept) return filtered.reason
  const version = scheme.read(filtered.text)
  if (version === null) return `it reads as no ${scheme.noun}`
  const model = committed?.version ?? null
  const reason =
    scheme.mismatch(model, version) ??
    descent(scheme, committed, version) ??
    scheme.outside(model, version) ??
    (tag === committed?.tag ? null : scheme.ignored(tag, version))
  if (reason !== null) return reason
  const leap = model === null ? null : scheme.leap(model, version)
  return leap === null ? { tag, version } : { tag, version, reason: leap }
}

/** Newest first; of equal versions the committed tag, then the better spelling, then the smaller text. */
export function byPreference<Version>({
  scheme,
  committed,
}: Yardstick<Version>): (a: Candidate<Version>, b: Candidate<Version>) => number {
  const model = committed?.version ?? null
  return (a, b) =>
    scheme.compare(b.version, a.version) ||
    Number(b.tag === committed?.tag) - Number(a.tag === committed?.tag) ||
    scheme.compareSpelling(a.version, b.version, model) ||
    (a.tag < b.tag ? -1 : 1)
}

function descent<Version>(
  scheme: Scheme<Version>,
  committed: Candidate<Version> | null,
  version: Version,
): string | null {
  if (committed === null || scheme.compare(version, committed.version) >= 0) return null
  return `it is below the committed tag "${committed.tag}"`
}
