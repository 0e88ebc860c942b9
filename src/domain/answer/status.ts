import type { Guidance } from '../guidance.ts'

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
