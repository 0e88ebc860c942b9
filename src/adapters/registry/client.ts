import type { RepositoryName } from '../../ports.ts'
import type { Credentials } from './credentials.ts'
import { createOrigins } from './endpoint.ts'
import type { Answer, Exchange } from './exchange.ts'
import { type Attempt, refusal } from './failure.ts'
import type { TrustedRealms } from './realm.ts'
import { type Scheme, schemeOf } from './scheme.ts'
import { untilAborted } from './shared-work.ts'
import type { Tokens } from './token.ts'
import type { Token } from './token-holder.ts'
import { basic } from './token-server.ts'

export interface Inquiry {
  readonly name: RepositoryName
  readonly method: 'GET' | 'HEAD'
  /** Below `/v2/REPOSITORY/`, with its query; encoded. */
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

type Proof =
  | { readonly kind: 'none'; readonly authorization: null }
  | { readonly kind: 'basic'; readonly authorization: string }
  | Bearing

type BearerScheme = Extract<Scheme, { kind: 'bearer' }>

type Bearing = Token & {
  readonly kind: 'bearer'
  readonly scope: string
  readonly scheme: BearerScheme
}

const nothing: Proof = { kind: 'none', authorization: null }

export function createClient(options: ClientOptions): Client {
  const { exchange, tokens, credentials, plainHttp, trustedRealms } = options
  // What each registry demanded last, so that it need not be asked for it again.
  const schemes = new Map<string, Scheme>()
  const met = new Map<string, Promise<void> | null>()
  const originOf = createOrigins(plainHttp)
  const consulted = () => credentials.consulted()

  return {
    async ask({ name, method, path, accept, maxBody, action }, signal) {
      const { registry, repository } = name
      const target = { origin: originOf(registry), path: `/v2/${repository}/${path}` }
      const login = await credentials.find(name, signal)
      const attempt: Attempt = { name, action, login, consulted }
      const metNow = met.get(registry) === null ? ignore : await meet(registry, signal)
      try {
        let proof = recall(attempt) ?? (await foresee(attempt, signal))
        for (;;) {
          const { authorization } = proof
          const question = { action, method, target, headers: { accept }, authorization, maxBody }
          const answer = await exchange.ask({ ...question, redirects: 'followed' }, signal)
          // Another host's challenge is nothing to us: our logins are not for it.
          if (answer.status < 401 || answer.from.origin !== target.origin)
            return { answer, attempt }
          if (answer.status !== 401) {
            if (!isPerhapsUngranted(answer, proof)) return { answer, attempt }
            const { server } = proof.scheme
            tokens.setApart({ server, scope: proof.scope, attempt })
            proof = await proveAnew(attempt, proof.scheme, proof, signal)
            continue
          }
          const scheme = schemeOf(attempt, answer, schemes.get(registry), trustedRealms)
          schemes.set(registry, scheme)
          metNow()
          proof = await proveAnew(attempt, scheme, proof, signal)
        }
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
    return ignore
  }

  /** The proof that this question needs, where nobody has to be asked for it. */
  function recall(attempt: Attempt): Proof | null {
    const scheme = schemes.get(attempt.name.registry)
    if (scheme === undefined) return nothing
    if (scheme.kind === 'basic') return null
    const scope = scopeOf(attempt, scheme)
    const token = tokens.known({ server: scheme.server, scope, attempt })
    return token === null ? null : { kind: 'bearer', ...token, scope, scheme }
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

  async function proveAnew(
    attempt: Attempt,
    scheme: Scheme,
    refused: Proof,
    signal: AbortSignal,
  ): Promise<Proof> {
    const proof = await prove(attempt, scheme, refused, signal)
    if (proof !== null) return proof
    credentials.refused()
    throw refusal(attempt, 'the registry answered 401')
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
      return { kind: 'basic', authorization: basic(attempt.login.credential) }
    }
    const scope = scopeOf(attempt, scheme)
    const isSame = refused.kind === 'bearer' && refused.scope === scope
    if (isSame && refused.origin === 'minted') return null
    const request = { server: scheme.server, scope, attempt }
    const token = await tokens.get(request, isSame ? refused.authorization : null, signal)
    // One more question at most: after it even a token of another's minting counts as new.
    const origin = isSame && token.origin !== 'shared' ? 'minted' : token.origin
    return { kind: 'bearer', authorization: token.authorization, origin, scope, scheme }
  }
}

// What a token for many does not reach some registries deny, and some say that it is not there.
function isPerhapsUngranted({ status }: Answer, proof: Proof): proof is Bearing {
  return [403, 404].includes(status) && proof.kind === 'bearer' && proof.origin === 'shared'
}

function ignore(): void {
  // The registry is known already.
}

function scopeOf({ name }: Attempt, { actions }: BearerScheme): string {
  return `repository:${name.repository}:${actions}`
}
