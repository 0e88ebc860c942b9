import type { Digest } from '../image-reference.ts'

/** Which tags are looked at, before any policy reads them. Regular expressions in RE2 syntax, searched, not anchored. */
export interface TagFilters {
  readonly include: string | null
  readonly exclude: string | null
  /** Has a named group `version`; tags without a match are dropped. */
  readonly extract: string | null
}

export interface SemverPolicy extends TagFilters {
  readonly kind: 'semver'
  /** npm's dialect. */
  readonly range: string
  readonly prerelease: 'by-range' | 'included'
  /** How far the first number may rise at once. */
  readonly maxJump: number
  /** What a committed tag that the registry does not list means. */
  readonly missing: 'hold' | 'proceed'
}

/** Follows one moving tag. */
export interface LatestPolicy {
  readonly kind: 'latest'
  readonly tag: string
}

/** This digest and no other; null: the one on the line, else the one that the line's tag has when first seen. */
export interface DigestPolicy {
  readonly kind: 'digest'
  readonly digest: Digest | null
}

export type Policy = SemverPolicy | LatestPolicy | DigestPolicy

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
  /** Every distinct tag once. */
  readonly considered: readonly ConsideredTag[]
}
