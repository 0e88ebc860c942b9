import { createCredentialMarks } from './credential-mark.ts'
import { createOrigins } from './endpoint.ts'
import type { Answer, Exchange } from './exchange.ts'
import { type Attempt, refusal } from './failure.ts'
import type { Inquiry, Reply } from './inquiry.ts'
import { checkBasic, createLoginChecks, type Denial } from './login-check.ts'
import type { TrustedRealms } from './realm.ts'
import { type Scheme, schemeOf } from './scheme.ts'
import { untilAborted } from './shared-work.ts'
import type { Tokens } from './token.ts'
import type { Token } from './token-holder.ts'
import { basic } from './token-server.ts'

export type Said = { readonly outcome: 'answered'; readonly reply: Reply } | Denial

/** Asks registries with the authentication that each demands, by one login or by none. */
export interface Dialogue {
  ask(inquiry: Inquiry, attempt: Attempt, signal: AbortSignal): Promise<Said>
}

export interface DialogueOptions {
  readonly exchange: Exchange
  readonly tokens: Tokens
  readonly plainHttp: (registry: string) => boolean
  readonly trustedRealms: TrustedRealms
  readonly now: () => number
}

type Proof =
  | { readonly outcome: 'ready'; readonly kind: 'none'; readonly authorization: null }
  | { readonly outcome: 'ready'; readonly kind: 'basic'; readonly authorization: string }
  | Bearing

type BearerScheme = Extract<Scheme, { kind: 'bearer' }>

type Bearing = Token & {
  readonly outcome: 'ready'
  readonly kind: 'bearer'
  readonly scope: string
  readonly scheme: BearerScheme
}

const nothing: Proof = { outcome: 'ready', kind: 'none', authorization: null }

export function createDialogue(options: DialogueOptions): Dialogue {
  const { exchange, tokens, plainHttp, trustedRealms, now } = options
  // What each registry demanded last, so that it need not be asked for it again.
  const schemes = new Map<string, Scheme>()
  const met = new Map<string, Promise<void> | null>()
  const originOf = createOrigins(plainHttp)
  const reachOf = createLoginChecks(now)
  const markOf = createCredentialMarks()

  return {
    async ask({ name, method, path, accept, maxBody, receiver, action }, attempt, signal) {
      const { registry, repository } = name
      const target = { origin: originOf(registry), path: `/v2/${repository}/${path}` }
      const metNow = met.get(registry) === null ? ignore : await meet(registry, signal)
      try {
        let proof: Proof | Denial = recall(attempt) ?? (await foresee(attempt, signal))
        for (;;) {
          if (proof.outcome === 'denied') return proof
          const { authorization } = proof
          const headers = { accept }
          const question = { action, method, target, headers, authorization, maxBody, receiver }
          const answer = await exchange.ask({ ...question, redirects: 'followed' }, signal)
          // Another host's challenge is nothing to us: our logins are not for it.
          if (answer.status < 401 || answer.from.origin !== target.origin)
            return { outcome: 'answered', reply: { answer, attempt } }
          if (answer.status !== 401) {
            if (!isPerhapsUngranted(answer, proof)) {
              return { outcome: 'answered', reply: { answer, attempt } }
            }
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
    return token === null ? null : { outcome: 'ready', kind: 'bearer', ...token, scope, scheme }
  }

  async function foresee(attempt: Attempt, signal: AbortSignal): Promise<Proof | Denial> {
    const { registry } = attempt.name
    const scheme = schemes.get(registry)
    if (scheme === undefined) return nothing
    // Its token server may have moved: the next question begins at the registry again.
    const forget = () => void (schemes.get(registry) === scheme && schemes.delete(registry))
    try {
      const proof = (await prove(attempt, scheme, nothing, signal)) ?? nothing
      if (proof.outcome === 'denied' && attempt.login === null) forget()
      return proof
    } catch (thrown) {
      forget()
      throw thrown
    }
  }

  async function proveAnew(
    attempt: Attempt,
    scheme: Scheme,
    refused: Proof,
    signal: AbortSignal,
  ): Promise<Proof | Denial> {
    const proof = await prove(attempt, scheme, refused, signal)
    if (proof !== null) return proof
    const reason = 'the registry answered 401'
    const { login, name } = attempt
    // A token that a login got, and that does not reach, is no word against the login.
    if (login === null || refused.kind !== 'basic') throw refusal(attempt, reason)
    const key = `${name.registry} ${markOf(login.credential)}`
    const reach = await reachOf(key, signal, (shared) =>
      checkBasic(exchange, originOf(name.registry), refused.authorization, shared),
    )
    return { outcome: 'denied', reason, reach }
  }

  // null: there is nothing better than what was turned down.
  async function prove(
    attempt: Attempt,
    scheme: Scheme,
    refused: Proof,
    signal: AbortSignal,
  ): Promise<Proof | Denial | null> {
    if (scheme.kind === 'basic') {
      if (refused.kind === 'basic' || attempt.login === null) return null
      return { outcome: 'ready', kind: 'basic', authorization: basic(attempt.login.credential) }
    }
    const scope = scopeOf(attempt, scheme)
    const isSame = refused.kind === 'bearer' && refused.scope === scope
    if (isSame && refused.origin === 'minted') return null
    const request = { server: scheme.server, scope, attempt }
    const token = await tokens.get(request, isSame ? refused.authorization : null, signal)
    if ('outcome' in token) return token
    // One more question at most: after it even a token of another's minting counts as new.
    const origin = isSame && token.origin !== 'shared' ? 'minted' : token.origin
    const { authorization } = token
    return { outcome: 'ready', kind: 'bearer', authorization, origin, scope, scheme }
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
