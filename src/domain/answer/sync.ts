import type { Deployment } from '../deployment.ts'
import type { HeldImage } from './check.ts'

/** What one whole pass did. */
export interface SyncAnswer extends UpdateAnswer, DeployAnswer {}

/** What a pass over the images did. */
export interface UpdateAnswer {
  readonly revision: string
  readonly commits: readonly string[]
  readonly held: readonly HeldImage[]
}

/** What a pass over the pull requests did. */
export interface ProposalsAnswer {
  /** Commits that pull requests were merged as. */
  readonly commits: readonly string[]
  /** Every image whose update is in a pull request, or shall be. */
  readonly held: readonly HeldImage[]
}

/** What was taken back in git because it failed here. */
export interface RevertAnswer {
  readonly commits: readonly string[]
  /** Lines that could not be taken back, and why. */
  readonly held: readonly HeldImage[]
}

/** What a pass over the stacks did. */
export interface DeployAnswer {
  readonly revision: string
  readonly deployments: readonly Deployment[]
}

/** What became of a rollback that somebody asked for. */
export interface RollbackAnswer extends SyncAnswer {
  readonly stack: string
  /** The commit whose images it wanted. */
  readonly to: string
  readonly lines: readonly {
    readonly file: string
    readonly line: number
    readonly services: readonly string[]
    readonly from: string
    readonly to: string
  }[]
}
