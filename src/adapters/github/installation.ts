import { MagosError } from '../../domain/error.ts'
import type { Installation, InstallationState } from '../../ports.ts'
import { branchWarning } from './branch-rules.ts'
import { textField } from './answer.ts'
import type { AppClient } from './app-client.ts'
import type { Client } from './client.ts'
import type { Tokens } from './tokens.ts'

export interface InstallationOptions {
  readonly app: AppClient
  readonly tokens: Tokens
  readonly client: Client
  readonly branch: (signal: AbortSignal) => string | Promise<string>
  readonly repository: { readonly owner: string; readonly repo: string }
}

/** https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app */
export function createInstallation(options: InstallationOptions): Installation {
  return { state: (signal) => readState(options, signal) }
}

async function readState(
  options: InstallationOptions,
  signal: AbortSignal,
): Promise<InstallationState> {
  const { app, tokens, repository } = options
  tokens.forget()
  const name = `${repository.owner}/${repository.repo}`
  const action = `Find the GitHub App's installation on "${name}"`
  const route = 'GET /repos/{owner}/{repo}/installation'
  try {
    const state = judge(await app.asApp(route, repository, { action, signal }), name)
    if (state.outcome !== 'ready') return state
    const warning = await branchWarning(options, signal)
    return warning === null ? state : { ...state, warning }
  } catch (error) {
    const missing = error instanceof MagosError && error.code === 'not-found'
    if (!missing) throw error
    return {
      outcome: 'missing',
      reason: `the GitHub App is not installed on "${name}", or there is no such repository`,
      remedy: `Install the GitHub App on "${name}", and check MD_REPO and GITHUB_APP_ID`,
    }
  }
}

type Level = 'read' | 'write'

/** Without these nothing is committed and nothing is reported. */
const needed: readonly (readonly [name: string, level: Level])[] = [
  ['contents', 'write'],
  ['statuses', 'write'],
  ['metadata', 'read'],
]

const levels: readonly (string | null)[] = [null, 'read', 'write', 'admin']

function judge(installation: unknown, name: string): InstallationState {
  const since = textField(installation, 'suspended_at')
  if (since !== null) {
    return {
      outcome: 'suspended',
      reason: `the GitHub App's installation on "${name}" is suspended since ${since}`,
      remedy: 'Unsuspend it in the settings of the account, under "GitHub Apps"',
    }
  }
  const lacking = needed.filter(([permission, level]) => {
    const granted = textField(installation, 'permissions', permission)
    return levels.indexOf(granted) < levels.indexOf(level)
  })
  if (lacking.length === 0) return { outcome: 'ready' }
  const list = lacking.map((pair) => pair.join(':')).join(', ')
  return {
    outcome: 'underprivileged',
    reason: `the GitHub App's installation on "${name}" lacks ${list}`,
    remedy: `Grant ${list} on the GitHub App's page and accept it in the account's settings`,
  }
}
