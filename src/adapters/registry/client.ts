import type { RepositoryName } from '../../ports.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import { createEndpoints } from './endpoint.ts'
import type { Answer, Exchange } from './exchange.ts'
import { type Attempt, namedAfter, nonsense, refusal } from './failure.ts'
import { judgeRealm, type TrustedRealms } from './realm.ts'
import { untilAborted } from './shared-work.ts'
import { basic, type Token, type Tokens, type TokenServer } from './token.ts'

export interface Inquiry {
  readonly name: RepositoryName
  readonly method: 'GET' | 'HEAD'
  /** Below `/v2/REPOSITORY/`, with its query. */
  readonly path: string
  readonly accept: string
  readonly maxBody: number
  /** Sentence for messages, without its reason. */
  readonly action: string
}

/** An answer, and what it was asked with. */
export interface Reply {
  readonly answer: Answer
  readonly attempt: Attempt
}

/** Asks registries with the authentication that each demands. */
export interface Client {
  /** Throws `unauthorized` when there is no way in; every other status is the caller's to judge. */
  ask(inquiry: Inquiry, signal: AbortSignal): Promise<Reply>
}

export interface ClientOptions {
  readonly exchange: Exchange
  readonly tokens: Tokens
  readonly credentials: Credentials
  readonly plainHttp: (registry: string) => boolean
  readonly trustedRealms: TrustedRealms
}

/** What a registry demanded last, so that it need not be asked for it again. */
type Scheme =
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly server: TokenServer; readonly actions: ReadonlySet<string> }

type Proof =
  | { readonly kind: 'none'; readonly header: null }
  | { readonly kind: 'basic'; readonly header: string }
  | {
      readonly kind: 'bearer'
      readonly header: string
      readonly token: Token
      readonly scope: string
    }

const nothing: Proof = { kind: 'none', header: null }

type Wanted = Pick<Inquiry, 'method' | 'accept' | 'maxBody'> & { readonly url: URL }

export function createClient(options: ClientOptions): Client {
  const { exchange, tokens, credentials, plainHttp, trustedRealms } = options
  const schemes = new Map<string, Scheme>()
  const met = new Map<string, Promise<void> | null>()
  const endpointAt = createEndpoints(plainHttp)

  return {
    async ask({ name, method, path, accept, maxBody, action }, signal) {
      const endpoint = endpointAt(name.registry)
      const login = await credentials.find(name, signal)
      const attempt: Attempt = { name, action, login, consulted: credentials.consulted() }
      const url = new URL(`/v2/${name.repository}/${path}`, endpoint)
      const metNow = met.get(name.registry) === null ? ignore : await meet(name.registry, signal)
      try {
        return await converse(attempt, { url, method, accept, maxBody }, metNow, signal)
      } finally {
        metNow()
      }
    },
  }

  // The first question of all goes ahead: what it learns spares the others a refusal each.
  async function meet(registry: string, signal: AbortSignal): Promise<() => void> {
    const underway = met.get(registry)
    if (underway === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>()
      met.set(registry, promise)
      return () => {
        met.set(registry, null)
        resolve()
      }
    }
    if (underway !== null) await untilAborted(underway, signal)
    return () => undefined
  }

  async function converse(
    attempt: Attempt,
    { url, method, accept, maxBody }: Wanted,
    metNow: () => void,
    signal: AbortSignal,
  ): Promise<Reply> {
    const { registry } = attempt.name
    const { origin } = url
    let proof = recall(attempt) ?? (await foresee(attempt, signal))
    for (;;) {
      const { header: authorization } = proof
      const question = { method, url, headers: { accept }, authorization, maxBody } as const
      let answer: Answer
      try {
        answer = await exchange.ask({ ...question, redirects: 'followed' }, signal)
      } catch (thrown) {
        throw namedAfter(attempt, thrown)
      }
      // Another host's challenge is nothing to us: our logins are not for it.
      if (answer.status !== 401 || answer.url.origin !== origin) return { answer, attempt }
      const scheme = demanded(attempt, url, answer, schemes.get(registry), trustedRealms)
      schemes.set(registry, scheme)
      metNow()
      const next = await prove(attempt, scheme, proof, signal)
      if (next === null) {
        credentials.refused()
        throw refusal(attempt, 'the registry answered 401')
      }
      proof = next
    }
  }

  /** The proof that this question needs, where nobody has to be asked for it. */
  function recall(attempt: Attempt): Proof | null {
    const scheme = schemes.get(attempt.name.registry)
    if (scheme === undefined) return nothing
    if (scheme.kind === 'basic') return null
    const scope = scopeOf(attempt, scheme)
    const value = tokens.known({ server: scheme.server, scope, attempt })
    return value === null ? null : bearing({ value, origin: 'cached' }, scope)
  }

  async function foresee(attempt: Attempt, signal: AbortSignal): Promise<Proof> {
    const { registry } = attempt.name
    const scheme = schemes.get(registry)
    if (scheme === undefined) return nothing
    try {
      return (await prove(attempt, scheme, nothing, signal)) ?? nothing
    } catch (thrown) {
      // Its token server may have moved: the next question begins at the registry again.
      if (schemes.get(registry) === scheme) schemes.delete(registry)
      throw thrown
    }
  }

  // null: there is nothing better than what was turned down.
  async function prove(
    attempt: Attempt,
    scheme: Scheme,
    refused: Proof,
    signal: AbortSignal,
  ): Promise<Proof | null> {
    if (scheme.kind === 'basic') {
      if (refused.kind === 'basic' || attempt.login === null) return null
      const { username, password } = attempt.login.credential
      return { kind: 'basic', header: basic(username, password) }
    }
    const scope = scopeOf(attempt, scheme)
    const isSame = refused.kind === 'bearer' && refused.scope === scope
    if (isSame && refused.token.origin === 'minted') return null
    const turnedDown = isSame ? refused.token.value : null
    const request = { server: scheme.server, scope, attempt }
    const token = await tokens.get(request, turnedDown, signal)
    // One more question at most: after it even a token of another's minting counts as new.
    const origin = isSame ? 'minted' : token.origin
    return bearing({ value: token.value, origin }, scope)
  }
}

