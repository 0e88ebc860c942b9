import { join } from 'node:path'

/** A place that keys come from. */
export type KeySource =
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | {
      readonly kind: 'file'
      /** The variable that names it; null for a place where keys usually lie. */
      readonly variable: string | null
      readonly path: string
      /** Who but its owner may read it: systemd lets the group in by an access list of its own. */
      readonly others: 'nobody' | 'group' | 'anybody'
    }
  | { readonly kind: 'command'; readonly name: string; readonly command: string }

/** What this process was told about keys. */
export interface KeySettings {
  /** By the names of SOPS's variables. */
  readonly variables: Readonly<Partial<Record<KeyVariable, string>>>
  readonly home: string
  readonly configHome: string | null
  /** As `process.platform` names it. */
  readonly platform: string
  /** `$CREDENTIALS_DIRECTORY` of a systemd unit. */
  readonly credentials: string | null
  /** What the owner of this host allows: key files that others can read. */
  readonly exposed: 'refused' | 'allowed'
  /** Where container engines lay secrets; default /run/secrets. */
  readonly secretsDirectory?: string
}

export type KeyVariable =
  | 'SOPS_AGE_KEY'
  | 'SOPS_AGE_KEY_FILE'
  | 'SOPS_AGE_KEY_CMD'
  | 'SOPS_AGE_SSH_PRIVATE_KEY_FILE'
  | 'SOPS_AGE_SSH_PRIVATE_KEY_CMD'

/**
 * Every place that SOPS reads, and systemd's credentials and /run/secrets beside them. All count; what a program hands
 * out comes last, for it may ask somebody. https://getsops.io/docs/#encrypting-using-age
 */
export function keySources(settings: KeySettings): readonly KeySource[] {
  const { variables, home, credentials, exposed, secretsDirectory = '/run/secrets' } = settings
  const allowed = exposed === 'allowed' ? 'anybody' : null
  const file = (path: string, variable: string | null, others: 'nobody' | 'group' = 'nobody') =>
    ({ kind: 'file', variable, path, others: allowed ?? others }) as const
  const named = (['SOPS_AGE_KEY_FILE', 'SOPS_AGE_SSH_PRIVATE_KEY_FILE'] as const).flatMap((name) =>
    variables[name] === undefined ? [] : [file(variables[name], name)],
  )
  const commands = (['SOPS_AGE_KEY_CMD', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD'] as const).flatMap((name) =>
    variables[name] === undefined
      ? []
      : [{ kind: 'command', name, command: variables[name] } as const],
  )
  const text = variables.SOPS_AGE_KEY
  return [
    ...(text === undefined ? [] : [{ kind: 'text', name: 'SOPS_AGE_KEY', text } as const]),
    ...named,
    ...(credentials === null ? [] : below(credentials).map((path) => file(path, null, 'group'))),
    ...below(secretsDirectory).map((path) => file(path, null)),
    file(join(configDirectory(settings), 'sops/age/keys.txt'), null),
    ...['id_ed25519', 'id_rsa'].map((name) => file(join(home, '.ssh', name), null)),
    ...commands,
  ]
}

/** Credentials and secrets are named as the variable is, or so in lower case. */
function below(directory: string): readonly string[] {
  return ['SOPS_AGE_KEY', 'SOPS_AGE_SSH_PRIVATE_KEY']
    .flatMap((name) => [name, name.toLowerCase()])
    .map((name) => join(directory, name))
}

/** As Go's os.UserConfigDir has it, but for macOS, where SOPS lets XDG_CONFIG_HOME win. */
function configDirectory({ home, configHome, platform }: KeySettings): string {
  // https://specifications.freedesktop.org/basedir-spec/latest/: a relative one is to be ignored
  if (configHome?.startsWith('/') === true) return configHome
  return platform === 'darwin' ? join(home, 'Library/Application Support') : join(home, '.config')
}
