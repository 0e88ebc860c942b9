/** A stack that is held from now on. */
export interface HoldAnswer {
  readonly stack: string
  readonly outcome: 'held'
  readonly reason: string
  /** Why it was held already, which stays part of the reason; null where it was not. */
  readonly before: string | null
}

/** A stack that is not held from now on. */
export interface ReleaseAnswer {
  readonly stack: string
  readonly outcome: 'released' | 'not-held'
  /** Of the hold that ended; empty where there was none. */
  readonly reason: string
}

/** Versions of an image that are never picked, or may be again. */
export interface VersionsAnswer {
  readonly revision: string
  readonly commits: readonly string[]
  /** As `registry/path`. */
  readonly image: string
  /** `unchanged`: it was so already. */
  readonly outcome: 'held' | 'released' | 'unchanged'
  readonly versions: readonly HeldVersion[]
}

export interface HeldVersion {
  readonly tag: string | null
  readonly digest: string | null
  /** Why it is held, or was. */
  readonly reason: string
}
