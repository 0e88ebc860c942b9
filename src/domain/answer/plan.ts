import type { ServicePlan } from '../deployment.ts'
import type { Guidance } from '../guidance.ts'

/** What a deployment would do. */
export interface PlanAnswer {
  readonly revision: string
  readonly stacks: readonly PlannedStack[]
  readonly refused: readonly UnplannedStack[]
}

export interface PlannedStack {
  readonly name: string
  readonly services: readonly ServicePlan[]
  /** Why none of it is done until the stack is released; absent where nothing holds it. */
  readonly held?: string
  /** How this very state failed before, so that none of it is done until it changes or a person asks. */
  readonly failed?: string
  /** Why none of it is done by the next pass, whatever else may be in the way. */
  readonly waits?: Waiting
}

/** Why a stack is left as it is for now. */
export interface Waiting extends Guidance {
  readonly reason: string
}

/** A stack that cannot be planned, and why. */
export interface UnplannedStack extends Guidance {
  readonly stack: string
  readonly reason: string
}
