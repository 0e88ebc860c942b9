import type { Departure } from './deploy/departure.ts'

/**
 * What may have happened. An event is a hint and only says "look again": whoever handles it re-reads the branch head,
 * the registry and the host, so a lost, doubled, late or forged one is harmless.
 */
export type Event =
  | ImagePublished
  | RevisionPushed
  | ProposalsDue
  | PullRequestChanged
  | InstallationChanged
  | SyncRequested
  | RollbackRequested
  | VersionsRequested
  | CommitReached
  | UpdateFailed
  | DriftDetected
  | ReportDue

/** Images may have new tags or digests. */
export interface ImagePublished {
  readonly kind: 'image-published'
  /** Repositories as `registry/path`; `all` for every annotated image (the poll). */
  readonly repositories: readonly string[] | 'all'
}

/** The branch may point elsewhere, or the host may differ from it. */
export interface RevisionPushed {
  readonly kind: 'revision-pushed'
}

/** Our pull requests, or what they propose, may have changed. */
export interface ProposalsDue {
  readonly kind: 'proposals-due'
  /** Repositories as `registry/path`; `all` for every image that is proposed (the poll). */
  readonly repositories: readonly string[] | 'all'
  /** Branches of pull requests. */
  readonly branches: readonly string[]
}

/** A pull request of whomever may be new, or hold something else. */
export interface PullRequestChanged {
  readonly kind: 'pull-request-changed'
  /** `all`: every open one (the poll). */
  readonly numbers: readonly number[] | 'all'
}

/** The GitHub App's installation may have other rights, or none. */
export interface InstallationChanged {
  readonly kind: 'installation-changed'
}

/** Somebody waits for one whole pass and its answer. */
export interface SyncRequested {
  readonly kind: 'sync-requested'
  readonly stack: string | null
  /** Whether a person said that all stacks which left the repository are meant to go; absent: `guarded`. */
  readonly removals?: 'guarded' | 'confirmed'
  /** When the first of those who wait gave the command, ms since the epoch; absent where nobody noted it. */
  readonly askedAt?: number
}

/** Somebody wants a stack's images as they stood at another commit, and waits for the answer. */
export interface RollbackRequested {
  readonly kind: 'rollback-requested'
  readonly stack: string
  /** A commit's id or its beginning; null for the last state that was proven before. */
  readonly to: string | null
  /** A user of this host. */
  readonly by: string
}

/** Somebody wants versions of an image never picked, or picked again, and waits for the answer. */
export interface VersionsRequested {
  readonly kind: 'versions-requested'
  readonly action: 'hold' | 'release'
  /** As it was written: `IMAGE:TAG`, `IMAGE@DIGEST`; to release, the tag may be left out. */
  readonly image: string
  readonly reason: string
  /** A user of this host. */
  readonly by: string
}

/** A whole pass over this host's stacks came to its end at a commit, and what it left behind is accepted. */
export interface CommitReached {
  readonly kind: 'commit-reached'
  readonly commit: string
}

/**
 * A stack's state at a commit failed here, and git still wants it: raised by every pass that finds it so, until git
 * wants another one. Whether an update of ours brought it is for the handler to find out.
 */
export interface UpdateFailed {
  readonly kind: 'update-failed'
  readonly stack: string
  /** At which it failed. */
  readonly commit: string
  /** Of the last good state; null where there is none. */
  readonly proven: string | null
  readonly reason: string
  /** What the containers in trouble wrote last: redacted, bounded, maybe empty. */
  readonly words: string
}

/** Containers of this host may not be what was proven. */
export interface DriftDetected {
  readonly kind: 'drift-detected'
  /** How containers were seen to go: the host is looked at anew, but its state alone does not tell a stop from a crash. */
  readonly departures: readonly Departure[]
  /** How often these were looked at while containers were still being stopped; absent: never. */
  readonly looks?: number
}

/** Something has to be told about a commit. */
export interface ReportDue {
  readonly kind: 'report-due'
  readonly report: Report
}

/** Of two about one commit, kind and context the newer one counts. */
export type Report = StatusReport | DeploymentReport | CheckReport

interface About {
  readonly commit: string
}

export interface StatusReport extends About {
  readonly kind: 'status'
  /** `magos/HOST` or `magos/HOST/STACK`. */
  readonly context: string
  readonly state: 'pending' | 'success' | 'failure' | 'error'
  /** At most 140 characters, GitHub's limit. */
  readonly description: string
}

/** What became of a deployment that did something. */
export interface DeploymentReport extends About {
  readonly kind: 'deployment'
  /** The environment, `HOST/STACK`. */
  readonly context: string
  readonly state: 'success' | 'failure'
  /** At most 140 characters. */
  readonly description: string
}

/** What a pull request would do. */
export interface CheckReport extends About {
  readonly kind: 'check-run'
  /** The check's name. */
  readonly context: string
  readonly conclusion: 'success' | 'neutral' | 'failure'
  readonly title: string
  /** Markdown. */
  readonly summary: string
  readonly annotations: readonly CheckAnnotation[]
}

/** A word at a line of a file. */
export interface CheckAnnotation {
  readonly path: string
  readonly line: number
  readonly level: 'warning' | 'failure'
  readonly message: string
}

/** Where an event came from; kept for the log and for when somebody is asked, never for what is decided. */
export interface Origin {
  readonly source: 'webhook' | 'poll' | 'start' | 'own' | 'operator' | 'engine'
  /** `X-GitHub-Event` and `action`. */
  readonly event?: string
  readonly action?: string
  readonly repository?: string
  readonly ref?: string
  readonly image?: string
  readonly delivery?: string
  /** SHA-256 of the signed body, hex. */
  readonly body?: string
}

/** Whether somebody sits there until it is answered: better served by an error than by silence. */
export function isWaitedFor({ kind }: Event): boolean {
  return kind === 'sync-requested' || kind === 'rollback-requested' || kind === 'versions-requested'
}
