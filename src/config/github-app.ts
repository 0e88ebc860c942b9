import type { GitHubApp, RepositorySetting } from './config.ts'
import { parseAppId } from './name.ts'
import { expandPath } from './path.ts'
import { looksLikePem, parsePrivateKey } from './private-key.ts'
import { readSecret } from './secret-variable.ts'
import type { Secret } from './secret.ts'
import { refuse, setting } from './setting.ts'
import type { EnvironmentInput } from './setting.ts'
import type { SecretVariable, Variable } from './variable.ts'

/** The App's id and key. One without the other, or none where GitHub is to be committed to, is a problem. */
export function readApp(
  input: EnvironmentInput,
  repository: RepositorySetting | null,
): GitHubApp | null {
  const id = setting(input, 'GITHUB_APP_ID', parseAppId, null)
  const hasId = input.variables.find('GITHUB_APP_ID') !== null
  const key = readSecret(input, 'GITHUB_APP_PRIVATE_KEY')
  const privateKey = key && readPrivateKey(input, key)
  const needed = repository?.kind === 'github'
  const why = needed ? 'MD_REPO names a GitHub repository' : 'the other half of the App is set'
  if (!hasId && (key !== null || needed)) {
    missing(input, 'GITHUB_APP_ID', why, 'set it to the id on the GitHub App’s page')
  }
  if (key === null && (hasId || needed) && !isNamed(input, 'GITHUB_APP_PRIVATE_KEY')) {
    missing(input, 'GITHUB_APP_PRIVATE_KEY', why, 'set it to the path of the App’s private key')
  }
  return id !== null && privateKey !== null ? { id, privateKey } : null
}

function readPrivateKey(input: EnvironmentInput, found: Variable): Secret | null {
  const isPem = looksLikePem(found.value)
  const text = isPem ? found.value : input.readFile(expandPath(found.value, input))
  // the value is never shown: it may be a key that lost its first line
  if (text === null) {
    refuse(
      input,
      found,
      'Cannot read the private key: it is no PEM, and no readable file has that name',
    )
    return null
  }
  const parsed = parsePrivateKey(text)
  if ('value' in parsed) return parsed.value
  refuse(input, found, `Cannot use the ${parsed.refusal}`)
  return null
}

/** Whether somebody tried to set it, so that saying "missing" would be wrong. */
function isNamed(input: EnvironmentInput, name: SecretVariable): boolean {
  return input.variables.layer([name, `${name}_FILE`]).length > 0
}

function missing(input: EnvironmentInput, variable: string, why: string, remedy: string): void {
  input.problems.push({
    variable,
    place: null,
    message: `Cannot do without ${variable}: ${why}`,
    remedy,
  })
}
