/**
 * Whose definition a file's plaintext goes into: of the services that name the file, or of every one, since Compose
 * builds them from it or interpolates its variables.
 */
export type Reach = 'users' | 'all'

/** Where encrypted files of a stack lie that have to be opened; paths from the repository's root. */
export interface SealedPaths {
  readonly files: Readonly<Record<string, Reach>>
  /** Folders and files that containers mount: whatever is encrypted in them. */
  readonly mounts: readonly string[]
}
