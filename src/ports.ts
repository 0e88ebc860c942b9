import type { ContainerEvent } from './domain/container-event.ts'
import type { SealedPaths } from './domain/compose/sealed.ts'
import type { Departure } from './domain/deploy/departure.ts'
import type { ServiceStanding } from './domain/deploy/standing.ts'
import type { Trouble } from './domain/deploy/trouble.ts'
import type { PulledImage } from './domain/deploy/unneeded-images.ts'
import type { Tombstone } from './domain/deploy/vanished.ts'
import type { ComposeDocument } from './domain/deploy/desired-state.ts'
import type { ShownDefinition } from './domain/deploy/shown-definition.ts'
import type { ProbeAttempt } from './domain/deploy/probe-targets.ts'
import type { ObservedContainer, ObservedState, ServicePlan } from './domain/deployment.ts'
import type { HostFacts } from './domain/doctor/facts.ts'
import type { CheckReport, DeploymentReport, Event, Origin, StatusReport } from './domain/event.ts'
import type { Guidance } from './domain/guidance.ts'
import type { Hold } from './domain/hold.ts'
import type { Digest, ImageReference } from './domain/image-reference.ts'
import type { NetworkChoice } from './domain/network-choice.ts'
import type { PlatformImage } from './domain/platform.ts'
import type { Commit, FileMode, Revision, TreeEntry } from './domain/revision.ts'
import type { Signal } from './domain/settings/file-changes.ts'
import type { SopsFormat } from './domain/sops/format-name.ts'
import type { Stack } from './domain/stack.ts'
import type { Asked, Turn } from './domain/turn.ts'

// ---------------------------------------------------------------- git

/** Reads the watched branch. Objects of a revision that `head` returned stay readable. */
export interface Source {
  /** Where the branch points now, asked anew; its objects are here when this resolves. Throws `git`, `network`, `unauthorized`, `not-found`. */
  head(signal: AbortSignal): Promise<Revision>
  /** Every file of the revision, symlinks and submodules included, in no promised order. */
  tree(revision: Revision, signal: AbortSignal): Promise<readonly TreeEntry[]>
  /** The commit, if its objects are on this machine: nobody is asked, so it may be long gone from the branch. */
  recall(commit: string, signal: AbortSignal): Promise<Revision | null>
  /** The bytes of one blob of a revision (for a symlink: its target). Throws `git` when it is not there. */
  read(entry: TreeEntry, signal: AbortSignal): Promise<Uint8Array>
}

/** Looks back from a revision that `head` returned. What it returns may be read by `Source`. */
export interface Ancestry {
  /** The commit whose id is this, or begins so; null where none that is here does, or several. */
  revision(id: string, signal: AbortSignal): Promise<Revision | null>
  /**
   * Commits in the history of `to` that are not in that of `from`, newest first, 1,000 at the most; null where `from` is
   * known not to be in it.
   */
  between(from: string, to: Revision, signal: AbortSignal): Promise<readonly Commit[] | null>
}

export interface CommitFile {
  readonly path: string
  readonly mode: FileMode
  /** Whole new content; UTF-8. */
  readonly content: string
}

export interface CommitProposal {
  /** The commit that was read; the branch must still be there. */
  readonly parent: Revision
  readonly message: string
  readonly files: readonly CommitFile[]
}

export type CommitOutcome =
  | { readonly outcome: 'committed'; readonly revision: Revision }
  /** The branch left `parent`: plan again from its new head. */
  | { readonly outcome: 'moved' }
  /** The tree would be the parent's own. */
  | { readonly outcome: 'empty' }
  /** A rule of the repository or its work tree forbids it until a person acts. */
  | {
      readonly outcome: 'held'
      readonly reason: string
      readonly remedy: string
      readonly file?: string
    }

/** Compare-and-swap of the branch: one commit on `parent`, or nothing at all. */
export interface Committer {
  commit(proposal: CommitProposal, signal: AbortSignal): Promise<CommitOutcome>
}

// ---------------------------------------------------------------- GitHub

/** Tells the world about a commit. A report that was told already is not told twice. */
export interface Reports {
  status(report: StatusReport, signal: AbortSignal): Promise<void>
  deployment(report: DeploymentReport, signal: AbortSignal): Promise<void>
  checkRun(report: CheckReport, signal: AbortSignal): Promise<void>
}

/** A pull request whose branch is ours by its name, as GitHub knows it now. */
export interface PullRequest {
  readonly number: number
  /** For people. */
  readonly url: string
  readonly branch: string
  readonly state: 'open' | 'closed' | 'merged'
  readonly title: string
  readonly body: string
  /** Newest commit of its branch. */
  readonly head: string
  /** `foreign`: somebody else made that commit, whose work must not be lost. */
  readonly tip: 'ours' | 'foreign'
  /** Message of the newest commit in it that this App made; null where there is none. */
  readonly message: string | null
  /** With the branch that it goes into. */
  readonly conflicts: 'none' | 'some' | 'unknown'
}

