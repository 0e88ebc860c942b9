/** A decrypted file of a stack. */
export interface OpenedFile {
  /** Where its ciphertext lies: absolute, in the stable directory. */
  readonly path: string
  /** Where it stands in the clear for containers that mount it: absolute, in memory. */
  readonly placed: string
  /** Keyed digest of its plaintext. */
  readonly digest: string
}

/** As a document names it: Compose takes a single `$` for a variable. */
export function doubled(path: string): string {
  return path.replaceAll('$', '$$$$')
}
