import type { KeyObject } from 'node:crypto'
import type { JsonObject } from './json.ts'
import type { BareRepository } from './repository.ts'

export type Level = 'read' | 'write' | 'admin'
/** Permission name, as `contents`, to its level. */
export type Permissions = Readonly<Record<string, Level>>

export interface Account {
  readonly id: number
  readonly login: string
  readonly type: 'User' | 'Organization' | 'Bot'
}

export interface Hook {
  url: string
  secret: string
}

export interface AppRecord {
  readonly id: number
  readonly slug: string
  readonly clientId: string
  readonly owner: Account
  readonly bot: Account
  /** PEM, PKCS#1, as GitHub gives it out. */
  readonly privateKey: string
  readonly publicKey: KeyObject
  permissions: Permissions
  events: readonly string[]
  hook: Hook | null
  readonly hookId: number
  readonly createdAt: number
}

export interface InstallationRecord {
  readonly id: number
  readonly app: AppRecord
  readonly account: Account
  repositories: 'all' | ReadonlySet<number>
  permissions: Permissions
  events: readonly string[]
  suspendedAt: number | null
  readonly createdAt: number
}

export interface TokenRecord {
  readonly value: string
  readonly installation: InstallationRecord
  readonly repositories: 'all' | ReadonlySet<number>
  readonly permissions: Permissions
  readonly expiresAt: number
  /** Calls that will still be refused because the token has not reached every replica. */
  unreplicated: { calls: number; status: 401 | 404 }
}

export interface StatusRecord {
  readonly id: number
  readonly sha: string
  readonly state: string
  readonly context: string
  readonly description: string | null
  readonly targetUrl: string | null
  readonly creator: Account
  readonly at: number
}

export interface DeploymentStatusRecord {
  readonly id: number
  readonly state: string
  readonly fields: JsonObject
  readonly creator: Account
  readonly at: number
}

export interface DeploymentRecord {
  readonly id: number
  readonly sha: string
  readonly ref: string
  readonly fields: JsonObject
  readonly creator: Account
  readonly at: number
  readonly statuses: DeploymentStatusRecord[]
}

export interface PullRecord {
  readonly id: number
  readonly number: number
  readonly user: Account
  readonly head: string
  /** Owner of the fork that the branch lies in; null for the repository itself. */
  readonly fork: Account | null
  headSha: string
  readonly labels: string[]
  readonly reviewers: Account[]
  readonly comments: { readonly user: Account; readonly body: string; readonly at: number }[]
  /** What somebody last asked about, base and head. */
  lookedAt: string | null
  title: string
  body: string | null
  base: string
  state: 'open' | 'closed'
  readonly createdAt: number
  updatedAt: number
  closedAt: number | null
  merged: {
    readonly sha: string
    readonly at: number
    readonly by: Account
    /** Where the base was before. */
    readonly base: string
  } | null
}

export interface CheckRunRecord {
  readonly id: number
  readonly app: AppRecord | null
  readonly sha: string
  fields: JsonObject
  readonly startedAt: number
  completedAt: number | null
}

/** A rule on branches; Apps that may pass it by are named by id. */
export interface Rule {
  /** Of a ruleset (the default), or of the older branch protection, which no list of rules names. */
  readonly of?: 'ruleset' | 'protection'
  readonly branch: string
  readonly type:
    | 'pull_request'
    | 'required_signatures'
    | 'required_status_checks'
    | 'non_fast_forward'
    | 'deletion'
    | 'update'
  readonly bypass: readonly number[]
  /** Of `required_status_checks`. */
  readonly contexts?: readonly string[]
}

export interface RepositoryRecord {
  readonly id: number
  readonly owner: Account
  readonly name: string
  readonly defaultBranch: string
  readonly visibility: 'public' | 'private'
  archived: boolean
  readonly git: BareRepository
  rules: readonly Rule[]
  /** Logins of people who may review. */
  readonly collaborators: Set<string>
  /** `unknown` until somebody looked. */
  content: 'unknown' | 'some'
  readonly statuses: StatusRecord[]
  readonly deployments: DeploymentRecord[]
  readonly pulls: PullRecord[]
  readonly checkRuns: CheckRunRecord[]
  /** What a ref named before its last move: an answer of a replica that lags behind. */
  readonly previous: Map<string, string>
  readonly createdAt: number
  pushedAt: number
  /** Runs one thing that moves refs after the other. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
}

/** Everything that this GitHub knows. */
export interface State {
  readonly url: string
  readonly now: () => number
  /** By which an App's JWT counts: who signs one knows this machine's clock alone. */
  readonly signedBy: () => number
  readonly nextId: () => number
  readonly accounts: Map<string, Account>
  readonly apps: Map<number, AppRecord>
  readonly installations: Map<number, InstallationRecord>
  readonly tokens: Map<string, TokenRecord>
  readonly repositories: RepositoryRecord[]
  /** A person's token with every right, for clones and pushes by hand. */
  readonly personToken: string
  readonly person: Account
  tokenLifetime: number
  freshToken: { calls: number; status: 401 | 404 }
}

export function findRepository(state: State, owner: string, name: string): RepositoryRecord | null {
  const [wantedOwner, wantedName] = [owner.toLowerCase(), name.toLowerCase()]
  const found = state.repositories.find(
    (repository) =>
      repository.owner.login.toLowerCase() === wantedOwner &&
      repository.name.toLowerCase() === wantedName,
  )
  return found ?? null
}

/** The installation through which an App sees a repository. */
export function findInstallation(
  state: State,
  app: AppRecord,
  repository: RepositoryRecord,
): InstallationRecord | null {
  const found = [...state.installations.values()].find(
    (installation) => installation.app === app && covers(installation, repository),
  )
  return found ?? null
}

export function covers(
  scope: Pick<InstallationRecord, 'account' | 'repositories'>,
  repository: RepositoryRecord,
): boolean {
  return (
    scope.account.id === repository.owner.id &&
    (scope.repositories === 'all' || scope.repositories.has(repository.id))
  )
}

const ranks: Readonly<Record<Level, number>> = { read: 1, write: 2, admin: 3 }

export function allows(granted: Permissions, name: string, level: Level): boolean {
  const held = granted[name]
  return held !== undefined && ranks[held] >= ranks[level]
}
