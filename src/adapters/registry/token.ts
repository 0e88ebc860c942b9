import { setImmediate } from 'node:timers/promises'
import { MagosError } from '../../domain/error.ts'
import type { Exchange } from './exchange.ts'
import { namedAfter } from './failure.ts'
import { createSharedWork } from './shared-work.ts'
import {
  createTokenHolders,
  type Token,
  type TokenHolder,
  type TokenRequest,
} from './token-holder.ts'
import { type MintedToken, mintToken } from './token-server.ts'

/**
 * Bearer tokens, one for many repositories where their server hands out such: every repository that has none any more is
 * named when the next one is asked for, so that a poll of twenty needs one.
 */
export interface Tokens {
  /** One that was minted before and lasts; null where there is none. */
  known(request: TokenRequest): Token | null
  /** A repository that a shared token perhaps does not reach has tokens of its own from now on. */
  setApart(request: TokenRequest): void
  /** One that lasts, but never `refused`, which the registry has just turned down. */
  get(request: TokenRequest, refused: string | null, signal: AbortSignal): Promise<Token>
}

/** Beyond these a token grows larger than the headers that servers take. */
const mostScopes = 20
const mostScopeText = 2_000

type Minted =
  | { readonly outcome: 'minted'; readonly token: MintedToken }
  /** Not for so many scopes at once. */
  | { readonly outcome: 'refused' }

/** Scopes that one token is asked for; open until it is sent. */
interface Batch {
  readonly key: string
  readonly scopes: string[]
  state: 'gathering' | 'sent'
}

export function createTokens(exchange: Exchange, now: () => number): Tokens {
  const holderOf = createTokenHolders(now)
  const share = createSharedWork<Minted>()
  const batches = new WeakMap<TokenHolder, Map<string, Batch>>()
  let count = 0

  /** The batch that a scope belongs to, joined or begun. */
  function batchOf(holder: TokenHolder, scope: string): Batch {
    let underway = batches.get(holder)
    if (underway === undefined) batches.set(holder, (underway = new Map()))
    const isAlone = holder.isAlone(scope)
    const joined = underway.get(scope)
    if (joined !== undefined) return joined
    const gathering = [...underway.values()].find((one) => !isAlone && hasRoom(one, scope))
    const batch = gathering ?? { key: `${(count += 1)}`, scopes: [], state: 'gathering' }
    const due = isAlone || gathering !== undefined ? [] : holder.due()
    for (const each of [scope, ...due]) {
      if (underway.has(each) || (each !== scope && !hasRoom(batch, each))) continue
      batch.scopes.push(each)
      underway.set(each, batch)
    }
    if (isAlone) batch.state = 'sent'
    return batch
  }

  async function mint(
    holder: TokenHolder,
    batch: Batch,
    { server, attempt }: TokenRequest,
    signal: AbortSignal,
  ): Promise<Minted> {
    const { scopes } = batch
    try {
      // Whoever asks at the same time is asked for together.
      if (batch.state === 'gathering') await setImmediate(undefined, { signal })
      batch.state = 'sent'
      // What is for many names nobody's question: each who waits adds its own.
      const asking = scopes.length > 1 ? { ...attempt, action: 'Cannot get a token' } : attempt
      const token = await mintToken(exchange, { server, scopes, attempt: asking }, now, signal)
      holder.keep(scopes, token)
      return { outcome: 'minted', token }
    } catch (thrown) {
      if (scopes.length === 1 || !isRefusal(thrown)) throw thrown
      holder.shareNoMore()
      return { outcome: 'refused' }
    } finally {
      const underway = batches.get(holder)
      for (const scope of scopes) underway?.delete(scope)
    }
  }

  return {
    known: (request) => holderOf(request).known(request.scope),
    setApart: (request) => holderOf(request).setApart(request.scope),
    async get(request, refused, signal) {
      const { scope } = request
      const holder = holderOf(request)
      if (refused !== null) holder.turnDown(scope, refused)
      for (;;) {
        const known = holder.known(scope)
        if (known !== null) return known
        const batch = batchOf(holder, scope)
        const minted = await share(batch.key, signal, (shared) =>
          mint(holder, batch, request, shared),
        ).catch((thrown: unknown) => {
          throw batch.scopes.length > 1 ? namedAfter(request.attempt, thrown) : thrown
        })
        if (minted.outcome === 'refused') continue
        const { authorization } = minted.token
        return { authorization, origin: batch.scopes.length > 1 ? 'shared' : 'minted' }
      }
    },
  }
}

function hasRoom({ scopes, state }: Batch, scope: string): boolean {
  const text = scopes.reduce((sum, one) => sum + one.length, scope.length)
  return state === 'gathering' && scopes.length < mostScopes && text <= mostScopeText
}

/** Of the server, which said no to something; not of the way there. */
function isRefusal(thrown: unknown): boolean {
  return thrown instanceof MagosError && ['unauthorized', 'protocol'].includes(thrown.code)
}
