import { createVerify, randomBytes } from 'node:crypto'
import { ApiError } from './api-error.ts'
import { isObject, parseJson } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import { allows, covers } from './state.ts'
import type {
  Account,
  AppRecord,
  InstallationRecord,
  Permissions,
  RepositoryRecord,
  State,
  TokenRecord,
} from './state.ts'

export type Caller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'person'; readonly account: Account }
  | { readonly kind: 'app'; readonly app: AppRecord }
  | { readonly kind: 'installation'; readonly token: TokenRecord }

/** Who calls, by the `authorization` header. Throws 401 for credentials that are none. */
export function authenticate(state: State, authorization: string | undefined): Caller {
  if (authorization === undefined) return { kind: 'nobody' }
  const [, value = ''] = /^(?:bearer|token) (\S+)$/iu.exec(authorization) ?? []
  if (value === state.personToken) return { kind: 'person', account: state.person }
  if (value.startsWith('ghs_')) return { kind: 'installation', token: checkToken(state, value) }
  if (value.split('.').length === 3) return { kind: 'app', app: checkJwt(state, value) }
  throw new ApiError(401, 'Bad credentials')
}

export function callerAccount(state: State, caller: Caller): Account {
  if (caller.kind === 'installation') return caller.token.installation.app.bot
  if (caller.kind === 'app') return caller.app.bot
  return caller.kind === 'person' ? caller.account : state.person
}

// ---------------------------------------------------------------- App JWT

/** https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
function checkJwt(state: State, jwt: string): AppRecord {
  const [header = '', payload = '', signature = ''] = jwt.split('.')
  const claims = decode(payload)
  if (decode(header)['alg'] !== 'RS256') {
    throw new ApiError(401, 'A JSON web token could not be decoded')
  }
  const issuer = claims['iss']
  const app = [...state.apps.values()].find(({ id, clientId }) =>
    [id, String(id), clientId].some((name) => name === issuer),
  )
  if (app === undefined) throw new ApiError(404, 'Integration not found')
  const verify = createVerify('RSA-SHA256').update(`${header}.${payload}`)
  if (!verify.verify(app.publicKey, signature, 'base64url')) {
    throw new ApiError(401, 'A JSON web token could not be decoded')
  }
  checkWindow(claims, Math.floor(state.signedBy() / 1000))
  return app
}

function decode(part: string): JsonObject {
  const value = parseJson(Buffer.from(part, 'base64url').toString('utf8'))
  if (!isObject(value)) throw new ApiError(401, 'A JSON web token could not be decoded')
  return value
}

function checkWindow({ iat, exp }: JsonObject, now: number): void {
  if (typeof iat !== 'number' || !Number.isInteger(iat) || iat > now) {
    throw new ApiError(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    )
  }
  if (typeof exp !== 'number' || exp <= now) {
    throw new ApiError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    )
  }
  if (exp > now + 600) {
    throw new ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
  }
}

// ---------------------------------------------------------------- installation tokens

export interface TokenRequest {
  readonly repositories: 'all' | readonly RepositoryRecord[]
  readonly permissions: Permissions
}

export function mintToken(
  state: State,
  installation: InstallationRecord,
  { repositories, permissions }: TokenRequest,
): TokenRecord {
  if (installation.suspendedAt !== null) {
    throw new ApiError(403, 'This installation has been suspended')
  }
  for (const [name, level] of Object.entries(permissions)) {
    if (!allows(installation.permissions, name, level)) {
      throw new ApiError(422, 'The permissions requested are not granted to this installation.')
    }
  }
  const asked = Object.keys(permissions).length > 0 ? permissions : installation.permissions
  const token: TokenRecord = {
    value: tokenValue(installation.app.id, installation.id),
    installation,
    repositories:
      repositories === 'all' ? 'all' : new Set(repositories.map((repository) => repository.id)),
    permissions: { metadata: 'read', ...asked },
    expiresAt: state.now() + state.tokenLifetime,
    unreplicated: { ...state.freshToken },
  }
  state.tokens.set(token.value, token)
  return token
}

/** The format that GitHub rolls out since 2026: `ghs_APPID_` and something like a JWT, of no fixed length. */
function tokenValue(appId: number, installationId: number): string {
  const claims = encode({ ins: installationId, jti: randomBytes(12).toString('hex') })
  return `ghs_${appId}_${encode({ alg: 'ES256', typ: 'JWT' })}.${claims}.${randomBytes(64).toString('base64url')}`
}

function encode(value: Json): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function checkToken(state: State, value: string): TokenRecord {
  const token = state.tokens.get(value)
  if (token === undefined || token.expiresAt <= state.now()) {
    throw new ApiError(401, 'Bad credentials')
  }
  if (!state.installations.has(token.installation.id)) throw new ApiError(401, 'Bad credentials')
  if (token.installation.suspendedAt !== null) {
    throw new ApiError(403, 'This installation has been suspended')
  }
  if (token.unreplicated.calls > 0) {
    token.unreplicated = { ...token.unreplicated, calls: token.unreplicated.calls - 1 }
    const { status } = token.unreplicated
    throw new ApiError(status, status === 401 ? 'Bad credentials' : 'Not Found')
  }
  return token
}

/** What the token may do in a repository: nothing where it is not scoped to it. */
export function tokenPermissions(token: TokenRecord, repository: RepositoryRecord): Permissions {
  const { installation, repositories, permissions } = token
  const scoped = repositories === 'all' || repositories.has(repository.id)
  if (!scoped || !covers(installation, repository)) return {}
  // What an owner took away from the installation is gone from its tokens at once.
  return Object.fromEntries(
    Object.entries(permissions).filter(([name, level]) =>
      allows(installation.permissions, name, level),
    ),
  )
}
