import type { ObservedContainer, ObservedState } from '../deployment.ts'
import type { DesiredService } from './desired-state.ts'
import type { ProbeLook } from './probe-targets.ts'

/** What has to be proven, and how patiently. */
export interface ProofTerms {
  /** Services that have to hold. */
  readonly services: readonly DesiredService[]
  /** Ids of containers that had to go: while one is there, nothing is proven and nothing it does counts. */
  readonly replaced: ReadonlySet<string>
  /** ms of stillness where every container that runs has a health check or a probe, or none runs any more. */
  readonly settle: number
  /** The same where one that runs has neither: only time tells then. */
  readonly settleUnchecked: number
  /** ms from `since` after which what is not proven has failed. */
  readonly deadline: number
  /** ms since the epoch when the provider had done its part. */
  readonly since: number
  /** Restarts that containers had behind them before anything was done, by id: those are no part of this. */
  readonly restarted: ReadonlyMap<string, number>
}

/** The project at one instant, and what was tried of it then. */
export interface ProofLook extends ObservedState {
  readonly probes?: readonly ProbeLook[]
}

/** Of one service, at that instant. */
export function containersOf(service: DesiredService, state: ObservedState): ObservedContainer[] {
  return state.containers.filter((container) => container.service === service.name)
}
