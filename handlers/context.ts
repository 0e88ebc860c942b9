import type { StatusAnswer } from '../src/domain/answer/status.ts'
import type { DeliveryMode } from '../src/domain/delivery.ts'
import type { Event, Origin } from '../src/domain/event.ts'
import type { Platform } from '../src/domain/platform.ts'
import type { Rules } from '../src/domain/policy/rules.ts'
import type {
  Ancestry,
  Committer,
  Compose,
  Engine,
  EngineInfo,
  History,
  Holds,
  Hooks,
  Inbox,
  Installation,
  Lanes,
  LastGood,
  Log,
  Machine,
  Memory,
  Prerequisites,
  Prober,
  PulledImages,
  Proposals,
  Pulls,
  Registry,
  Reporters,
  Reports,
  SecretFiles,
  Secrets,
  Source,
  StackFiles,
  Tombstones,
  Upkeep,
} from '../src/ports.ts'
import type { Heard } from './heard.ts'
import type { StackResult } from './stack-result.ts'
import type { Views } from './views.ts'

/** What the owner of this host decided, beside what stands in git. */
export interface HostSettings {
  /** This host's name in selectors and statuses. */
  readonly name: string
  /** The repository as people name it: `owner/name` or a path. */
  readonly repository: string
  /** Name of a stack whose compose file lies at the repository's root. */
  readonly rootStack: string
  /** ms during which a new state must hold still before it counts as proven. */
  readonly settle: number
  /** The same where a service has neither health check nor probe. */
  readonly settleUnchecked: number
  /** ms until a deployment that is not proven has failed. */
  readonly deadline: number
  /** Names of stacks whose hooks may run on this host. */
  readonly allowHooks: readonly string[]
  /** Directories outside the repository that a stack may refer to. */
  readonly allowPaths: readonly string[]
  /** Per stack: an own stable directory, absolute. */
  readonly directories: Readonly<Record<string, string>>
  /** Stacks whose directory is the one that their containers were started in. */
  readonly adopting: readonly string[]
  /** What images must be there for where nothing else is said. */
  readonly platform: Platform
  /** Rules that hold for every image, whatever its annotation says. */
  readonly guards: Rules
  /** What is taken back in git where a state failed: lines that an update changed, or a person's too. */
  readonly revert: 'updates' | 'images'
  /** What is done about containers that are not as they were proven; a new boot is no drift. */
  readonly drift: DriftRule
  /** Per stack, where it is another. */
  readonly drifts: Readonly<Record<string, DriftRule>>
  /** ms that a stack which left the repository runs on. */
  readonly grace: number
  /** Images of a repository that stay on this host, the last good one counted. */
  readonly keepImages: number
}

export type DriftRule = 'heal' | 'report'

/** All that a handler may know and touch. */
export interface Context {
  readonly source: Source
  readonly ancestry: Ancestry
  readonly committer: Committer
  /** null where there are no pull requests: in a local repository. */
  readonly proposals: Proposals | null
  readonly pulls: Pulls | null
  /** null where there is nobody to report to: a local repository. */
  readonly reports: Reports | null
  readonly installation: Installation | null
  readonly registry: Registry
  readonly engine: Engine
  readonly prober: Prober
  readonly hooks: Hooks
  readonly compose: Compose
  readonly files: StackFiles
  readonly history: History
  readonly memory: Memory
  readonly views: Views
  readonly heard: Readonly<Record<DeliveryMode, Heard>>
  readonly holds: Holds
  readonly lanes: Lanes<StackResult>
  readonly lastGood: LastGood
  readonly upkeep: Upkeep
  readonly tombstones: Tombstones
  readonly pulledImages: PulledImages
  readonly machine: Machine
  readonly secrets: Secrets
  readonly secretFiles: SecretFiles
  readonly host: HostSettings
  readonly log: Log
  /** Stores what follows from what was done already, for what is under way may take long. */
  readonly raise: (followUps: Handled['followUps']) => void
  /** Where what is worked off came from, for the record. */
  readonly origins: readonly Origin[]
  /** ms since the epoch when this event began to be worked off. */
  readonly now: number
  /** Aborts when what was found has waited long enough for what is slow, counted from its call. */
  patience(): AbortSignal
}

/** What it takes to look at the repository and ask registries. */
export type CheckContext = Pick<
  Context,
  'source' | 'views' | 'registry' | 'host' | 'log' | 'now'
> & {
  readonly memory: Pick<Memory, 'firstSeen'>
  /** null where there are no pull requests; GitHub is asked for none of them. */
  readonly proposals: Proposals | 'unasked' | null
}

/** What it takes to know what a deployment would do. */
export type PlanContext = Pick<
  Context,
  | 'source'
  | 'ancestry'
  | 'views'
  | 'host'
  | 'files'
  | 'compose'
  | 'engine'
  | 'holds'
  | 'secrets'
  | 'secretFiles'
  | 'now'
> & {
  readonly history: Pick<History, 'proven' | 'failed' | 'aside' | 'isOurs'>
  readonly upkeep: Pick<Upkeep, 'standing' | 'trouble'>
  readonly tombstones: Pick<Tombstones, 'all'>
  readonly machine: Pick<Machine, 'boot' | 'container' | 'firstPort'>
}

/** What it takes to tell what runs. */
export type StatusContext = Pick<
  Context,
  'history' | 'engine' | 'holds' | 'upkeep' | 'tombstones' | 'machine' | 'host' | 'now'
> & {
  readonly inbox: Inbox
  /** The process that works the inbox off. */
  readonly worker: StatusAnswer['worker']
}

/** What it takes to hold and release stacks. */
export type HoldContext = Pick<
  Context,
  'history' | 'holds' | 'upkeep' | 'views' | 'host' | 'now'
> & {
  readonly inbox: Inbox
  /** Opened only for a stack that this host does not know. */
  openSource(): Promise<Source>
}

/** What the doctor looks at; what cannot be opened is what it tells of. */
export type DoctorContext = Pick<Context, 'views' | 'host' | 'registry' | 'secrets'> & {
  readonly prerequisites: Prerequisites
  openEngine(
    signal: AbortSignal,
  ): Promise<Pick<Context, 'engine' | 'compose'> & { readonly runtime: EngineInfo['name'] }>
  openRepository(signal: AbortSignal): Promise<{
    readonly source: Context['source']
    readonly installation: Context['installation']
    readonly reporters: Reporters | null
  }>
  /** Somebody whose clock is right; null where nobody is asked for anything. */
  readonly clockUrl: string | null
  readonly webhook: 'set' | 'unset' | 'unneeded'
  /** Aborts when the doctor has waited long enough. */
  patience(): AbortSignal
}

/** What a handler leaves behind: its answer, what follows, and whether the world moved under it. */
export interface Handled<Answer = unknown> {
  readonly answer: Answer
  readonly followUps: readonly { readonly event: Event; readonly origin: Origin }[]
  /** `again`: the branch moved meanwhile, so look at everything anew. */
  readonly next: 'done' | 'again'
}
