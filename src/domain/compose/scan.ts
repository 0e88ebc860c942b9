import type { ImageReference } from '../image-reference.ts'
import type { Policy } from '../policy/policy.ts'

export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly remedy?: string
}

/** One image line of a compose file. */
export interface ScannedImage {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Every service that runs this line's image. */
  readonly services: readonly string[]
  /** The scalar's value, as Compose reads it. */
  readonly text: string
  /** null where the value is no plain reference (a variable, say); then `held` says why. */
  readonly image: ImageReference | null
  /** null where the line has no (valid) annotation. */
  readonly policy: Policy | null
  /** Why an update must leave this line alone; null where it may be edited. */
  readonly held: string | null
  /** Range of the reference inside its quotes in the file's text, in UTF-16 units: [start, end). */
  readonly range: readonly [number, number]
}

export interface ScanResult {
  readonly images: readonly ScannedImage[]
  readonly problems: readonly Problem[]
}
