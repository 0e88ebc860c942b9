import type { Guidance } from '../guidance.ts'
import type { CheckAnswer, HeldImage } from './check.ts'
import type { PastDeployment } from './history.ts'
import type { PlanAnswer } from './plan.ts'
import type { StackState } from './status.ts'

/** Why a stack is as it is. */
export interface ExplainAnswer extends Guidance {
  readonly stack: string
  readonly state: StackState
  readonly reason: string
  /** The commit that was last proven, and when that changed a container last. */
  readonly commit: string | null
  /** The branch head; null where the repository did not answer. */
  readonly revision: string | null
  /** Newest first: the last that changed something, and what failed since. */
  readonly deployments: readonly PastDeployment[]
  /** What the containers of a failed state wrote last, redacted. */
  readonly words: string
  /** How often its containers were put right since a time, and what was wrong the last time; null where they were not. */
  readonly mended: {
    readonly times: number
    readonly since: string
    readonly at: string
    readonly reason: string
  } | null
  /** Image lines that wait or are held. */
  readonly held: readonly HeldImage[]
  /** Image lines with an update that the next pass commits. */
  readonly updates: CheckAnswer['updates']
  /** Image lines that stand as they should. */
  readonly current: CheckAnswer['current']
  /** Why git's state of it is not deployed, where nothing of it can be. */
  readonly refused: PlanAnswer['refused']
  /** What could not be asked, and why. */
  readonly unknown: readonly string[]
  /** What a person can do. */
  readonly remedies: readonly string[]
}
