import type { Forms } from './forms.ts'

/** What every bench is given. */
export interface BenchContext {
  /** A directory on a disk, below which it may leave what it likes. */
  readonly ground: string
  readonly forms: Forms
  readonly signal: AbortSignal
}
