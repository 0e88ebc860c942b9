import { hash } from 'node:crypto'
import { hostOf, targetOf } from '../../host/target.ts'
import type { Credential } from '../../ports.ts'
import { identityTokenUser } from './auth-file.ts'
import type { Answer, Exchange } from './exchange.ts'
import { bodyText } from './body-text.ts'
import { type Attempt, failureOf, nonsense, refusal } from './failure.ts'
import { createSharedWork } from './shared-work.ts'

/** Who hands out tokens for a registry, as its challenge said and `judgeRealm` allowed. */
export interface TokenServer {
  /** As `URL.href` writes it. */
  readonly realm: string
  readonly service: string | null
}

export interface TokenRequest {
  readonly server: TokenServer
  readonly scope: string
  readonly attempt: Attempt
}

export interface Token {
  /** As a request's header has it. */
  readonly authorization: string
  readonly origin: 'cached' | 'minted'
}

/** Bearer tokens: https://distribution.github.io/distribution/spec/auth/token/ */
export interface Tokens {
  /** `authorization` of one that was minted before and lasts; null where there is none. */
  known(request: TokenRequest): string | null
  /** One that lasts, but never `refused`, which the registry has just turned down. */
  get(request: TokenRequest, refused: string | null, signal: AbortSignal): Promise<Token>
}

const maxBody = 64 * 1024
const maxCached = 10_000
const defaultLife = 60
const maxSkew = 10

interface CachedToken {
  readonly authorization: string
  readonly expiresAt: number
}

export function createTokens(exchange: Exchange, now: () => number): Tokens {
  const cache = new Map<string, CachedToken>()
  const share = createSharedWork<CachedToken>()
  const lasting = (key: string) => {
    const cached = cache.get(key)
    return cached !== undefined && cached.expiresAt > now() ? cached.authorization : null
  }
  const cacheKey = createCacheKeys()
  return {
    known: (request) => lasting(cacheKey(request)),
    async get(request, refused, signal) {
      const key = cacheKey(request)
      const cached = lasting(key)
      if (cached !== null && cached !== refused) return { authorization: cached, origin: 'cached' }
      const minted = await share(key, signal, async (shared) => {
        const token = await mint(exchange, request, now, shared)
        prune(cache, now())
        cache.set(key, token)
        return token
      })
      return { authorization: minted.authorization, origin: 'minted' }
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
  const answer = await askServer(exchange, request, signal)
  if (answer.status === 200) return readToken(request.attempt, answer, askedAt)
  const { attempt } = request
  const where = `its token server "${hostOf(answer.from)}" answered ${answer.status}`
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
  const { action, login } = attempt
  const credential = login?.credential ?? null
  const kept = { action, maxBody, redirects: 'refused' } as const
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
    const body = form.toString()
    const target = targetOf(new URL(realm))
    const answer = await exchange.ask(
      { ...kept, method: 'POST', target, headers, authorization: null, body },
      signal,
    )
    // Servers older than OAuth2 know only the other way.
    if (answer.status !== 404 && answer.status !== 405) return answer
  }
  const url = new URL(realm)
  if (service !== null) url.searchParams.set('service', service)
  url.searchParams.set('scope', scope)
  const authorization = credential === null ? null : basic(credential)
  return exchange.ask(
    { ...kept, method: 'GET', target: targetOf(url), headers: {}, authorization },
    signal,
  )
}

/** The header of HTTP's Basic authentication. */
export function basic({ username, password }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}

function readToken(attempt: Attempt, answer: Answer, askedAt: number): CachedToken {
  const { token, access_token, expires_in } = readObject(attempt, answer)
  const value = [token, access_token].find((one) => typeof one === 'string' && one !== '')
  if (typeof value !== 'string' || !/^[\x21-\x7E]+$/.test(value)) {
    throw nonsense(attempt, `its token server "${hostOf(answer.from)}" gave no token`)
  }
  const isLife = typeof expires_in === 'number' && Number.isFinite(expires_in)
  const life = isLife ? Math.min(Math.max(expires_in, 0), 86_400) : defaultLife
  const skew = Math.min(maxSkew, life / 5)
  return { authorization: `Bearer ${value}`, expiresAt: askedAt + (life - skew) * 1000 }
}

function readObject(attempt: Attempt, answer: Answer): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(bodyText(answer))
    if (typeof document === 'object' && document !== null) return { ...document }
  } catch (error) {
    // The parser's message quotes the text, which may be a token.
    if (!(error instanceof SyntaxError)) throw error
  }
  throw nonsense(attempt, `its token server "${hostOf(answer.from)}" answered with no JSON object`)
}

/** Registry, token server, scope and credential in one text; this last hashed, so that no secret lies about as a key. */
function createCacheKeys(): (request: TokenRequest) => string {
  const servers = new WeakMap<TokenServer, string>()
  const logins = new WeakMap<Credential, string>()
  return ({ server, scope, attempt }) => {
    const { name, login } = attempt
    const { realm, service } = server
    const minter = remembered(servers, server, () => JSON.stringify([realm, service]))
    const wanted = `${name.registry} ${scope} ${minter}`
    if (login === null) return wanted
    const { credential } = login
    const { username, password } = credential
    const mark = () => hash('sha256', JSON.stringify([username, password]))
    return `${wanted} ${remembered(logins, credential, mark)}`
  }
}

function remembered<Key extends object>(
  texts: WeakMap<Key, string>,
  key: Key,
  make: () => string,
): string {
  const known = texts.get(key)
  if (known !== undefined) return known
  const text = make()
  texts.set(key, text)
  return text
}

function prune(cache: Map<string, CachedToken>, now: number): void {
  if (cache.size < maxCached) return
  for (const [key, token] of cache) if (token.expiresAt <= now) cache.delete(key)
  if (cache.size >= maxCached) cache.clear()
}
