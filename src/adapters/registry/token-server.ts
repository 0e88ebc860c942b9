import { identityTokenUser } from '../../domain/identity-token.ts'
import { hostOf, targetOf } from '../../host/target.ts'
import type { Credential } from '../../ports.ts'
import { bodyText } from './body-text.ts'
import type { Answer, Exchange } from './exchange.ts'
import { type Attempt, failureOf, nonsense } from './failure.ts'

/** Who hands out tokens for a registry, as its challenge said and `judgeRealm` allowed. */
export interface TokenServer {
  /** As `URL.href` writes it. */
  readonly realm: string
  readonly service: string | null
}

/** A token that is wanted: for what, of whom, and on whose behalf. */
export interface Wanted {
  readonly server: TokenServer
  readonly scopes: readonly string[]
  readonly attempt: Attempt
}

export type Minting =
  | { readonly outcome: 'minted'; readonly token: MintedToken }
  /** Not for this login, or not without one. */
  | { readonly outcome: 'denied'; readonly status: number; readonly reason: string }

export interface MintedToken {
  /** As a request's header has it. */
  readonly authorization: string
  /** ms since the epoch; before the question, so that a slow answer makes its life no longer. */
  readonly mintedAt: number
  /** ms; null where the server did not say. */
  readonly life: number | null
}

const maxBody = 64 * 1024
/** s */
const longestLife = 86_400

/** Asks for a token: https://distribution.github.io/distribution/spec/auth/token/. Of no scope where it is only to see whether a login counts. */
export async function mintToken(
  exchange: Exchange,
  wanted: Wanted,
  now: () => number,
  signal: AbortSignal,
): Promise<Minting> {
  const askedAt = now()
  const { attempt } = wanted
  const answer = await askServer(exchange, wanted, signal)
  const { status } = answer
  if (status === 200) return { outcome: 'minted', token: readToken(attempt, answer, askedAt) }
  const reason = `its token server "${hostOf(answer.from)}" answered ${status}`
  // 400 too: Docker Hub and Harbor tell a wrong login so in some versions.
  if ([400, 401, 403].includes(status)) return { outcome: 'denied', status, reason }
  if (status === 429 || status >= 500) throw failureOf(attempt, answer, now())
  throw nonsense(attempt, reason)
}

async function askServer(
  exchange: Exchange,
  { server, scopes, attempt }: Wanted,
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
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
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
  // Once for each: https://distribution.github.io/distribution/spec/auth/token/
  for (const scope of scopes) url.searchParams.append('scope', scope)
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

function readToken(attempt: Attempt, answer: Answer, askedAt: number): MintedToken {
  const { token, access_token, expires_in } = readObject(attempt, answer)
  const value = [token, access_token].find((one) => typeof one === 'string' && one !== '')
  if (typeof value !== 'string' || !/^[\x21-\x7E]+$/.test(value)) {
    throw nonsense(attempt, `its token server "${hostOf(answer.from)}" gave no token`)
  }
  const isLife = typeof expires_in === 'number' && Number.isFinite(expires_in)
  const life = isLife ? Math.min(Math.max(expires_in, 0), longestLife) * 1000 : null
  return { authorization: `Bearer ${value}`, mintedAt: askedAt, life }
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
