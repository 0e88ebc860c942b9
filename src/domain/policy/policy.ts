import type { Digest } from '../image-reference.ts'
import type { IgnoredTags } from './ignore.ts'
import type { Rules } from './rules.ts'

/** Which tags are looked at, before any policy reads them. Regular expressions in RE2 syntax, searched, not anchored. */
export interface TagFilters {
  readonly include: string | null
  readonly exclude: string | null
  /** Has a named group `version`; tags without a match are dropped. */
  readonly extract: string | null
}

/** What every policy has that puts tags in an order. */
interface Ordering extends TagFilters, Rules {
  /** What a committed tag that the registry does not list means. */
  readonly missing: 'hold' | 'proceed'
  /** Whether the committed tag is asked for its digest too, which costs a request, and followed where it names another. */
  readonly moved: 'ignore' | 'follow'
  readonly ignore: readonly IgnoredTags[]
}

export interface SemverPolicy extends Ordering {
  readonly kind: 'semver'
  /** npm's dialect. */
  readonly range: string
  readonly prerelease: 'by-range' | 'included'
  /** How far the first number may rise at once. */
  readonly maxJump: number
}

/** The newest date of the committed tag's shape. */
export interface CalverPolicy extends Ordering {
  readonly kind: 'calver'
}

/** The highest numbers, as many as the committed tag has. */
export interface NumericPolicy extends Ordering {
  readonly kind: 'numeric'
}

/** Follows one moving tag. */
export interface LatestPolicy extends Rules {
  readonly kind: 'latest'
  readonly tag: string
}

/** This digest and no other; null: the one on the line, else the one that the line's tag has when first seen. */
export interface DigestPolicy {
  readonly kind: 'digest'
  readonly digest: Digest | null
}

/** Those that choose among a repository's tags. */
export type OrderedPolicy = SemverPolicy | CalverPolicy | NumericPolicy

export type Policy = OrderedPolicy | LatestPolicy | DigestPolicy

export interface ConsideredTag {
  readonly tag: string
  readonly verdict: 'chosen' | 'eligible' | 'rejected'
  readonly reason: string
}

/** What a policy makes of a tag list. */
export interface Decision {
  readonly outcome: 'update' | 'current' | 'hold' | 'none'
  /** The choice for `update`, the committed tag for `current`, null otherwise. */
  readonly tag: string | null
  readonly reason: string
  /** What may be taken where the choice of an `update` may not, best first; empty otherwise. */
  readonly others: readonly string[]
  /** Every distinct tag once. */
  readonly considered: readonly ConsideredTag[]
}
