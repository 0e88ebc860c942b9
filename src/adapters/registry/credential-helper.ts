import { MagosError } from '../../domain/error.ts'
import type { ChildResult, RunChild } from '../../host/process.ts'
import type { Credential } from '../../ports.ts'
import { createSharedWork } from './shared-work.ts'

/** Programs that keep logins: https://github.com/docker/docker-credential-helpers#development */
export interface CredentialHelpers {
  /** The login that `docker-credential-NAME` keeps for a server; null for none. Throws `unauthorized` where it does not tell. */
  get(helper: string, server: string, signal: AbortSignal): Promise<Credential | null>
  /** A login was turned down: whatever is remembered is asked for anew. */
  forget(): void
}

const timeout = 10_000
const maxOutput = 64 * 1024
/** A login that was found lasts much longer (ECR's twelve hours), an absent one may come at any time. */
const foundFor = 300_000
const absentFor = 30_000

interface Remembered {
  readonly credential: Credential | null
  readonly until: number
}

/** Asks each helper once per server and five minutes: a program is started for every question. */
export function createCredentialHelpers(run: RunChild, now: () => number): CredentialHelpers {
  const remembered = new Map<string, Remembered>()
  const share = createSharedWork<Credential | null>()
  return {
    forget: () => remembered.clear(),
    async get(helper, server, signal) {
      const key = JSON.stringify([helper, server])
      const known = remembered.get(key)
      if (known !== undefined && known.until > now()) return known.credential
      return await share(key, signal, async (shared) => {
        const credential = await ask(run, helper, server, shared)
        const until = now() + (credential === null ? absentFor : foundFor)
        remembered.set(key, { credential, until })
        return credential
      })
    },
  }
}

// A bare word: with a slash in it any program of this machine could be meant.
const helperName = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/

async function ask(
  run: RunChild,
  helper: string,
  server: string,
  signal: AbortSignal,
): Promise<Credential | null> {
  if (!helperName.test(helper)) throw fault('a credential helper', 'its name is no bare word')
  const program = `docker-credential-${helper}`
  const options = { input: server, timeout, maxOutput, cwd: '/', signal }
  const result = await run(program, ['get'], options)
  signal.throwIfAborted()
  if (result.outcome !== 'exited') throw fault(program, ends[result.outcome])
  const { exitCode, stdout } = result
  if (exitCode !== 0) {
    if (isUnknown(result)) return null
    throw fault(program, `it ended with exit code ${exitCode}`)
  }
  const credential = readAnswer(stdout)
  if (credential === undefined) throw fault(program, 'its answer is no login')
  return credential
}

const ends: Readonly<Record<Exclude<ChildResult['outcome'], 'exited'>, string>> = {
  absent: 'there is no such program in PATH',
  cancelled: 'it was interrupted',
  killed: 'it was killed',
  'timed-out': `it did not end within ${timeout / 1000} s`,
}

// The protocol's own words: there is no exit code for it.
function isUnknown({ stdout, stderr }: ChildResult): boolean {
  return /credentials not found/i.test(`${stdout}\n${stderr}`)
}

/** null: an empty login, which is how some say that they have none. */
function readAnswer(text: string): Credential | null | undefined {
  const document = parse(text)
  if (typeof document !== 'object' || document === null) return undefined
  const { Username, Secret }: { readonly Username?: unknown; readonly Secret?: unknown } = document
  if (typeof Username !== 'string' || typeof Secret !== 'string') return undefined
  return Username === '' || Secret === '' ? null : { username: Username, password: Secret }
}

// The parser's message quotes the text, which is a secret.
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

// What the program said stays out: it may have said the login.
function fault(program: string, reason: string): MagosError {
  return new MagosError('unauthorized', `Cannot ask "${program}" for a login: ${reason}`, {
    remedy,
  })
}

const remedy =
  'Programs that Magos starts get PATH, HOME and what engines need of the environment, and nothing else (no AWS_*, GOOGLE_APPLICATION_CREDENTIALS, DBUS_SESSION_BUS_ADDRESS or GNUPGHOME): let the helper read a file in HOME, or set username and passwordFile for its registry in the file that MD_CONFIG names'
