import { setImmediate } from 'node:timers/promises'
import { MagosError } from '../../domain/error.ts'
import type { Exchange } from './exchange.ts'
import { namedAfter } from './failure.ts'
import { createLoginChecks, type Denial, type Reach } from './login-check.ts'
import { createSharedWork } from './shared-work.ts'
import {
  createTokenHolders,
  type Token,
  type TokenHolder,
  type TokenRequest,
} from './token-holder.ts'
import { type Minting, mintToken } from './token-server.ts'

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
  get(request: TokenRequest, refused: string | null, signal: AbortSignal): Promise<Token | Denial>
}

/** Beyond these a token grows larger than the headers that servers take. */
const mostScopes = 20
const mostScopeText = 2_000

/** Scopes that one token is asked for; open until it is sent. */
interface Batch {
  readonly key: string
  readonly scopes: string[]
  state: 'gathering' | 'sent'
}

export function createTokens(exchange: Exchange, now: () => number): Tokens {
  const holderOf = createTokenHolders(now)
  const share = createSharedWork<Minting>()
  const reachOf = createLoginChecks(now)
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
  ): Promise<Minting> {
    const { scopes } = batch
    try {
      // Whoever asks at the same time is asked for together.
      if (batch.state === 'gathering') await setImmediate(undefined, { signal })
      batch.state = 'sent'
      // What is for many names nobody's question: each who waits adds its own.
      const asking = scopes.length > 1 ? { ...attempt, action: 'Cannot get a token' } : attempt
      const minting = await mintToken(exchange, { server, scopes, attempt: asking }, now, signal)
      if (minting.outcome === 'minted') holder.keep(scopes, minting.token)
      else if (scopes.length > 1) holder.shareNoMore()
      return minting
    } catch (thrown) {
      // A server may not understand so many scopes; the way there is the same for one.
      const isNonsense = thrown instanceof MagosError && thrown.code === 'protocol'
      if (scopes.length === 1 || !isNonsense) throw thrown
      holder.shareNoMore()
      return { outcome: 'denied', status: 400, reason: thrown.message }
    } finally {
      const underway = batches.get(holder)
      for (const scope of scopes) underway?.delete(scope)
    }
  }

  /** Whether the server takes the login at all: asked for nothing it says yes, as it does to whoever logs in. */
  async function reachOfDenial(
    holder: TokenHolder,
    { server, attempt }: TokenRequest,
    denied: number,
    signal: AbortSignal,
  ): Promise<Reach> {
    if (attempt.login === null) return 'repository'
    return await reachOf(holder.key, signal, async (shared) => {
      const asking = { ...attempt, action: 'Cannot check a login' }
      const wanted = { server, scopes: [], attempt: asking }
      const check = await mintToken(exchange, wanted, now, shared)
      // 400 alone may mean that a scope is missing.
      const isDenied = check.outcome === 'denied' && (check.status !== 400 || denied === 400)
      return isDenied ? 'registry' : 'repository'
    })
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
        const minting = await share(batch.key, signal, (shared) =>
          mint(holder, batch, request, shared),
        ).catch((thrown: unknown) => {
          throw batch.scopes.length > 1 ? namedAfter(request.attempt, thrown) : thrown
        })
        const isShared = batch.scopes.length > 1
        if (minting.outcome === 'minted') {
          const { authorization } = minting.token
          return { authorization, origin: isShared ? 'shared' : 'minted' }
        }
        const { status, reason } = minting
        const reach = await reachOfDenial(holder, request, status, signal)
        if (!isShared || reach === 'registry') return { outcome: 'denied', reason, reach }
      }
    },
  }
}

function hasRoom({ scopes, state }: Batch, scope: string): boolean {
  const text = scopes.reduce((sum, one) => sum + one.length, scope.length)
  return state === 'gathering' && scopes.length < mostScopes && text <= mostScopeText
}
