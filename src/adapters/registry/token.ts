import { hash } from 'node:crypto'
import { identityTokenUser } from './auth-file.ts'
import type { Answer, Exchange } from './exchange.ts'
import { bodyText } from './body-text.ts'
import { type Attempt, failureOf, named, nonsense, refusal } from './failure.ts'
import { createSharedWork } from './shared-work.ts'

/** Who hands out tokens for a registry, as its challenge said and `judgeRealm` allowed. */
export interface TokenServer {
  readonly realm: URL
  readonly service: string | null
}

export interface TokenRequest {
  readonly server: TokenServer
  readonly scope: string
  readonly attempt: Attempt
}

export interface Token {
  readonly value: string
  readonly origin: 'cached' | 'minted'
}

/** Bearer tokens: https://distribution.github.io/distribution/spec/auth/token/ */
export interface Tokens {
  /** One that was minted before and lasts; null where there is none. */
  known(request: TokenRequest): string | null
  /** One that lasts, but never `refused`, which the registry has just turned down. */
  get(request: TokenRequest, refused: string | null, signal: AbortSignal): Promise<Token>
}

const maxBody = 64 * 1024
const maxCached = 10_000
const defaultLife = 60
const maxSkew = 10

interface CachedToken {
  readonly value: string
  readonly expiresAt: number
}

export function createTokens(exchange: Exchange, now: () => number): Tokens {
  const cache = new Map<string, CachedToken>()
  const share = createSharedWork<CachedToken>()
  const lasting = (key: string) => {
    const cached = cache.get(key)
    return cached !== undefined && cached.expiresAt > now() ? cached.value : null
  }
  return {
    known: (request) => lasting(cacheKey(request)),
    async get(request, refused, signal) {
      const key = cacheKey(request)
      const cached = lasting(key)
      if (cached !== null && cached !== refused) return { value: cached, origin: 'cached' }
      const minted = await share(key, signal, async (shared) => {
        const token = await mint(exchange, request, now, shared)
        prune(cache, now())
        cache.set(key, token)
        return token
      })
      return { value: minted.value, origin: 'minted' }
    },
  }
}

async function mint(
  exchange: Exchange,
  request: TokenRequest,
  now: () => number,
  signal: AbortSignal,
): Promise<CachedToken> {
  // The life counts from before the question, so that a slow answer makes it no longer.
  const askedAt = now()
  const answer = await named(request.attempt, () => askServer(exchange, request, signal))
  if (answer.status === 200) return readToken(request.attempt, answer, askedAt)
  const { attempt } = request
  const where = `its token server "${answer.url.host}" answered ${answer.status}`
  // 400 too: Docker Hub and Harbor tell a wrong login so in some versions.
  if ([400, 401, 403].includes(answer.status)) throw refusal(attempt, where)
  if (answer.status === 429 || answer.status >= 500) throw failureOf(attempt, answer, now())
  throw nonsense(attempt, where)
}

async function askServer(
  exchange: Exchange,
  { server, scope, attempt }: TokenRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const { realm, service } = server
  const credential = attempt.login?.credential ?? null
  const isIdentity = credential?.username === identityTokenUser
  if (credential !== null && isIdentity) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'magos-dominus',
      refresh_token: credential.password,
      scope,
      ...(service === null ? {} : { service }),
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const question = { method: 'POST', url: realm, headers, body: form.toString() } as const
    const answer = await exchange.ask(
      { ...question, authorization: null, maxBody, redirects: 'refused' },
      signal,
    )
    // Servers older than OAuth2 know only the other way.
    if (answer.status !== 404 && answer.status !== 405) return answer
  }
  const url = new URL(realm)
  if (service !== null) url.searchParams.set('service', service)
  url.searchParams.set('scope', scope)
  const authorization = credential === null ? null : basic(credential.username, credential.password)
  return exchange.ask(
    { method: 'GET', url, headers: {}, authorization, maxBody, redirects: 'refused' },
    signal,
  )
}

/** The header of HTTP's Basic authentication. */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}

function readToken(attempt: Attempt, answer: Answer, askedAt: number): CachedToken {
  const { token, access_token, expires_in } = readObject(attempt, answer)
  const value = [token, access_token].find((one) => typeof one === 'string' && one !== '')
  if (typeof value !== 'string' || !/^[\x21-\x7E]+$/.test(value)) {
    throw nonsense(attempt, `its token server "${answer.url.host}" gave no token`)
  }
  const isLife = typeof expires_in === 'number' && Number.isFinite(expires_in)
  const life = isLife ? Math.min(Math.max(expires_in, 0), 86_400) : defaultLife
  const skew = Math.min(maxSkew, life / 5)
  return { value, expiresAt: askedAt + (life - skew) * 1000 }
}

function readObject(attempt: Attempt, answer: Answer): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(bodyText(answer))
    if (typeof document === 'object' && document !== null) return { ...document }
  } catch (error) {
    // The parser's message quotes the text, which may be a token.
    if (!(error instanceof SyntaxError)) throw error
  }
  throw nonsense(attempt, `its token server "${answer.url.host}" answered with no JSON object`)
}

// Registry, scope and credential; this one hashed, so that no secret lies about as a key.
function cacheKey({ server, scope, attempt }: TokenRequest): string {
  const { name, login } = attempt
  const credential =
    login === null
      ? null
      : hash('sha256', JSON.stringify([login.credential.username, login.credential.password]))
  return JSON.stringify([name.registry, server.realm.href, server.service, scope, credential])
}

function prune(cache: Map<string, CachedToken>, now: number): void {
  if (cache.size < maxCached) return
  for (const [key, token] of cache) if (token.expiresAt <= now) cache.delete(key)
  if (cache.size >= maxCached) cache.clear()
}
