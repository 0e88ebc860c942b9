/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`

/** A parsed reference; `text` is what was read, to the letter. */
export interface ImageReference {
  readonly text: string
  /** Host with its port; `docker.io` where the text names none. */
  readonly registry: string
  /** Path below the registry; `library/` is written out for Docker Hub's official images. */
  readonly repository: string
  readonly tag: string | null
  readonly digest: Digest | null
}
