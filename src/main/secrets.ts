import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createKeyedDigest } from '../adapters/secrets/host-key.ts'
import { keySources, type KeySource, type KeyVariable } from '../adapters/secrets/key-sources.ts'
import { createSecrets } from '../adapters/secrets/secrets.ts'
import { createSopsProgram } from '../adapters/secrets/sops-program.ts'
import { KEY_VARIABLES } from '../config/variable.ts'
import type { Secrets } from '../ports.ts'
import type { Base } from './base.ts'
import { runtimeDirectory } from './runtime-directory.ts'
import type { Environment } from './settings.ts'

/** The keys of this host. `missing` says whether a key for digests is made where there is none. */
export function openSecrets(base: Base, missing: 'make' | 'pretend'): Secrets {
  const { config, environment, run, liveValues } = base
  return createSecrets({
    run,
    sources: configuredSources(base),
    commandEnvironment: withoutOurs(environment),
    digest: createKeyedDigest({ path: join(config.dataDirectory, 'secrets.key'), missing }),
    program:
      config.secrets.sops === null
        ? null
        : createSopsProgram({
            path: config.secrets.sops,
            run,
            environment,
            runtimeDirectory: runtimeDirectory(environment),
          }),
    onValues: (values) => liveValues.add(values),
  })
}

/** Below the runtime directory, by the data directory: two daemons of one user never meet. */
export function secretFilesDirectory(inMemory: string, dataDirectory: string): string {
  const mark = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 12)
  return join(inMemory, `secrets-${mark}`)
}

function configuredSources({ config, environment }: Base): readonly KeySource[] {
  const variables: Partial<Record<KeyVariable, string>> = {}
  for (const name of KEY_VARIABLES) {
    const secret = config.keys[name]
    if (secret !== undefined) variables[name] = secret.reveal()
  }
  return keySources({
    variables,
    home: homedir(),
    configHome: environment['XDG_CONFIG_HOME'] ?? null,
    platform: process.platform,
    credentials: environment['CREDENTIALS_DIRECTORY'] ?? null,
    exposed: config.secrets.exposedKeyFiles,
  })
}

/** A program that hands out keys may need anything of its user's, but nothing of ours. */
function withoutOurs(environment: Environment): Record<string, string> {
  const theirs = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined || /^(?:MD_|GITHUB_|SOPS_)/.test(name) ? [] : [[name, value] as const],
  )
  return Object.fromEntries(theirs)
}
