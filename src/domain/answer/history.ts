import type { ServicePlan } from '../deployment.ts'

/** What was deployed on this host, newest first. */
export interface HistoryAnswer {
  readonly deployments: readonly PastDeployment[]
}

/** One deployment of the past. */
export interface PastDeployment {
  readonly stack: string
  readonly commit: string
  /** null while it runs. */
  readonly outcome: 'succeeded' | 'failed' | 'rolled-back' | 'held' | 'interrupted' | null
  readonly reason: string
  readonly startedAt: string
  readonly endedAt: string | null
  /** What raised it, in words; `delivery` is its id where it came by one. */
  readonly event: string
  readonly delivery: string | null
  readonly services: readonly (ServicePlan & {
    /** The image that ran and the one that was to run. */
    readonly from: string | null
    readonly to: string | null
  })[]
}
