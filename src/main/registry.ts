import { homedir } from 'node:os'
import { authFilePaths } from '../adapters/registry/auth-file-paths.ts'
import { createCredentials } from '../adapters/registry/credentials.ts'
import { type ConfiguredSchemes, plainHttpRule } from '../adapters/registry/endpoint.ts'
import { createCredentialHelpers } from '../adapters/registry/credential-helper.ts'
import { createRegistry } from '../adapters/registry/registry.ts'
import type { Config, RegistrySettings } from '../config/config.ts'
import type { Credential, Manifests, Registry } from '../ports.ts'
import type { Base } from './base.ts'

/** The registries as this host is configured to speak to them; `manifests` is what they sent before. */
export function openRegistry(
  { config, environment, clock, log, http, run }: Base,
  manifests?: Manifests,
): Registry {
  const paths = authFilePaths({
    own: config.registryAuthFile ?? undefined,
    runtime: config.runtime,
    registryAuthFile: environment['REGISTRY_AUTH_FILE'],
    dockerConfig: environment['DOCKER_CONFIG'],
    runtimeDirectory: environment['XDG_RUNTIME_DIR'],
    configDirectory: environment['XDG_CONFIG_HOME'],
    home: homedir(),
    user: process.getuid?.() ?? 0,
  })
  const now = () => clock.now()
  const helpers = createCredentialHelpers(run, now)
  const configured = configuredLogins(config)
  return createRegistry({
    http,
    credentials: createCredentials({ configured, paths, helpers, now, log }),
    plainHttp: plainHttpRule(configuredSchemes(config)),
    trustedRealms: of(config, ({ tokenServers }) => tokenServers),
    mirrors: of(config, ({ mirrors }) => mirrors),
    now,
    log,
    ...(manifests === undefined ? {} : { manifests }),
  })
}

function configuredSchemes({ registries }: Config): ConfiguredSchemes {
  return Object.fromEntries(
    Object.entries(registries).flatMap(([host, { plainHttp }]) =>
      plainHttp === null ? [] : [[host, plainHttp ? 'http' : 'https'] as const],
    ),
  )
}

function of<T>({ registries }: Config, read: (settings: RegistrySettings) => T): Record<string, T> {
  return Object.fromEntries(
    Object.entries(registries).map(([host, settings]) => [host, read(settings)]),
  )
}

function configuredLogins({ registries }: Config): Record<string, Credential> {
  return Object.fromEntries(
    Object.entries(registries).flatMap(([place, { credential }]) =>
      credential === null
        ? []
        : [[place, { username: credential.username, password: credential.password.reveal() }]],
    ),
  )
}
