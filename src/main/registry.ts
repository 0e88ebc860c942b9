import { homedir } from 'node:os'
import { authFilePaths, createCredentials } from '../adapters/registry/credentials.ts'
import type { Credentials } from '../adapters/registry/credentials.ts'
import { plainHttpRule } from '../adapters/registry/endpoint.ts'
import { createRegistry } from '../adapters/registry/registry.ts'
import type { Config } from '../config/config.ts'
import type { Registry } from '../ports.ts'
import type { Base } from './base.ts'

/** The registries as this host is configured to speak to them. */
export function openRegistry({ config, environment, clock, log, http }: Base): Registry {
  const paths = authFilePaths({
    own: config.registryAuthFile ?? undefined,
    registryAuthFile: environment['REGISTRY_AUTH_FILE'],
    dockerConfig: environment['DOCKER_CONFIG'],
    runtimeDirectory: environment['XDG_RUNTIME_DIR'],
    home: homedir(),
  })
  const now = () => clock.now()
  const files = createCredentials({ paths, now, log })
  const plain = Object.entries(config.registries).filter(([, { plainHttp }]) => plainHttp)
  return createRegistry({
    http,
    credentials: configuredFirst(config, files),
    plainHttp: plainHttpRule(Object.fromEntries(plain.map(([host]) => [host, 'http']))),
    now,
    log,
  })
}

/** What the daemon's YAML says of a registry comes before any auth file. */
function configuredFirst({ registries }: Config, files: Credentials): Credentials {
  return {
    async find(name, signal) {
      const credential = registries[name.registry]?.credential
      if (credential === null || credential === undefined) return files.find(name, signal)
      const { username, password } = credential
      return {
        credential: { username, password: password.reveal() },
        source: 'the configuration',
      }
    },
    consulted: () => ['registries in the configuration', ...files.consulted()],
  }
}
