import { readFileSync, statSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { configurationError } from '../config/problem.ts'
import { readConfig } from '../config/read.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What this process was started with. Throws `configuration` with everything that is wrong at once. */
export function readSettings(environment: Environment, workingDirectory: string): Config {
  const path = resolve(workingDirectory, '.env')
  const result = readConfig({
    environment,
    dotenv: isFile(path) ? { path: '.env', text: readText(path) } : null,
    readFile: readText,
    homeDirectory: homedir(),
    hostname: hostname(),
    workingDirectory,
  })
  if ('problems' in result) throw configurationError(result.problems)
  return result.config
}

/** Every secret that was configured, so that no log line shows it. */
export function configuredSecrets(config: Config): readonly string[] {
  const registries = Object.values(config.registries).map(({ credential }) => credential?.password)
  const { webhookSecret, registryWebhookSecret, github, keys } = config
  const { SOPS_AGE_KEY: key } = keys
  return [webhookSecret, registryWebhookSecret, github.app?.privateKey, key, ...registries].flatMap(
    (secret) => (secret === null || secret === undefined ? [] : [secret.reveal()]),
  )
}

/** Nothing to be read is told apart from what may not be read; a folder of that name is somebody's virtual environment. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
