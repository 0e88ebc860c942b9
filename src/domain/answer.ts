import type { ErrorCode } from './error.ts'
import type { Problem } from './compose/scan.ts'
import type { DeliveryMode } from './delivery.ts'
import type { Guidance } from './guidance.ts'
import type { Deployment, ServicePlan } from './deployment.ts'

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

/** What one whole pass did. */
export interface SyncAnswer extends UpdateAnswer, DeployAnswer {}

/** A stack that cannot be planned, and why. */
export interface UnplannedStack extends Guidance {
  readonly stack: string
  readonly reason: string
}

/** Why a stack is left as it is for now. */
export interface Waiting extends Guidance {
  readonly reason: string
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

/** What a deployment would do. */
export interface PlanAnswer {
  readonly revision: string
  readonly stacks: readonly PlannedStack[]
  readonly refused: readonly UnplannedStack[]
}

/** A stack that is held from now on. */
export interface HoldAnswer {
  readonly stack: string
  readonly outcome: 'held'
  readonly reason: string
  /** Why it was held already, which stays part of the reason; null where it was not. */
  readonly before: string | null
}

/** A stack that is not held from now on. */
export interface ReleaseAnswer {
  readonly stack: string
  readonly outcome: 'released' | 'not-held'
  /** Of the hold that ended; empty where there was none. */
  readonly reason: string
}

/**
 * `deploying`: also while the last good state is restored. `rolled-back`: git wants a state that failed, and the last good
 * one runs. `refused`: what git says of it is not deployed, and nothing was touched. `waiting`: for a person's word, or for
 * another stack. `interrupted`: Magos ended in the middle of it, and none runs now. `drifted`: its containers are not as
 * they were proven. `vanished`: it left the repository and runs on for its grace; `gone`: nothing of it runs any more.
 */
export type StackState =
  | 'proven'
  | 'deploying'
  | 'rolled-back'
  | 'failed'
  | 'refused'
  | 'held'
  | 'waiting'
  | 'interrupted'
  | 'drifted'
  | 'vanished'
  | 'gone'
  | 'unknown'

/** What runs on this host, as last proven and as the engine shows it now. */
export interface StatusAnswer {
  /** The commit that this host last brought itself to. */
  readonly revision: string | null
  /** Events that wait to be worked off. */
  readonly pending: number
  /** The process that works them off: the daemon, or somebody's `sync`. */
  readonly worker: 'running' | 'none'
  readonly stacks: readonly StackStatus[]
}

export interface StackStatus extends Guidance {
  readonly name: string
  readonly state: StackState
  readonly reason: string
  /** The commit that was last proven. */
  readonly commit: string | null
  /** Since when it is so. */
  readonly at: string | null
  readonly services: readonly {
    readonly name: string
    /** As the engine tells it; `missing` for one that was proven and has no container. */
    readonly state: string
    readonly health: string
    readonly image: string
    /** `unpinned` images run whatever their tag was when they were pulled. */
    readonly pin: 'pinned' | 'unpinned'
  }[]
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

/** Versions of an image that are never picked, or may be again. */
export interface VersionsAnswer {
  readonly revision: string
  readonly commits: readonly string[]
  /** As `registry/path`. */
  readonly image: string
  /** `unchanged`: it was so already. */
  readonly outcome: 'held' | 'released' | 'unchanged'
  readonly versions: readonly HeldVersion[]
}

export interface HeldVersion {
  readonly tag: string | null
  readonly digest: string | null
  /** Why it is held, or was. */
  readonly reason: string
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

/** Every encrypted file of the repository, tried with this host's keys. */
export interface SecretsCheckAnswer {
  readonly revision: string
  readonly files: readonly SealedFile[]
  readonly warnings: readonly ClearFile[]
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

/** What was deployed on this host, newest first. */
export interface HistoryAnswer {
  readonly deployments: readonly PastDeployment[]
}

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
