import type { ErrorCode } from '../error.ts'

/** Every encrypted file of the repository, tried with this host's keys. */
export interface SecretsCheckAnswer {
  readonly revision: string
  readonly files: readonly SealedFile[]
  readonly warnings: readonly ClearFile[]
}

/** Whether this host can open an encrypted file of the repository. */
export type SealedFile =
  | { readonly file: string; readonly outcome: 'opens' }
  | {
      readonly file: string
      readonly outcome: 'refused'
      readonly code: ErrorCode
      readonly reason: string
      readonly line?: number
      readonly remedy?: string
    }

/** A file that stands in the clear against the repository's own rules of sops, or whose rules cannot be read. */
export interface ClearFile {
  readonly file: string
  readonly line?: number
  readonly reason: string
}
