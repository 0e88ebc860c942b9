import type { Rules } from '../domain/policy/rules.ts'
import type { KeySettings } from './key-variables.ts'
import type { Secret } from './secret.ts'

/** Where the watched repository lives. `text` is what was configured, to the letter. */
export type RepositorySetting =
  | {
      readonly kind: 'github'
      readonly text: string
      readonly owner: string
      readonly name: string
    }
  | {
      readonly kind: 'local'
      readonly text: string
      /** Absolute. */
      readonly path: string
    }

export interface ListenAddress {
  /** Without brackets. */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
}

export interface GitHubApp {
  /** The App's id or its client id. */
  readonly id: string
  /** PEM, checked to be an RSA key. */
  readonly privateKey: Secret
}

export interface GitHubSettings {
  /** Without a slash at the end. */
  readonly apiUrl: string
  /** Without a slash at the end. */
  readonly serverUrl: string
  readonly app: GitHubApp | null
}

export interface RegistrySettings {
  /** null: by the host's name; plain HTTP on loopback alone. */
  readonly plainHttp: boolean | null
  readonly credential: { readonly username: string; readonly password: Secret } | null
  /** PEM of certificates that are trusted there beside the usual ones. */
  readonly ca: string | null
  /** `HOST` or `HOST/PATH` each, in the order in which they are asked. */
  readonly mirrors: readonly string[]
  /** Hosts that may hand out its tokens beside its own. */
  readonly tokenServers: readonly string[]
}

export interface StackSettings {
  /** Absolute; `adopt`: where its containers were started; null: below the data directory. */
  readonly directory: string | null
  /** null: as everywhere. */
  readonly drift: DriftSetting | null
}

/** What is done about containers that somebody changed. */
export type DriftSetting = 'heal' | 'report'

export interface SecretsSettings {
  /** The program of sops, for recipients that are not age's; absolute. null: it is never run. */
  readonly sops: string | null
  /** Files of keys that others than their owner can use. */
  readonly exposedKeyFiles: 'refused' | 'allowed'
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What is taken back in git where a state failed: what updates of Magos changed, or every image line that changed. */
export type RevertSetting = 'updates' | 'images'

/** ms, by whether every service that runs has a health check or a probe. */
export interface SettleSettings {
  readonly checked: number
  readonly unchecked: number
}

/** What the owner of this host decided, every default filled in. Durations are ms, sizes bytes. */
export interface Config {
  /** null where `MD_REPO` is not set: only commands that read the working directory can run. */
  readonly repository: RepositorySetting | null
  /** null: the branch that the remote's HEAD names. */
  readonly branch: string | null
  readonly host: string
  /** null: probe, podman first. */
  readonly runtime: 'podman' | 'docker' | null
  readonly dataDirectory: string
  readonly listen: ListenAddress
  readonly pollInterval: number
  /** null: no delivery can be verified, so none is taken; polling finds the same work. */
  readonly webhookSecret: Secret | null
  /** null: no notification of a registry is taken. */
  readonly registryWebhookSecret: Secret | null
  readonly github: GitHubSettings
  /** null: where docker and podman keep theirs. */
  readonly registryAuthFile: string | null
  readonly keys: KeySettings
  readonly logLevel: LogLevel
  /** How long a new state must hold still before it counts as proven. */
  readonly settle: SettleSettings
  /** After this a deployment that is not proven has failed. */
  readonly deadline: number
  /** How long to wait for more events before one commit is made of them. */
  readonly debounce: number
  readonly bodyLimit: number
  /** By host, with its port where it has one; by `HOST/PATH` for nothing but a credential. */
  readonly registries: Readonly<Record<string, RegistrySettings>>
  /** Absolute directories outside the repository that a stack may refer to. */
  readonly allowPaths: readonly string[]
  /** Names of stacks whose hooks may run on this host. */
  readonly allowHooks: readonly string[]
  readonly stacks: Readonly<Record<string, StackSettings>>
  readonly drift: DriftSetting
  readonly revert: RevertSetting
  /** ms between two looks at the containers, beside what their events tell. */
  readonly sweep: number
  readonly secrets: SecretsSettings
  /** ms that a stack which left the repository runs on. */
  readonly grace: number
  /** Images of a repository that stay, the last good one counted. */
  readonly keep: number
  /** Stacks that are deployed or put right at once. */
  readonly parallel: number
  /** Rules that hold for every image, whatever the repository says. */
  readonly guards: Rules
}