function ignore(): void {
  // The registry is known already.
}

function scopeOf({ name }: Attempt, { actions }: Extract<Scheme, { kind: 'bearer' }>): string {
  return `repository:${name.repository}:${[...actions].join(',')}`
}

function bearing(token: Token, scope: string): Proof {
  return { kind: 'bearer', header: `Bearer ${token.value}`, token, scope }
}

function demanded(
  attempt: Attempt,
  endpoint: URL,
  answer: Answer,
  known: Scheme | undefined,
  trusted: TrustedRealms,
): Scheme {
  const challenges = parseChallenges(answer.headers['www-authenticate'] ?? '')
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
  const isBasic = challenges.some(({ scheme }) => scheme === 'basic')
  if (bearer === undefined) {
    if (isBasic) return { kind: 'basic' }
    throw refusal(attempt, 'the registry answered 401 and offers no login that Magos knows')
  }
  const realm = bearer.parameters.get('realm')
  if (realm === undefined) throw nonsense(attempt, 'its challenge names no token server')
  const verdict = judgeRealm(realm, attempt.name.registry, endpoint, trusted)
  if (verdict.outcome === 'refused') {
    if (isBasic) return { kind: 'basic' }
    throw nonsense(attempt, `its token server is not trusted: ${verdict.reason}`)
  }
  const server = { realm: verdict.url, service: bearer.parameters.get('service') ?? null }
  const before = known?.kind === 'bearer' ? known.actions : ['pull']
  return { kind: 'bearer', server, actions: new Set([...before, ...readActions(bearer, attempt)]) }
}

// Only reading, only this repository: ACR wants `metadata_read` for tags; whatever else is asked for is not needed.
function readActions({ parameters }: Challenge, { name }: Attempt): readonly string[] {
  const prefix = `repository:${name.repository}:`
  return (parameters.get('scope') ?? '')
    .split(' ')
    .filter((scope) => scope.startsWith(prefix))
    .flatMap((scope) => scope.slice(prefix.length).split(','))
    .filter((action) => ['pull', 'metadata_read', 'content_read'].includes(action))
}
