import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identityTokenUser } from '../../../src/domain/identity-token.ts'
import { createCredentialHelpers } from '../../../src/adapters/registry/credential-helper.ts'
import {
  createCredentials,
  type Credentials,
  type Login,
} from '../../../src/adapters/registry/credentials.ts'
import { plainHttpRule } from '../../../src/adapters/registry/endpoint.ts'
import type { Mirrors } from '../../../src/adapters/registry/mirrors.ts'
import { createRegistry } from '../../../src/adapters/registry/registry.ts'
import { createHttp, type Http } from '../../../src/host/http.ts'
import { createRunChild } from '../../../src/host/process.ts'
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

/** A login as it stands in an auth file for a whole registry. */
export function loginOf(credential: Credential, registry: string): Login {
  return { credential, source: 'the test', kept: 'file', reach: registry }
}

/** The same login for every repository, or none. */
function fixedCredentials(credential: Credential | null): Credentials {
  return {
    find: async ({ registry }) => (credential === null ? null : loginOf(credential, registry)),
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
  return registryOver(http, fixedCredentials(credential), { now })
}

function registryOver(
  http: Http,
  credentials: Credentials,
  { now = Date.now, mirrors = {} }: { readonly now?: () => number; readonly mirrors?: Mirrors },
): Registry {
  const plainHttp = plainHttpRule()
  return createRegistry({ http, credentials, plainHttp, now, log: silentLog, mirrors })
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
      push: async (repository, tag, version, labels = {}) => {
        const digest = push(repository, tag, version)
        registry.label(digest, labels)
        return digest
      },
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

/** The reader's login is kept by a real program that docker's configuration names. */
export function helperFixture(
  start: () => Promise<RunningLab>,
  login: Credential,
): () => Promise<RegistryFixture> {
  return async () => {
    const directory = await mkdtemp(join(tmpdir(), 'magos-helper-'))
    const program = join(directory, 'docker-credential-lab')
    const answer = JSON.stringify({ Username: login.username, Secret: login.password })
    await writeFile(program, `#!/bin/sh\n[ "$1" = get ] && printf '%s' '${answer}'\n`, {
      mode: 0o755,
    })
    const config = join(directory, 'config.json')
    await writeFile(config, JSON.stringify({ credsStore: 'lab' }))
    const run = createRunChild({ environment: { PATH: `${directory}:/usr/bin:/bin` } })
    const helpers = createCredentialHelpers(run, Date.now)
    const paths = [config]
    const credentials = createCredentials({ paths, helpers, now: Date.now, log: silentLog })
    const fixture = await overHttp(await start(), login, login, credentials)
    return {
      ...fixture,
      async dispose() {
        await fixture.dispose()
        await rm(directory, { recursive: true })
      },
    }
  }
}

/** The reader's login is an identity token, the user's password at the lab's token server, in a real auth file. */
export function identityTokenFixture(
  options: LabRegistryOptions,
  pusher: Credential,
): () => Promise<RegistryFixture> {
  return async () => {
    const directory = await mkdtemp(join(tmpdir(), 'magos-identity-'))
    const lab = await startRegistry(options)
    const auth = Buffer.from(`${identityTokenUser}:`).toString('base64')
    const auths = { [lab.host]: { auth, identitytoken: pusher.password } }
    const path = join(directory, 'auth.json')
    await writeFile(path, JSON.stringify({ auths }))
    const helpers = { get: async () => null, forget: () => undefined }
    const credentials = createCredentials({
      paths: [path],
      helpers,
      now: Date.now,
      log: silentLog,
    })
    const reader = { username: identityTokenUser, password: pusher.password }
    const fixture = await overHttp(lab, pusher, reader, credentials)
    return {
      ...fixture,
      async dispose() {
        await fixture.dispose()
        await rm(directory, { recursive: true })
      },
    }
  }
}

/** Everything is pushed to the mirror; the registry itself knows nothing. */
export function mirrorFixture(): () => Promise<RegistryFixture> {
  return async () => {
    const [origin, mirror] = [await startRegistry(), await startRegistry()]
    const fixture = await overHttp(mirror, null, null)
    const http = createHttp()
    const mirrors = { [origin.host]: [mirror.host] }
    return {
      ...fixture,
      registry: registryOver(http, fixedCredentials(null), { mirrors }),
      host: origin.host,
      async stop() {
        await Promise.all([fixture.stop(), origin.close()])
      },
      async dispose() {
        await http.close()
        await fixture.dispose()
        await origin.close().catch(() => undefined)
      },
    }
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
  credentials: Credentials = fixedCredentials(reader),
): Promise<RegistryFixture> {
  const http = createHttp()
  let passed = 0
  const now = () => Date.now() + passed
  const target: PushTarget = { url: lab.url, ...(pusher === null ? {} : { login: pusher }) }
  let closing: Promise<void> | undefined
  const stop = () => (closing ??= lab.close())
  return {
    registry: registryOver(http, credentials, { now }),
    stranger: registryWith(http, null),
    host: lab.host,
    credential: reader,
    push: (repository, tag, version, labels = {}) =>
      pushImage(target, repository, tag, {
        version,
        platforms: ['linux/amd64', 'linux/arm64'],
        config: { Labels: labels },
      }),
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
