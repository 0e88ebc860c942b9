import { join } from 'node:path'

import { parseListen, parseServerUrl } from './address.ts'
import { closest } from './closest.ts'
import type { GitHubSettings, ListenAddress, LogLevel } from './config.ts'
import type { RepositorySetting } from './config.ts'
import { parseBranch, parseHost } from './name.ts'
import { expandPath } from './path.ts'
import type { Parsed } from './problem.ts'
import { parseDuration } from './quantity.ts'
import { parseRepository } from './repository.ts'
import { readApp } from './github-app.ts'
import { readKeyVariables, type KeySettings } from './key-variables.ts'
import { readSecret } from './secret-variable.ts'
import { Secret } from './secret.ts'
import { refuse, setting } from './setting.ts'
import type { EnvironmentInput } from './setting.ts'
import type { PlainVariable } from './variable.ts'

export interface EnvironmentSettings {
  readonly repository: RepositorySetting | null
  readonly branch: string | null
  readonly host: string
  readonly runtime: 'podman' | 'docker' | null
  readonly dataDirectory: string
  readonly listen: ListenAddress
  readonly pollInterval: number
  readonly webhookSecret: Secret | null
  readonly registryWebhookSecret: Secret | null
  readonly github: GitHubSettings
  readonly registryAuthFile: string | null
  readonly keys: KeySettings
  readonly logLevel: LogLevel
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const RUNTIMES = ['podman', 'docker'] as const
const GITHUB = 'https://github.com'
const DEFAULT_LISTEN = { host: '127.0.0.1', port: 8787 }
const DEFAULT_POLL_INTERVAL = 300_000
/** Shorter ones can be guessed, and could not be told from ordinary words in a log. */
const SHORTEST_SECRET = 8

/** What the variables say, defaults filled in; a setting with a problem has its default. */
export function readEnvironment(input: EnvironmentInput): EnvironmentSettings {
  const serverUrl = setting(input, 'GITHUB_SERVER_URL', parseServerUrl, GITHUB)
  const repository = setting(
    input,
    'MD_REPO',
    (text) => parseRepository(text, serverUrl, input),
    null,
  )
  return {
    repository,
    branch: setting(input, 'MD_BRANCH', parseBranch, null),
    host: readHost(input),
    runtime: setting(input, 'MD_RUNTIME', (text) => parseOneOf(text, RUNTIMES), null),
    dataDirectory: readDataDirectory(input),
    listen: setting(input, 'MD_LISTEN', parseListen, DEFAULT_LISTEN),
    pollInterval: setting(
      input,
      'MD_POLL_INTERVAL',
      (text) => parseDuration(text, { min: '1s', max: '24h' }),
      DEFAULT_POLL_INTERVAL,
    ),
    webhookSecret: readWebhookSecret(input),
    registryWebhookSecret: readRegistryWebhookSecret(input),
    github: {
      serverUrl,
      apiUrl: setting(input, 'GITHUB_API_URL', parseServerUrl, apiOf(serverUrl)),
      app: readApp(input, repository),
    },
    registryAuthFile: readPath(input, 'MD_REGISTRY_AUTH_FILE'),
    keys: readKeyVariables(input),
    logLevel: setting(input, 'MD_LOG_LEVEL', (text) => parseOneOf(text, LEVELS), 'info'),
  }
}

function parseOneOf<T extends string>(text: string, options: readonly T[]): Parsed<T> {
  const value = options.find((option) => option === text)
  if (value !== undefined) return { value }
  const near = closest(text, options)
  const hint = near === null ? '' : `; did you mean ${near}?`
  return { refusal: `value ${JSON.stringify(text)}: expected ${options.join(' or ')}${hint}` }
}

function readHost(input: EnvironmentInput): string {
  if (input.variables.find('MD_HOST')) return setting(input, 'MD_HOST', parseHost, '')
  const parsed = parseHost(input.hostname)
  if ('value' in parsed) return parsed.value
  input.problems.push({
    variable: 'MD_HOST',
    place: null,
    message: `Cannot use the machine's ${parsed.refusal}`,
    remedy: 'set MD_HOST',
  })
  return ''
}

function readDataDirectory(input: EnvironmentInput): string {
  const { environment, homeDirectory } = input
  const variable = input.variables.find('MD_DATA_DIR')
  if (variable) return expandPath(variable.value, input)
  // systemd separates several by a colon; the first is ours
  const ofUnit = environment['STATE_DIRECTORY']?.split(':')[0]
  if (ofUnit?.startsWith('/')) return ofUnit
  // https://specifications.freedesktop.org/basedir-spec/latest/: a relative one is to be ignored
  const stateHome = environment['XDG_STATE_HOME']
  const base = stateHome?.startsWith('/') ? stateHome : join(homeDirectory, '.local/state')
  return join(base, 'magos-dominus')
}

/** https://docs.github.com/en/enterprise-server@latest/rest: a server of one's own has its API below /api/v3. */
function apiOf(serverUrl: string): string {
  return serverUrl === GITHUB ? 'https://api.github.com' : `${serverUrl}/api/v3`
}

/** An absolute path of a file that is there. */
function readPath(input: EnvironmentInput, name: PlainVariable): string | null {
  const variable = input.variables.find(name)
  if (variable === null) return null
  const path = expandPath(variable.value, input)
  if (input.readFile(path) !== null) return path
  refuse(input, variable, `Cannot read ${JSON.stringify(path)}: no such readable file`)
  return null
}

function readWebhookSecret(input: EnvironmentInput): Secret | null {
  const found = readSecret(input, 'MD_WEBHOOK_SECRET')
  if (found === null) return null
  if (found.value.length < SHORTEST_SECRET) {
    refuse(
      input,
      found,
      `Cannot use the webhook secret: expected at least ${String(SHORTEST_SECRET)} characters`,
      'make one with: openssl rand -hex 32',
    )
  }
  return new Secret(found.value)
}

/** It may stand in an address, where Docker Hub and Quay have no other place for it. */
function readRegistryWebhookSecret(input: EnvironmentInput): Secret | null {
  const found = readSecret(input, 'MD_REGISTRY_WEBHOOK_SECRET')
  if (found === null) return null
  if (!/^[A-Za-z0-9._~-]{16,256}$/.test(found.value)) {
    refuse(
      input,
      found,
      'Cannot use the secret of registry webhooks: expected at least 16 letters, digits, - . _ or ~',
      'make one with: openssl rand -hex 32',
    )
  }
  return new Secret(found.value)
}
