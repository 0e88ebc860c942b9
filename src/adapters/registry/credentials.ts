import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credential, Log, RepositoryName } from '../../ports.ts'
import { type AuthFile, findLogin, parseAuthFile } from './auth-file.ts'

const absent = 'not there'
const freshFor = 1000
const maxAuthFile = 1024 * 1024

/** A credential and where it came from, for messages. */
export interface Login {
  readonly credential: Credential
  /** A file's path; never the secret. */
  readonly source: string
}

/** Where logins for registries are looked up. */
export interface Credentials {
  /** null for anonymous. A file that is absent or broken is passed over, and named by `consulted`. */
  find(name: RepositoryName, signal: AbortSignal): Promise<Login | null>
  /** The places that were looked at, each with what was wrong there; for remedies. */
  consulted(): readonly string[]
}

/** Environment values that say where auth files lie. */
export interface AuthFileSettings {
  /** `MD_REGISTRY_AUTH_FILE`: this file and no other. */
  readonly own?: string | undefined
  readonly registryAuthFile?: string | undefined
  readonly dockerConfig?: string | undefined
  readonly runtimeDirectory?: string | undefined
  readonly home: string
}

/** Docker's and podman's auth files in the order in which they are asked. `DOCKER_CONFIG` moves docker's own, as it does for docker. */
export function authFilePaths(settings: AuthFileSettings): readonly string[] {
  const { own, registryAuthFile, dockerConfig, runtimeDirectory, home } = settings
  if (own) return [own]
  return [
    ...(registryAuthFile ? [registryAuthFile] : []),
    join(dockerConfig || join(home, '.docker'), 'config.json'),
    ...(runtimeDirectory ? [join(runtimeDirectory, 'containers', 'auth.json')] : []),
    join(home, '.config', 'containers', 'auth.json'),
  ]
}

export interface CredentialOptions {
  readonly paths: readonly string[]
  readonly now: () => number
  readonly log: Log
}

/** Reads auth files, each again when it changed (looked at once a second). The first file that knows the repository or its registry answers. */
export function createCredentials({ paths, now, log }: CredentialOptions): Credentials {
  const files = paths.map((path) => createReader(path, now, log))
  const warned = new Set<string>()
  return {
    async find(name, signal) {
      for (const file of files) {
        signal.throwIfAborted()
        const content = await file.read(signal)
        if (content === null) continue
        const found = findLogin(content, name)
        if (found.outcome === 'login') return { credential: found.credential, source: file.path }
        if (found.outcome === 'helper') warnOfHelper(name.registry, found.helper, file.path)
      }
      return null
    },
    consulted: () => [...files.map((file) => file.describe()), ...warned],
  }

  function warnOfHelper(registry: string, helper: string, path: string): void {
    const reason = `"${path}" leaves the login for "${registry}" to the credential helper "${helper}", and helpers are not supported in this version`
    if (warned.has(reason)) return
    warned.add(reason)
    log.warn({ registry, file: path, helper }, `${reason}: going on without that login`)
  }
}

interface Reader {
  readonly path: string
  /** null where there is no file, or none that can be read. */
  read(signal: AbortSignal): Promise<AuthFile | null>
  describe(): string
}

function createReader(path: string, now: () => number, log: Log): Reader {
  let lookedAt = Number.NEGATIVE_INFINITY
  let version = ''
  let content: AuthFile | null = null
  let problem = absent
  return {
    path,
    async read(signal) {
      const at = now()
      if (Math.abs(at - lookedAt) < freshFor) return content
      const found = await versionOf(path)
      if (found === version) {
        lookedAt = at
        return content
      }
      const read = found === absent ? absent : await readAuthFile(path, signal)
      lookedAt = at
      version = found
      content = typeof read === 'string' ? null : read
      problem = typeof read === 'string' ? read : ''
      if (problem !== '' && problem !== absent) {
        log.warn({ file: path }, `Cannot use the auth file "${path}": ${problem}`)
      }
      return content
    },
    describe: () => (problem === '' ? path : `${path} (${problem})`),
  }
}

// Size and inode beside the time: two writes may fall into one tick of the clock.
async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(path, { bigint: true })
    return `${mtimeNs}:${size}:${ino}`
  } catch (error) {
    return isAbsence(error) ? absent : 'unreadable'
  }
}

async function readAuthFile(path: string, signal: AbortSignal): Promise<AuthFile | string> {
  try {
    const bytes = await readFile(path, { signal })
    if (bytes.byteLength > maxAuthFile) return `it is larger than ${maxAuthFile} bytes`
    const parsed = parseAuthFile(bytes.toString('utf8'))
    return 'reason' in parsed ? parsed.reason : parsed
  } catch (error) {
    signal.throwIfAborted()
    return isAbsence(error) ? absent : `it cannot be read (${errorCode(error)})`
  }
}

function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errorCode(error))
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
