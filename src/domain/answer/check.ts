import type { DeliveryMode } from '../delivery.ts'
import type { Problem } from '../problem.ts'

/** An annotated line that stays as it is, and why. */
export interface HeldImage {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly image: string
  readonly reason: string
  readonly remedy?: string
  /** `waits`: a rule of its own makes it wait; `problem`: somebody has to look. */
  readonly kind: 'waits' | 'problem'
}

/** What a check found, nothing changed. */
export interface CheckAnswer {
  readonly revision: string
  readonly updates: readonly {
    readonly file: string
    readonly line: number
    readonly services: readonly string[]
    readonly from: string
    readonly to: string
    readonly policy: string
    readonly reason: string
    /** `pr`: it is proposed in a pull request. */
    readonly mode: DeliveryMode
  }[]
  readonly held: readonly HeldImage[]
  readonly problems: readonly Problem[]
  /** Annotated lines that stand as they should, and why nothing above them is taken. */
  readonly current: readonly {
    readonly file: string
    readonly line: number
    readonly services: readonly string[]
    readonly image: string
    readonly policy: string
    readonly reason: string
  }[]
  /** How many those are. */
  readonly unchanged: number
  /** Requests sent to registries, tokens included. */
  readonly requests: number
}
