import { readFile, stat } from 'node:fs/promises'
import type { Credential, Log, RepositoryName } from '../../ports.ts'
import { MagosError } from '../../domain/error.ts'
import {
  authFileOf,
  loginPlaces,
  type LoginPlace,
  type LoginSource,
  parseAuthFile,
} from './auth-file.ts'
import { formOf } from './auth-file-paths.ts'
import type { CredentialHelpers } from './credential-helper.ts'

const absent = 'not there'
const freshFor = 1000
const maxAuthFile = 1024 * 1024

/** A credential and where it came from, for messages. */
export interface Login {
  readonly credential: Credential
  /** A file's path or a helper's name; never the secret. */
  readonly source: string
  readonly kept: 'file' | 'helper' | 'configuration'
  /** What it is for: `HOST` or `HOST/PATH`. */
  readonly reach: string
}

/** Where logins for registries are looked up. */
export interface Credentials {
  /** null for anonymous. A file that is absent or broken is passed over, and named by `consulted`. */
  find(name: RepositoryName, signal: AbortSignal): Promise<Login | null>
  /** The places that were looked at, each with what was wrong there; for remedies. */
  consulted(): readonly string[]
  /** A login was turned down: what is remembered of programs that keep logins is asked for anew. */
  refused(): void
}

export interface CredentialOptions {
  /** By `HOST` or `HOST/PATH`; before every file. */
  readonly configured?: Readonly<Record<string, Credential>>
  readonly paths: readonly string[]
  readonly helpers: CredentialHelpers
  readonly now: () => number
  readonly log: Log
}

/**
 * Reads auth files, each again when it changed (looked at once a second), and asks the helpers that they name. The login of the
 * longest path answers, wherever it stands; of equal ones what is configured, then the first file's.
 */
export function createCredentials(options: CredentialOptions): Credentials {
  const { configured = {}, paths, helpers, now, log } = options
  const settings: LoginSource = {
    kept: 'configuration',
    source: 'the configuration',
    content: authFileOf(configured),
  }
  const files = paths.map((path) => createReader(path, now, log))
  // Helpers that could not be asked, until they answer.
  const failing = new Map<string, string>()
  return {
    async find(name, signal) {
      signal.throwIfAborted()
      const sources: LoginSource[] = settings.content.logins.size === 0 ? [] : [settings]
      for (const file of files) {
        const known = file.known()
        // A step less, for every question to a registry takes this way.
        const read = known === undefined ? await file.read(signal) : known
        if (read !== null) sources.push(read)
      }
      for (const place of loginPlaces(sources, name)) {
        const login = await look(place, signal)
        if (login !== null) return login
      }
      return null
    },
    consulted: () => [
      'registries in the configuration',
      ...files.map((file) => file.describe()),
      ...failing.values(),
    ],
    refused: () => helpers.forget(),
  }

  async function look(place: LoginPlace, signal: AbortSignal): Promise<Login | null> {
    const { from, reach } = place
    if (place.kind === 'entry') {
      return { credential: place.credential, source: from.source, kept: from.kept, reach }
    }
    const { helper, server } = place
    try {
      const credential = await helpers.get(helper, server, signal)
      failing.delete(helper)
      if (credential === null) return null
      return { credential, source: `docker-credential-${helper}`, kept: 'helper', reach }
    } catch (thrown) {
      signal.throwIfAborted()
      if (!(thrown instanceof MagosError)) throw thrown
      // A broken helper must not stop what anybody may read.
      if (!failing.has(helper)) {
        const fields = { registry: server, file: from.source, helper, remedy: thrown.remedy }
        log.warn(fields, `${thrown.message}: going on without that login`)
      }
      failing.set(helper, `docker-credential-${helper} (${thrown.message})`)
      return null
    }
  }
}

interface Reader {
  /** What was read within the last moments; undefined where it has to be looked at again. */
  known(): LoginSource | null | undefined
  /** null where there is no file, or none that can be read. */
  read(signal: AbortSignal): Promise<LoginSource | null>
  describe(): string
}

function createReader(path: string, now: () => number, log: Log): Reader {
  let lookedAt = Number.NEGATIVE_INFINITY
  let version = ''
  let content: LoginSource | null = null
  let problem = absent
  return {
    known: () => (Math.abs(now() - lookedAt) < freshFor ? content : undefined),
    async read(signal) {
      const at = now()
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

async function readAuthFile(path: string, signal: AbortSignal): Promise<LoginSource | string> {
  try {
    const bytes = await readFile(path, { signal })
    if (bytes.byteLength > maxAuthFile) return `it is larger than ${maxAuthFile} bytes`
    const parsed = parseAuthFile(bytes.toString('utf8'), formOf(path))
    return 'reason' in parsed ? parsed.reason : { kept: 'file', source: path, content: parsed }
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
