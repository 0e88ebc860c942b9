import { createCredentialMarks } from './credential-mark.ts'
import type { Attempt } from './failure.ts'
import type { MintedToken, TokenServer } from './token-server.ts'

export interface TokenRequest {
  readonly server: TokenServer
  readonly scope: string
  readonly attempt: Attempt
}

export interface Token {
  /** As a request's header has it. */
  readonly authorization: string
  /** `shared`: for several repositories, whose server may have granted less than that. */
  readonly origin: 'cached' | 'shared' | 'minted'
}

/** The tokens of one login at one registry's token server. */
export interface TokenHolder {
  /** Registry, token server and login in one text, without a secret. */
  readonly key: string
  /** One that lasts; null where there is none. Whoever asks so is asked for with the next that are due. */
  known(scope: string): Token | null
  keep(scopes: readonly string[], token: MintedToken): void
  /** The registry wants it no more. */
  turnDown(scope: string, authorization: string): void
  /** Scopes that have no token, of those that were asked for lately; none that is alone. */
  due(): readonly string[]
  /** From now on a scope has tokens of its own. */
  setApart(scope: string): void
  /** Whether it has. */
  isAlone(scope: string): boolean
  /** For an hour every scope has tokens of its own. */
  shareNoMore(): void
}

interface Place {
  token: KeptToken | null
  /** ms since the epoch. */
  askedAt: number
  isAlone: boolean
}

interface KeptToken {
  readonly answer: Token
  readonly mintedAt: number
  /** Infinity where the server did not say: then the registry says when it ends. */
  expiresAt: number
  readonly life: 'told' | 'untold'
  readonly reach: number
}

const mostHolders = 1_000
const mostScopes = 10_000
const lately = 48 * 3_600_000
const apart = 3_600_000
/** A token that is refused so soon was not granted for that; later it has ended. */
const fresh = 30_000
const shortestLife = 60_000
const maxSkew = 10_000

/** By registry, token server and login: nothing of one is ever another's. */
export function createTokenHolders(now: () => number): (request: TokenRequest) => TokenHolder {
  const holders = new Map<string, TokenHolder>()
  const keyOf = createKeys()
  return (request) => {
    const key = keyOf(request)
    const known = holders.get(key)
    if (known !== undefined) return known
    if (holders.size >= mostHolders) holders.clear()
    const holder = createHolder(key, now)
    holders.set(key, holder)
    return holder
  }
}

function createHolder(key: string, now: () => number): TokenHolder {
  const places = new Map<string, Place>()
  let apartUntil = Number.NEGATIVE_INFINITY
  /** ms that a token lasts here, learned from one that was refused. */
  let learned = Number.POSITIVE_INFINITY
  const at = (scope: string): Place => {
    const known = places.get(scope)
    if (known !== undefined) return known
    if (places.size >= mostScopes) places.clear()
    const place: Place = { token: null, askedAt: now(), isAlone: false }
    places.set(scope, place)
    return place
  }
  const lasting = ({ token }: Place) =>
    token !== null && token.expiresAt > now() ? token.answer : null
  return {
    key,
    known(scope) {
      const place = at(scope)
      place.askedAt = now()
      return lasting(place)
    },
    keep(scopes, { authorization, mintedAt, life }) {
      const skew = Math.min(maxSkew, (life ?? 0) / 5)
      const token: KeptToken = {
        answer: { authorization, origin: scopes.length > 1 ? 'shared' : 'cached' },
        mintedAt,
        expiresAt: mintedAt + (life === null ? learned : life - skew),
        life: life === null ? 'untold' : 'told',
        reach: scopes.length,
      }
      for (const scope of scopes) at(scope).token = token
    },
    turnDown(scope, authorization) {
      const place = at(scope)
      const { token } = place
      if (token === null || token.answer.authorization !== authorization) return
      const age = now() - token.mintedAt
      place.token = null
      if (token.reach > 1 && age < fresh) place.isAlone = true
      if (place.isAlone && token.reach > 1) return
      // All that it was for have nothing any more.
      token.expiresAt = 0
      if (token.life === 'untold' && age >= fresh) learned = Math.max(shortestLife, age * 0.8)
    },
    due() {
      if (now() < apartUntil) return []
      const since = now() - lately
      return [...places].flatMap(([scope, place]) => {
        const isDue = !place.isAlone && place.askedAt >= since && lasting(place) === null
        return isDue ? [scope] : []
      })
    },
    setApart: (scope) => void (at(scope).isAlone = true),
    isAlone: (scope) => now() < apartUntil || at(scope).isAlone,
    shareNoMore: () => void (apartUntil = now() + apart),
  }
}

/** Registry, token server and credential in one text. */
function createKeys(): (request: TokenRequest) => string {
  const servers = new WeakMap<TokenServer, string>()
  const markOf = createCredentialMarks()
  return ({ server, attempt }) => {
    const { name, login } = attempt
    const place = `${name.registry} ${serverText(servers, server)}`
    return login === null ? place : `${place} ${markOf(login.credential)}`
  }
}

function serverText(texts: WeakMap<TokenServer, string>, server: TokenServer): string {
  const known = texts.get(server)
  if (known !== undefined) return known
  const text = JSON.stringify([server.realm, server.service])
  texts.set(server, text)
  return text
}
