import { type ErrorDetails, MagosError } from '../../domain/error.ts'
import type { RepositoryName } from '../../ports.ts'
import type { HttpResponse } from '../../host/http-exchange.ts'
import { tlsProblem } from '../../host/http-failure.ts'
import { hostOf, type Target } from '../../host/target.ts'
import { bodyText } from './body-text.ts'
import type { Login } from './credentials.ts'
import { retryAtOf } from './retry-after.ts'

/** What was tried, for messages: `Cannot list the tags of "ghcr.io/o/app"`. */
export interface Attempt {
  readonly name: RepositoryName
  /** Sentence without its reason. */
  readonly action: string
  readonly login: Login | null
  /** The login that is not used, because it was turned down; null where there is none such. */
  readonly turnedDown: TurnedDown | null
  /** Where logins were looked up. */
  readonly consulted: () => readonly string[]
}

export interface TurnedDown {
  readonly login: Login
  /** Who turned it down, and how. */
  readonly reason: string
  /** `public` where something of this repository was read without a login: then what is not there is not there. */
  readonly repository: 'public' | 'unknown'
}

/** An answer, and where it came from. */
type Asked = HttpResponse & { readonly from: Target }

/** An answer that is no success, as an error. */
export function failureOf(attempt: Attempt, answer: Asked, now: number): MagosError {
  const { status } = answer
  const said = `the registry answered ${statusText(answer)}`
  // What a stranger may not see, many registries say is not there.
  const isPerhapsHidden = status === 404 && attempt.turnedDown?.repository === 'unknown'
  if (status === 401 || status === 403 || isPerhapsHidden) return refusal(attempt, said)
  const retryAt = retryAtOf(answer.headers, bodyText(answer), now)
  const details = retryAt === undefined ? {} : { retryAt }
  if (status === 429) return tooMany(attempt, details, now)
  if (status === 404) {
    return new MagosError('not-found', `${attempt.action}: ${said}`, {
      remedy: 'Check the spelling, and whether it was pushed there',
    })
  }
  // A server that wants TLS says 400 to whoever asks without.
  if (status === 400 && answer.from.origin.startsWith('http:')) {
    return new MagosError('protocol', `${attempt.action}: ${said} to plain HTTP`, {
      remedy: `Where it speaks TLS: ${setting(answer.from, 'plainHttp: false')}`,
    })
  }
  const code = status >= 500 || status === 408 ? 'network' : 'protocol'
  return new MagosError(code, `${attempt.action}: ${said}`, details)
}

/** The registry, or its token server, does not let us in. */
export function refusal(attempt: Attempt, reason: string): MagosError {
  const { action, name, turnedDown, consulted } = attempt
  const login = attempt.login ?? turnedDown?.login ?? null
  const access = login === null ? 'without a login' : `with the login from "${login.source}"`
  const why = turnedDown === null ? reason : `${turnedDown.reason}; without a login: ${reason}`
  const places = consulted().join(', ') || 'none'
  const remedy = login === null ? logIn(name.registry) : renewal(login)
  return new MagosError('unauthorized', `${action} ${access}: ${why}`, {
    remedy: `Check that the image exists and ${remedy}; looked for logins in: ${places}`,
  })
}

/** What a person does about a login that does not count. */
export function renewal(login: Login): string {
  return `${renew(login)}, ${drop(login)}`
}

function logIn(reach: string): string {
  return `run "podman login ${reach}" (or docker login) as the user of Magos`
}

function renew({ kept, reach }: Login): string {
  if (kept !== 'configuration') return logIn(reach)
  return `write a password that counts into the file that passwordFile of registries: "${reach}" names, and start Magos anew`
}

function drop({ kept }: Login): string {
  const way = kept === 'configuration' ? 'take that login out' : 'log out there'
  return `or ${way} where the image is public`
}

/** The registry says what no registry may say. */
export function nonsense({ action }: Attempt, reason: string, cause?: unknown): MagosError {
  return new MagosError('protocol', `${action}: ${reason}`, cause === undefined ? {} : { cause })
}

/** What stays so until a person acts, so that nobody asks again before the next poll. */
export function unusable({ action }: Attempt, reason: string, remedy: string): MagosError {
  return new MagosError('registry', `${action}: ${reason}`, { remedy })
}

/** The error of a connection, saying what was tried and what the configuration can say of that host. */
export function disconnected(
  attempt: Pick<Attempt, 'action'>,
  target: Target,
  thrown: unknown,
): unknown {
  const problem = tlsProblem(thrown)
  return namedAfter(
    attempt,
    thrown,
    problem === null ? {} : { remedy: encryption[problem](target) },
  )
}

const encryption = {
  untrusted: (target: Target) =>
    `Check its name, or give the certificate of the authority that signed it: ${setting(target, 'ca: FILE')}`,
  'no-tls': (target: Target) =>
    `Check the port; where it speaks plain HTTP: ${setting(target, 'plainHttp: true')}`,
}

function setting(target: Target, words: string): string {
  return `registries: {"${hostOf(target)}": {${words}}} in the file that MD_CONFIG names`
}

/** The error, saying what was tried. */
export function namedAfter(
  { action }: Pick<Attempt, 'action'>,
  thrown: unknown,
  details: Pick<ErrorDetails, 'remedy'> = {},
): unknown {
  if (!(thrown instanceof MagosError)) return thrown
  const { code, message, retryAt } = thrown
  const remedy = details.remedy ?? thrown.remedy
  return new MagosError(code, `${action}: ${message}`, {
    cause: thrown,
    ...(remedy === undefined ? {} : { remedy }),
    ...(retryAt === undefined ? {} : { retryAt }),
  })
}

function tooMany({ action, name }: Attempt, details: ErrorDetails, now: number): MagosError {
  const { retryAt } = details
  const wait = retryAt === undefined ? '' : `, for ${Math.ceil((retryAt - now) / 1000)} s more`
  return new MagosError('rate-limit', `${action}: the registry had too many requests${wait}`, {
    ...details,
    remedy: `Log in to "${name.registry}" for a higher limit, or ask less often`,
  })
}

function statusText(answer: HttpResponse): string {
  const code = errorCodeOf(bodyText(answer))
  return code === null ? String(answer.status) : `${answer.status} ${code}`
}

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes; only its own words reach a message.
const specCodes: ReadonlySet<string> = new Set([
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DENIED',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'TOOMANYREQUESTS',
  'UNAUTHORIZED',
  'UNSUPPORTED',
])

function errorCodeOf(body: string): string | null {
  const [, code = ''] = /"code"\s*:\s*"([A-Z_]{3,40})"/.exec(body.slice(0, 4096)) ?? []
  return specCodes.has(code) ? code : null
}