export interface PullProposal {
  /** Short name of its branch. */
  readonly branch: string
  readonly title: string
  readonly body: string
  /** The one commit that the branch holds beyond `parent`. */
  readonly commit: CommitProposal
  readonly labels: readonly string[]
  /** Logins. */
  readonly reviewers: readonly string[]
}

export type ProposalOutcome =
  | { readonly outcome: 'opened' | 'updated'; readonly number: number; readonly url: string }
  /** The tree would be the parent's own. */
  | { readonly outcome: 'empty' }
  /** Until a person acts. */
  | { readonly outcome: 'held'; readonly reason: string; readonly remedy: string }

/** What statuses and check runs say of a commit. `waits` where one is under way, or none was told yet. */
export interface ChecksState {
  readonly outcome: 'passed' | 'failed' | 'waits'
  /** The first that is no success. */
  readonly reason: string
}

export type MergeOutcome =
  | { readonly outcome: 'merged'; readonly commit: string }
  /** GitHub does not merge it now. */
  | { readonly outcome: 'refused'; readonly reason: string }

/** Pull requests into the watched branch, by which updates are proposed. Throws `network`, `rate-limit`, `unauthorized`, `github`. */
export interface Proposals {
  /** Those that are open and whose branch begins so. */
  open(prefix: string, signal: AbortSignal): Promise<readonly PullRequest[]>
  /** Those of one branch that are open no more, newest first. GitHub remembers them without our help. */
  past(branch: string, signal: AbortSignal): Promise<readonly PullRequest[]>
  /**
   * Makes the branch that one commit and lets its pull request say this; opens one where none is open. Held where the
   * branch holds somebody else's commit. What a dead process left half done is taken up.
   */
  propose(proposal: PullProposal, signal: AbortSignal): Promise<ProposalOutcome>
  /** Closes it with this body, and removes its branch where it is ours. */
  close(
    pull: PullRequest,
    words: { readonly body: string; readonly comment: string },
    signal: AbortSignal,
  ): Promise<void>
  checks(commit: string, signal: AbortSignal): Promise<ChecksState>
  /** Merges it if its head is still what was seen, with its commit's own message where one commit is made of it. */
  merge(pull: PullRequest, signal: AbortSignal): Promise<MergeOutcome>
  /** Removes branches that begin so and whose pull requests were merged; answers their names. */
  tidy(prefix: string, signal: AbortSignal): Promise<readonly string[]>
}

/** Somebody's pull request into the watched branch, as it stands. */
export interface ReviewedPull {
  readonly number: number
  readonly head: Revision
  /** Where it left the branch. */
  readonly base: Revision
  readonly origin: 'repository' | 'fork'
}

/** Pull requests of whomever, and what they hold, from git objects alone. Throws `network`, `rate-limit`, `unauthorized`, `github`. */
export interface Pulls extends Pick<Source, 'tree' | 'read'> {
  /** Those that are open, with the commit at their head. */
  list(signal: AbortSignal): Promise<readonly { readonly number: number; readonly head: string }[]>
  /** null for one that is closed, or goes elsewhere. */
  look(number: number, signal: AbortSignal): Promise<ReviewedPull | null>
  /** Whether a check run of this name was told about the commit. */
  isReviewed(commit: string, name: string, signal: AbortSignal): Promise<boolean>
  /** Nothing is to be told about the commit: it counts as reviewed, for as long as this process lives. */
  passOver(commit: string): void
}

export type InstallationState =
  | {
      readonly outcome: 'ready'
      /** What may still stop a commit on the watched branch, as its rules say to whoever may not pass them by. */
      readonly warning?: { readonly reason: string; readonly remedy: string }
    }
  | {
      readonly outcome: 'missing' | 'suspended' | 'underprivileged'
      readonly reason: string
      readonly remedy: string
    }

/** Who else reports on the watched repository. */
export interface Reporters {
  /** Names of the hosts that told the status of a commit. Throws `network`, `rate-limit`, `unauthorized`, `github`. */
  hosts(commit: string, signal: AbortSignal): Promise<readonly string[]>
}

/** The GitHub App's installation on the watched repository. */
export interface Installation {
  /** Asks the API, and forgets cached tokens, so that new permissions count at once. */
  state(signal: AbortSignal): Promise<InstallationState>
}

// ---------------------------------------------------------------- registry

