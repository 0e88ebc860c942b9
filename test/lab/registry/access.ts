import { randomBytes } from 'node:crypto'
import { errorAnswer, jsonAnswer, type LabAnswer, type LabRequest } from './message.ts'

/** Who may do what. Users may do everything; `anonymous` says what everybody else may. */
export interface AccessOptions {
  readonly kind: 'anonymous' | 'basic' | 'bearer'
  /** Password by name. */
  readonly users: Readonly<Record<string, string>>
  readonly anonymous: 'nothing' | 'pull'
  /** Whether its token server takes POST (https://distribution.github.io/distribution/spec/auth/oauth/), or GET alone, as old ones do. */
  readonly post: 'known' | 'unknown'
  /** Seconds a token lasts; null leaves `expires_in` out of the answer and lets it last 60. */
  readonly expiresIn: number | null
  /** Rewrites the challenge, as a registry with other habits (or a hostile one) would send it. */
  readonly challenge: (challenge: string) => string
  readonly now: () => number
}

/** The registry's door: Basic as in htpasswd, or Bearer with a token server of its own. */
export interface Access {
  /** null: come in. */
  check(request: LabRequest, origin: string): LabAnswer | null
  /** The token server's answer. */
  token(request: LabRequest): LabAnswer
  /** Tokens handed out so far are worth nothing any more. */
  revoke(): void
  tokensMinted(): number
}

interface Grant {
  /** `repository:NAME:ACTION` each. */
  readonly rights: ReadonlySet<string>
  readonly expiresAt: number
}

export function createAccess(options: AccessOptions): Access {
  const { kind, users, anonymous, post, expiresIn, challenge, now } = options
  const grants = new Map<string, Grant>()
  let minted = 0
  return {
    tokensMinted: () => minted,
    revoke: () => grants.clear(),
    check(request, origin) {
      if (kind === 'anonymous') return null
      const right = rightOf(request)
      const authorization = request.headers['authorization'] ?? ''
      if (kind === 'basic') {
        if (isUser(users, authorization)) return null
        const isOpen = authorization === '' && anonymous === 'pull' && right?.endsWith(':pull')
        return isOpen === true ? null : unauthorized(challenge('Basic realm="lab"'))
      }
      const grant = grants.get(authorization.replace(/^Bearer /i, ''))
      const isValid = grant !== undefined && grant.expiresAt > now()
      if (isValid && (right === null || grant.rights.has(right))) return null
      const scope = right === null ? '' : `,scope="${right}"`
      const error = isValid ? ',error="insufficient_scope"' : ''
      return unauthorized(challenge(`Bearer realm="${origin}/token",service="lab"${scope}${error}`))
    },
    token(request) {
      if (request.method === 'POST' && post === 'unknown') {
        return errorAnswer(405, 'UNSUPPORTED', 'GET alone')
      }
      const authorization = request.headers['authorization'] ?? ''
      const form = new URLSearchParams(Buffer.from(request.body).toString('utf8'))
      const isRefresh = request.method === 'POST' && form.get('grant_type') === 'refresh_token'
      // Both are required: https://distribution.github.io/distribution/spec/auth/oauth/#getting-a-token
      if (isRefresh && (!form.get('client_id') || form.get('service') !== 'lab')) {
        return errorAnswer(400, 'UNSUPPORTED', 'client_id and service are needed')
      }
      const user = isRefresh
        ? Object.values(users).includes(form.get('refresh_token') ?? '')
        : isUser(users, authorization)
      if ((authorization !== '' || isRefresh) && !user) return unauthorized('Basic realm="lab"')
      const scopes = isRefresh ? form.getAll('scope') : request.query.getAll('scope')
      const rights = new Set(
        scopes
          .flatMap((scope) => scope.split(' '))
          .flatMap(splitScope)
          .filter((right) => user || (anonymous === 'pull' && right.endsWith(':pull'))),
      )
      const token = randomBytes(24).toString('base64url')
      grants.set(token, { rights, expiresAt: now() + (expiresIn ?? 60) * 1000 })
      minted += 1
      const life = expiresIn === null ? {} : { expires_in: expiresIn }
      return jsonAnswer(200, isRefresh ? { access_token: token, ...life } : { token, ...life })
    },
  }
}

function isUser(users: Readonly<Record<string, string>>, authorization: string): boolean {
  const [, encoded = ''] = /^Basic (.+)$/i.exec(authorization) ?? []
  const [name = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return Object.hasOwn(users, name) && users[name] === rest.join(':')
}

function rightOf({ method, path }: LabRequest): string | null {
  const [, repository] = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(path) ?? []
  if (repository === undefined) return null
  const action = ['GET', 'HEAD'].includes(method) ? 'pull' : method === 'DELETE' ? 'delete' : 'push'
  return `repository:${repository}:${action}`
}

function splitScope(scope: string): readonly string[] {
  const colon = scope.lastIndexOf(':')
  const actions = scope.slice(colon + 1).split(',')
  return actions.map((action) => `${scope.slice(0, colon)}:${action}`)
}

function unauthorized(challenge: string): LabAnswer {
  const answer = errorAnswer(401, 'UNAUTHORIZED', 'authentication required')
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': challenge } }
}
