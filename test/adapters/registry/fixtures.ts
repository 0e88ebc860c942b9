import type { Login, Credentials } from '../../../src/adapters/registry/credentials.ts'
import { plainHttpRule } from '../../../src/adapters/registry/endpoint.ts'
import { createRegistry } from '../../../src/adapters/registry/registry.ts'
import { createHttp, type Http } from '../../../src/host/http.ts'
import type { Credential, Log, Registry } from '../../../src/ports.ts'
import type { RegistryFailure, RegistryFixture } from '../../contracts/registry.ts'
import { createMemoryRegistry } from '../../fakes/memory-registry.ts'
import { labHtpasswd, startDockerRegistry } from '../../lab/registry/docker-registry.ts'
import type { Fault } from '../../lab/registry/fault.ts'
import { deleteImage, pushImage, type PushTarget } from '../../lab/registry/push.ts'
import { type LabRegistryOptions, startRegistry } from '../../lab/registry/registry.ts'
import { digestOf } from '../../lab/registry/store.ts'

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
}

/** The same login for every repository, or none. */
function fixedCredentials(credential: Credential | null): Credentials {
  const login: Login | null = credential === null ? null : { credential, source: 'the test' }
  return {
    find: async () => login,
    consulted: () => ['/etc/none/auth.json (not there)'],
    refused: () => undefined,
  }
}

/** The adapter as the daemon builds it, for registries on loopback. */
export function registryWith(
  http: Http,
  credential: Credential | null,
  now: () => number = Date.now,
): Registry {
  const credentials = fixedCredentials(credential)
  return createRegistry({ http, credentials, plainHttp: plainHttpRule(), now, log: silentLog })
}

export function memoryFixture(credential: Credential | null): () => Promise<RegistryFixture> {
  return async () => {
    const host = 'registry.example'
    const door = credential === null ? 'open' : 'login-needed'
    const registry = createMemoryRegistry({ credential, door })
    const name = (repository: string) => ({ registry: host, repository })
    const push = (repository: string, tag: string, content: string) => {
      const digest = digestOf(Buffer.from(content))
      registry.push(name(repository), tag, digest)
      return digest
    }
    return {
      registry,
      host,
      credential,
      stranger: createMemoryRegistry({ door }),
      push: async (repository, tag, version) => push(repository, tag, version),
      pushPlain: async (repository, tag, format) => push(repository, tag, format),
      remove: async (repository, digest) => registry.remove(name(repository), digest),
      stop: async () => registry.fail('all', 'network'),
      fail: (failure) => registry.fail('all', failure, 1),
      dispose: async () => undefined,
    }
  }
}

export interface Logins {
  /** Who pushes. */
  readonly pusher: Credential | null
  /** Who asks. */
  readonly reader: Credential | null
}

export function inProcessFixture(
  options: LabRegistryOptions,
  { pusher, reader }: Logins = { pusher: null, reader: null },
): () => Promise<RegistryFixture> {
  return async () => {
    const lab = await startRegistry(options)
    const fixture = await overHttp(lab, pusher, reader)
    return { ...fixture, fail: (failure) => lab.faults.add(faults[failure]) }
  }
}

export function dockerRegistryFixture(
  credential: Credential | null,
): () => Promise<RegistryFixture> {
  return async () => {
    const lab = await startDockerRegistry(credential === null ? {} : { htpasswd: labHtpasswd })
    return overHttp(lab, credential, credential)
  }
}

interface RunningLab {
  readonly host: string
  readonly url: URL
  close(): Promise<void>
}

async function overHttp(
  lab: RunningLab,
  pusher: Credential | null,
  reader: Credential | null,
): Promise<RegistryFixture> {
  const http = createHttp()
  let passed = 0
  const now = () => Date.now() + passed
  const target: PushTarget = { url: lab.url, ...(pusher === null ? {} : { login: pusher }) }
  let closing: Promise<void> | undefined
  const stop = () => (closing ??= lab.close())
  return {
    registry: registryWith(http, reader, now),
    stranger: registryWith(http, null),
    host: lab.host,
    credential: reader,
    push: (repository, tag, version) =>
      pushImage(target, repository, tag, { version, platforms: ['linux/amd64', 'linux/arm64'] }),
    pushPlain: (repository, tag, format) => pushImage(target, repository, tag, { format }),
    remove: (repository, digest) => deleteImage(target, repository, digest),
    stop,
    rest: () => (passed += 600_000),
    async dispose() {
      await http.close()
      await stop()
    },
  }
}

const distribution = /^\/v2\//

// A passing 503 is asked for once more by the transport: it takes two to be seen.
const faults: Readonly<Record<RegistryFailure, Fault>> = {
  'rate-limit': { path: distribution, answer: { status: 429, headers: { 'retry-after': '7' } } },
  network: { path: distribution, answer: { status: 503 }, times: 2 },
  unauthorized: { path: distribution, answer: { status: 403 } },
  protocol: {
    path: distribution,
    answer: { status: 200, headers: { 'docker-content-digest': 'sha256:0' }, body: '<html>' },
  },
}