/** An image's home: `registry` host with its port, `repository` path. */
export interface RepositoryName {
  readonly registry: string
  readonly repository: string
}

/** Of the username `<token>` the password is an identity token. */
export interface Credential {
  readonly username: string
  readonly password: string
}

/** null: none is known; `anonymous`: expressly none, since the one that is kept was turned down and the image is public. */
export type PullCredential = Credential | 'anonymous' | null

/** An index, or the manifest of one image, which is then the only platform. */
export interface ImageManifest {
  readonly mediaType: string
  /** Attestations are none: they have no platform. */
  readonly platforms: readonly PlatformImage[]
}

/** What a digest names, whole. */
export interface ImageContent {
  readonly manifest: ImageManifest
  /** Of a single image; none of an index. Whatever a publisher wrote stands in them. */
  readonly labels: Readonly<Record<string, string>>
}

/** Asks registries. Throws `network`, `rate-limit`, `unauthorized`, `not-found`, `protocol`. */
export interface Registry {
  /** All tags, in the registry's own order, over all pages. */
  tags(name: RepositoryName, signal: AbortSignal): Promise<readonly string[]>
  /** The digest that the tag or digest names now: of the index where there is one. */
  digest(name: RepositoryName, reference: string, signal: AbortSignal): Promise<Digest>
  /** What stands behind a digest; it never changes, so it is asked for once. */
  manifest(name: RepositoryName, digest: Digest, signal: AbortSignal): Promise<ImageManifest>
  /**
   * Labels of the image that a platform's digest names; none for an index. It never changes. Whatever a publisher wrote
   * stands in them.
   */
  labels(
    name: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>>
  /** What `tags` and `digest` authenticate with there. */
  credential(name: RepositoryName, signal: AbortSignal): Promise<PullCredential>
  /** Whether this registry may be spoken to without TLS. */
  plainHttp(registry: string): boolean
  /** Requests sent so far, tokens included. */
  requests(): number
}

// ---------------------------------------------------------------- engine and compose

export interface EngineInfo {
  /** What it leaves to others, for a person. */
  readonly limits: readonly string[]
  /** What it complained of as it answered, in its own words. */
  readonly complaints: readonly string[]
  readonly name: 'podman' | 'docker'
  readonly version: string
  readonly rootless: boolean
  readonly os: string
  readonly architecture: string
  /** The directory in which it keeps images; null where it does not say. */
  readonly images: string | null
  /** How its containers reach the outside; null where it does not say. */
  readonly network: NetworkChoice | null
}

export interface PullOptions {
  readonly credential: PullCredential
  readonly plainHttp: boolean
}

/** The container engine of this host. Throws `engine` when it cannot be reached: that is no failed deploy. */
export interface Engine {
  info(signal: AbortSignal): Promise<EngineInfo>
  /** Every container of every compose project, by one query for the list and at most one for details. */
  observe(signal: AbortSignal): Promise<ObservedState>
  /**
   * The containers of one project, again and again until the caller stops or the signal ends it. Between two looks it
   * drives health checks where no systemd does.
   */
  watch(project: string, signal: AbortSignal): AsyncIterable<ObservedState>
  /** Brings an image here. Returns the engine's own words when it cannot be had; throws only when there is no engine. */
  pull(
    image: ImageReference,
    options: PullOptions,
    signal: AbortSignal,
  ): Promise<
    { readonly outcome: 'pulled' } | { readonly outcome: 'failed'; readonly reason: string }
  >
  /** Whether that very image (by its digest, or by its tag where it has none) is here already. */
  has(image: ImageReference, signal: AbortSignal): Promise<boolean>
  /** Removes containers by id, stopping them first; one that is gone already is fine. */
  remove(ids: readonly string[], signal: AbortSignal): Promise<void>
  /** Stops containers by id, which stay; one that is gone or stopped already is fine. */
  stop(ids: readonly string[], signal: AbortSignal): Promise<void>
  /** Starts containers anew as they are, running or not; one that is gone is fine. */
  restart(ids: readonly string[], signal: AbortSignal): Promise<void>
  /** Sends a signal to the first process of containers; one that is gone or does not run is fine. */
  kill(ids: readonly string[], name: Signal, signal: AbortSignal): Promise<void>
  /**
   * Connects running containers to their networks anew without stopping them. Why not, by id, for those that were not.
   */
  reconnect(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>
  /** Those of these running containers whose network promises to know names, and has nobody who answers. */
  nameless(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]>
  /** What of these names is here: one query for all networks, one for all volumes. */
  definitions(
    names: Readonly<Record<ShownDefinition['kind'], readonly string[]>>,
    signal: AbortSignal,
  ): Promise<readonly ShownDefinition[]>
  /** Names by ids of all containers that hang on a network, running or not, whosever they are. */
  containersOn(network: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>>
  /**
   * Removes the networks that were made for a project and that no container hangs on, running or not, and no others.
   * Returns the names of those that are gone.
   */
  removeNetworks(project: string, signal: AbortSignal): Promise<readonly string[]>
  /** Gives an image that is here a name, taking it from whatever had it. `gone` where there is no such image any more. */
  tag(imageId: string, image: string, signal: AbortSignal): Promise<'tagged' | 'gone'>
  /** Removes an image by its name, never by force. `kept` where the engine will not, for somebody uses it. */
  removeImage(image: ImageReference, signal: AbortSignal): Promise<'removed' | 'kept'>
  /** The last lines a container wrote. */
  logs(id: string, lines: number, signal: AbortSignal): Promise<string>
  /** What its health check said when it failed last; empty where it did not, or says nothing. */
  checkOutput(id: string, signal: AbortSignal): Promise<string>
  /**
   * What happens to containers of compose projects from now on, until the caller stops or the signal ends it. Never
   * throws: where events are lost it says so and goes on. A hint only, for an engine forgets and reorders.
   */
  events(signal: AbortSignal): AsyncIterable<ContainerEvent>
  /**
   * What the engine still knows of how these containers, which do not run, ended, as `events` would
   * have told it, in its order. Nothing of one that it has forgotten.
   */
  pastEvents(
    containers: readonly Pick<ObservedContainer, 'id' | 'project' | 'service'>[],
    signal: AbortSignal,
  ): Promise<readonly ContainerEvent[]>
}

/** A program that a stack wants run beside its deployment. */
export interface HookRequest {
  /** With its arguments; no shell reads them. */
  readonly command: readonly string[]
  /** Absolute: the stable directory. */
  readonly directory: string
  /** Told to it beside what every child inherits. */
  readonly variables: Readonly<Record<string, string>>
  /** ms. */
  readonly deadline: number
}

export type HookOutcome =
  | { readonly outcome: 'succeeded'; readonly output: string }
  | { readonly outcome: 'failed'; readonly reason: string; readonly output: string }

/** Runs the hooks of stacks that this host's owner allows to have some. */
export interface Hooks {
  /** Throws `interrupted` when the signal ends it. */
  run(request: HookRequest, signal: AbortSignal): Promise<HookOutcome>
}

/** Tries from this host whether something does its work. */
export interface Prober {
  /**
   * One attempt, bounded in time: null where it succeeded, else why not. Throws `engine` where the engine cannot be
   * asked to run a command, `interrupted` when the signal ends it.
   */
  attempt(attempt: ProbeAttempt, signal: AbortSignal): Promise<string | null>
}

export interface Provider {
  readonly name: 'docker-compose' | 'podman-compose'
  readonly version: string
  readonly path: string
  /** What it cannot be trusted with, for a person. */
  readonly limits: readonly string[]
}

/** A file of a stack as Compose shall see it while it resolves. */
export interface StackInput {
  /** Path from the repository's root. */
  readonly path: string
  readonly mode: FileMode
  readonly content: Uint8Array
}

export interface ResolveRequest {
  readonly project: string
  /** As `provider()` returned it for the stack; default the first that can be trusted. */
  readonly provider?: Provider['name']
  /** Every tracked and untracked file that Compose may read. */
  readonly inputs: readonly StackInput[]
  /** Directory of the stack from the repository's root; empty for the root itself. */
  readonly directory: string
  /** Compose files in the order in which they override, from the repository's root. */
  readonly files: readonly string[]
  /** Profiles that are active. */
  readonly profiles: readonly string[]
  /** Read for `${}` in place of the directory's `.env`, from the repository's root; null for that one. */
  readonly envFiles: readonly string[] | null
  /** Where the private copy's paths really lie on this host: the stable directory. */
  readonly home: string
}

export type { ComposeDocument }

export interface ApplyRequest {
  readonly project: string
  readonly provider?: Provider['name']
  /** The stable directory: working directory of the provider and base of relative paths. */
  readonly home: string
  readonly document: ComposeDocument
  /** Services to create or recreate; the others are left as they run. `all` where every one is due. */
  readonly services: readonly string[] | 'all'
}

/** What the provider said. Evidence only: nothing is decided by it. */
export interface Evidence {
  readonly exitCode: number | null
  readonly output: string
}

/** The compose provider of this host, found as `podman compose` finds it. */
export interface Compose {
  /**
   * The one that made the stack, where it is still here, else the first that can be trusted. Throws `provider` with the
   * remedy when there is none.
   */
  provider(made: Provider['name'] | null, signal: AbortSignal): Promise<Provider>
  /** The document that Compose makes of the files. Throws `compose` with the provider's words when it refuses them. */
  resolve(request: ResolveRequest, signal: AbortSignal): Promise<ComposeDocument>
  up(request: ApplyRequest, signal: AbortSignal): Promise<Evidence>
}

/** A file to be laid into a stack's stable directory. */
export interface LaidFile {
  /** Path from the stable directory. */
  readonly path: string
  readonly mode: FileMode
  readonly oid: string
  readonly content: Uint8Array
}

export interface LayReport {
  readonly written: readonly string[]
  readonly removed: readonly string[]
  /** Files that had changed both on disk and in git: git won, the old bytes stand beside it. */
  readonly kept: readonly { readonly path: string; readonly savedAs: string }[]
}

/** The stable directories of this host's stacks. What git never held is never touched. */
export interface StackFiles {
  /** Absolute path of the stack's stable directory. */
  home(stack: string): string
  /** Whether a directory is the stack's, or became another one's of this host by its owner's word. Never throws. */
  owns(stack: string, directory: string): boolean
  /**
   * One file that a person put there, as it lies there now. Null when there is none, and for one that `lay` wrote: where
   * git holds that no more, it is gone with the next `lay`.
   */
  read(stack: string, path: string, signal: AbortSignal): Promise<Uint8Array | null>
  /** Makes the tracked files be exactly these; journalled, so that a kill is finished or undone by the next call. */
  lay(stack: string, files: readonly LaidFile[], signal: AbortSignal): Promise<LayReport>
  /**
   * Makes a directory that a person made the stack's own from now on; durable when it resolves. To `look` nothing is
   * written, and only what is returned is as if it were. Refuses one that is not there or cannot be the stack's.
   */
  adopt(stack: string, adopting: Adopting, signal: AbortSignal): Promise<AdoptOutcome>
}

export interface Adopting {
  /** Absolute. */
  readonly directory: string
  readonly purpose: 'keep' | 'look'
}

export type AdoptOutcome =
  | { readonly outcome: 'adopted'; readonly files: Pick<StackFiles, 'home' | 'read'> }
  | { readonly outcome: 'refused'; readonly reason: string }

// ---------------------------------------------------------------- secrets

/** An encrypted file in the clear. */
export interface OpenedSecrets {
  /** In the file's own format. */
  readonly content: Uint8Array
  /** Every value that was encrypted, as text: nobody may be told any. */
  readonly values: readonly string[]
}

export interface SealedFile {
  readonly path: string
  readonly content: Uint8Array
  /** What it is read as; default what its content says, else its name. */
  readonly format?: SopsFormat
  /** What its plaintext is printed as; default its own format. `usage` where that cannot hold its values. */
  readonly printAs?: SopsFormat
}

/** Opens files of SOPS by this host's keys. */
export interface Secrets {
  /**
   * Throws with the file's place what kind of refusal it is: `bad-metadata`, `unsupported-recipient`, `no-identity`,
   * `unencrypted-value`, `corrupt-value`, `mac-missing`, `mac-mismatch`.
   */
  decrypt(file: SealedFile, signal: AbortSignal): Promise<OpenedSecrets>
  /** Equal for equal contents on this host, and no help to whoever guesses at them. */
  digest(content: Uint8Array | string): string
}

/** A file to be laid where `SecretFiles.path` says. */
export interface SecretFile {
  readonly path: string
  readonly content: Uint8Array
  readonly mode: number
}

/** Decrypted files that containers mount: in memory, in a directory that only this user may enter. */
export interface SecretFiles {
  /** Absolute path of a stack's file of this name and content, the same after every boot. */
  path(stack: string, digest: string, name: string): string
  /** Lays the files down; what stands there already, byte for byte, is left as it is. */
  lay(files: readonly SecretFile[], signal: AbortSignal): Promise<void>
  /** Whether a file of each digest stands there. */
  has(stack: string, digests: readonly string[], signal: AbortSignal): Promise<boolean>
  /** Removes what is there of a stack but for these digests. */
  keep(stack: string, digests: readonly string[], signal: AbortSignal): Promise<void>
  /** Stacks of which something is there. */
  stacks(signal: AbortSignal): Promise<readonly string[]>
}

// ---------------------------------------------------------------- store

/** An accepted event, durable until it is settled. */
export interface Accepted {
  readonly id: number
  readonly event: Event
  readonly origin: Origin
  readonly acceptedAt: number
  readonly attempts: number
  /** Not to be tried before; ms since the epoch. */
  readonly dueAt: number
}

export interface FollowUp {
  readonly event: Event
  readonly origin: Origin
}

/** Events that were accepted and are not worked off. */
export interface Inbox {
  /** Resolves to the event's id once it is on disk; rejects with `busy` when too many wait for the disk. */
  accept(event: Event, origin: Origin): Promise<number>
  /** Unsettled events, oldest first. */
  pending(): readonly Accepted[]
  /** In one transaction: these are done with this answer, and their follow-ups are accepted. */
  settle(ids: readonly number[], answer: unknown, followUps: readonly FollowUp[]): void
  /** Not done: try again at `dueAt`. */
  postpone(ids: readonly number[], dueAt: number, reason: string): void
  /** The answer of a settled event; undefined while it is pending. */
  answer(id: number): unknown
  /** Calls the listener when events may have been accepted, by whomever; returns what ends that. */
  watch(listener: () => void): () => void
}

/** What last ran well for a stack on this host. */
export interface ProvenState {
  readonly stack: string
  readonly project: string
  readonly commit: string
  /** Digest over everything that went into the stack's desired state. */
  readonly inputs: string
  /** What every service was proven as: our own hash of it, and behind a blank the image that it was pulled as. */
  readonly services: Readonly<Record<string, string>>
  readonly provider: Provider['name']
  readonly at: number
}

/** A desired state that failed; not tried again until it changes or a person asks. Its guidance is of what failed. */
export interface FailedState extends Guidance {
  readonly stack: string
  readonly commit: string
  readonly inputs: string
  readonly reason: string
  /** `next-pass`: nothing was touched (an image could not be had), so the next pass may try again. */
  readonly retry: 'when-changed' | 'next-pass'
  /** What the containers in trouble wrote last, redacted and bounded; empty where nothing is known. */
  readonly words: string
  readonly at: number
  /**
   * What became of the last good state: `due` while nobody knows that it runs again, `done` once it was proven again or
   * was never left, `failed` where it could not be brought back. `none` where there is none.
   */
  readonly restored: 'none' | 'due' | 'done' | 'failed'
  /** How that ended, in words; empty until it did. */
  readonly restoring: string
}

/** A stack that was left as it is in the last pass: refused, held, or waiting for somebody. */
export interface AsideState extends Guidance {
  readonly stack: string
  readonly commit: string
  readonly outcome: 'failed' | 'rolled-back' | 'held'
  /** Who wanted it held; absent where a problem of its own held it. */
  readonly hold?: Hold['kind']
  readonly reason: string
  readonly at: number
}

/** Why a deployment was begun. */
export interface DeploymentCause {
  /** What raised it; of several, what tells most. null where nobody knows. */
  readonly origin: Origin | null
  /** What was compared, and what followed. */
  readonly services: readonly ServiceChange[]
}

export interface ServiceChange extends ServicePlan {
  /** The image that ran, and the one that shall; null where there is none. */
  readonly from: string | null
  readonly to: string | null
}

/** How a stack that left the repository was taken from this host. */
export interface Removal {
  readonly commit: string
  readonly at: number
  readonly reason: string
  readonly cause: DeploymentCause
}

export interface DeploymentRecord {
  readonly id: number
  readonly stack: string
  readonly commit: string
  readonly inputs: string
  readonly startedAt: number
  /** null while it runs, or when the process died in it. */
  readonly endedAt: number | null
  readonly outcome: 'succeeded' | 'failed' | 'rolled-back' | 'held' | 'interrupted' | null
  readonly reason: string
  /** null where nothing was begun, or an older Magos began it. */
  readonly cause: DeploymentCause | null
}

/** What happened on this host. Losing it costs time, never truth. */
export interface History {
  proven(stack: string): ProvenState | null
  failed(stack: string): FailedState | null
  /** Journals that a deployment begins; what ends without a word leaves it open, until the stack's next one interrupts it. */
  begin(deployment: {
    stack: string
    commit: string
    inputs: string
    at: number
    cause?: DeploymentCause
  }): number
  /** Ends it well, with the verdict's words: the state becomes the proven one, and a failure is forgotten. */
  succeed(id: number, proven: ProvenState, reason: string): void
  /** Ends it badly: the failure is remembered before anything is undone; with nothing to undo it is a rollback already. */
  fail(id: number, failed: FailedState): void
  /** What became of the last good state after that failure; with `done` the failed deployment was rolled back. */
  restore(
    stack: string,
    ending: { readonly restored: FailedState['restored']; readonly restoring: string },
  ): void
  /** Notes that the stack was left as it is, and by which event; what failed or was proven before stays remembered. */
  setAside(aside: AsideState, cause: DeploymentCause): void
  /** Since the stack's last deployment or proof; null where it was not left as it is since. */
  aside(stack: string): AsideState | null
  /** It is left as it is no more, and nothing had to be done. */
  resume(stack: string): void
  /** A desired state that needs no deployment is the proven one from now on. */
  prove(proven: ProvenState): void
  /** Every stack with a proof, a failure or an aside, in the order of their names. */
  stacks(): readonly string[]
  /** Nothing of the stack is remembered any more but its past deployments; `removal` ends them where it had containers. */
  forget(stack: string, removal: Removal | null): void
  /** Deployments that a dead process left open; they are closed as `interrupted` and returned once. */
  interrupted(now: number): readonly DeploymentRecord[]
  /** Newest first. */
  deployments(limit: number): readonly DeploymentRecord[]
  /** Commits that this daemon made, so that it knows its own. */
  committed(commit: string, at: number): void
  isOurs(commit: string): boolean
  /** The commit that this host last brought itself to, whatever became of its stacks; null before the first. */
  reached(): string | null
  /** When that was; 0 before the first. */
  reachedAt(): number
  reach(commit: string, at: number): void
}

/** A proven state with all that it takes to run it once more, whatever became of git since. */
export interface LastGoodState {
  readonly stack: Stack
  readonly project: string
  readonly commit: string
  readonly inputs: string
  readonly tracked: string
  readonly sealed: SealedPaths
  readonly provider: Provider['name']
  readonly services: ProvenState['services']
  /** The tracked files as git has them: what is encrypted there is encrypted here. */
  readonly files: readonly StackFile[]
  readonly untracked: readonly { readonly path: string; readonly content: Uint8Array }[]
  /** By service, the image that it ran where no digest names it: its id, and the name that the engine made of it. */
  readonly images: Readonly<Record<string, { readonly id: string; readonly name: string }>>
  readonly at: number
}

/** A tracked file by its path from the repository's root. */
export interface StackFile extends TreeEntry {
  readonly content: Uint8Array
}

/**
 * What a rollback needs, per stack, from one proof to the next. A state is kept before its proof is recorded and the one
 * before it goes afterwards, so that there is one for whatever the history says. Throws `storage`.
 */
export interface LastGood {
  /** Durable when it resolves; beside what is kept already. */
  keep(state: LastGoodState): Promise<void>
  /** Forgets every state of the stack but the one with these inputs, if that one is kept. */
  settle(stack: string, inputs: string): Promise<void>
  /** The state with these inputs, or the newest for null; null where there is none that is whole. */
  recall(stack: string, inputs: string | null): Promise<LastGoodState | null>
  /** Stacks of which something is kept, in the order of their names. */
  stacks(): Promise<readonly string[]>
  /** Forgets every state of the stack; one of which nothing is kept is fine. */
  forget(stack: string): Promise<void>
}

/** The stacks of this host that are left as they are: plain files, which outlive the database. Throws `storage`. */
export interface Holds {
  /** Durable when it resolves; replaces the stack's hold of before. */
  hold(stack: string, hold: Hold): Promise<void>
  /** Ends the stack's hold and returns it; null where it had none. */
  release(stack: string): Promise<Hold | null>
  held(stack: string): Promise<Hold | null>
  /** By stack, in the order of their names. */
  all(): Promise<ReadonlyMap<string, Hold>>
}

/** How a stack's containers stood when they were last proven on this host. */
export interface Standing {
  readonly stack: string
  readonly project: string
  /** Of the machine, as port `Machine` tells it. */
  readonly boot: string
  readonly services: Readonly<Record<string, ServiceStanding>>
}

/** What it takes to keep stacks as they were proven. Losing it costs a proof and a start of what a person stopped. */
export interface Upkeep {
  standing(stack: string): Standing | null
  /** Every standing, by stack. */
  standings(): readonly Standing[]
  /** Replaces the stack's standing of before. */
  stand(standing: Standing): void
  /** From now on nothing that the stack's containers do is compared with what was. */
  forget(stack: string): void
  trouble(stack: string): Trouble | null
  note(trouble: Trouble): void
  /** The next try is the first again. */
  forgive(stack: string): void
}

/** Stacks that vanished from the repository and run on for their grace. Losing it gives them a new one. */
export interface Tombstones {
  /** In the order of their names. */
  all(): readonly Tombstone[]
  /** Notes when it was seen first; later sights change nothing. */
  bury(tombstone: Tombstone): void
  forget(stack: string): void
}

/** Images that Magos itself brought to this host, by digest. Losing it leaves them where they are for ever. */
export interface PulledImages {
  all(): readonly PulledImage[]
  /** Replaces the time of before. */
  note(pulled: PulledImage): void
  forget(image: string): void
}

/** The machine that all of this runs on. */
export interface Machine {
  /** Another at every boot; empty where the system does not tell. */
  readonly boot: string
  /** Id of the container that Magos itself runs in, maybe only how it begins; null where it runs in none. */
  readonly container: string | null
  /** The first port that an ordinary user may listen on, as the kernel says now. */
  firstPort(): number
  /** Whether it is about to go down, when everything is stopped and nobody means it. */
  isEnding(signal: AbortSignal): Promise<boolean>
}

/** A tag that named a digest. */
export interface Sight {
  /** As `registry/path`. */
  readonly repository: string
  readonly tag: string
  readonly digest: Digest
}

/** What this host saw in registries, and when first: the one age that no publisher can write. */
export interface Memory {
  /** ms since the epoch; null for what was never seen. */
  firstSeen(sight: Sight): number | null
  /** Notes a sight; where it was seen before, the earlier time stays. */
  see(sight: Sight, at: number): void
}

/** What registries sent behind digests. It never changes; losing it costs requests. Throws `storage`, `busy`. */
export interface Manifests {
  /** `repository` as `registry/path`; null for what is not kept, or does not read any more. */
  find(repository: string, digest: Digest): ImageContent | null
  /** Where there are too many, those that came first go. */
  keep(repository: string, digest: Digest, content: ImageContent): void
}

// ---------------------------------------------------------------- lanes

/** A turn that came. */
export interface Entered {
  /** What all saw who left their work to this one. */
  readonly departures: readonly Departure[]
  /** What the one among them wants who wants most. */
  readonly asked: Asked
  /** `changed`: somebody worked at the stack since the look, so what was seen of its containers is old. */
  readonly host: 'as-seen' | 'changed'
  /**
   * Does what takes long, or much of the machine, once there is room: stacks are acted on together up to a limit. Rejects
   * where a newer turn came meanwhile: whoever lets that pass leaves the stack to it.
   */
  act<Done>(work: () => Promise<Done>): Promise<Done>
}

export type Passage<Result> =
  /** `shared`: a newer turn did the work of this one. */
  | { readonly outcome: 'done' | 'shared'; readonly result: Result }
  /** Nothing was done: a newer turn does it. */
  | { readonly outcome: 'left' }
  /** Nothing was done: somebody worked at the stack since the look, so it has to be looked at anew. */
  | { readonly outcome: 'outdated'; readonly departures: readonly Departure[] }

/**
 * Who works at what. Of one stack at a time only one does: what runs is finished, and of those that wait only the newest
 * runs. Everything rejects with the signal's reason when that is aborted while it waits.
 */
export interface Lanes<Result> {
  /** Looks at git, one after the other, so that a newer look never saw an older commit. Returns its number as well. */
  look<Seen>(
    scope: 'host' | 'stack',
    read: () => Promise<Seen>,
    signal: AbortSignal,
  ): Promise<{ readonly look: number; readonly seen: Seen }>
  /** The number of a look at this host alone, which is about to be taken. */
  glance(): number
  /** Whether no look of scope `host` came after that one. */
  isNewest(look: number): boolean
  /** Waits for the stack's turn and does the work, unless that is left to somebody else. */
  enter(
    turn: Turn,
    work: (entered: Entered) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Passage<Result>>
  /** Does the work if nobody works at the stack, or did since the look; null where somebody does or did. */
  seize<Done>(
    turn: Pick<Turn, 'stack' | 'look' | 'kind'>,
    work: (act: Entered['act']) => Promise<Done>,
    signal: AbortSignal,
  ): Promise<Done | null>
  /** Resolves when nobody works at the stack or waits for it. */
  free(stack: string, signal: AbortSignal): Promise<void>
  /** Does the work while nobody acts on a stack, and lets nobody act meanwhile; `busy` where somebody does. */
  whileNobodyActs(work: () => Promise<void>): Promise<'done' | 'busy'>
  /** Does the work alone among all that bear this name. */
  alone<Done>(
    name: 'commit' | 'proposal',
    work: () => Promise<Done>,
    signal: AbortSignal,
  ): Promise<Done>
}

// ---------------------------------------------------------------- the rest

/** What Magos stands on here, as the doctor looks at it. */
export interface Prerequisites {
  /** What it is like now; `images` is where the engine keeps them. What is missing is told, not thrown. */
  look(images: string | null, signal: AbortSignal): Promise<HostFacts>
  /** How far the clock is ahead of a server's, ms; null where that one tells no time. Throws `network`. */
  skew(url: string, signal: AbortSignal): Promise<number | null>
  /** Puts right what this user may; what was done in words, null where it was refused. */
  mend(what: 'data-directory' | 'linger', signal: AbortSignal): Promise<string | null>
}

export type LogFields = Readonly<Record<string, unknown>>

/** Fields carry the ids: delivery, image, stack, commit. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Log
}

export interface Clock {
  now(): number
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}
