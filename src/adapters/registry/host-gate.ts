import { setTimeout as sleep } from 'node:timers/promises'
import { MagosError } from '../../domain/error.ts'
import type { HttpResponse } from '../../host/http-exchange.ts'
import { bodyText } from './body-text.ts'
import { rateLimitOf } from './rate-limit.ts'
import { retryAtOf } from './retry-after.ts'
import { createSlots, type Release } from './slots.ts'

/** How one request ended, as its host shall be judged by it. */
export type Ending =
  | { readonly kind: 'answered'; readonly response: HttpResponse }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Broken off from our side, which says nothing of the host. */
  | { readonly kind: 'dropped' }

/** Leaves the host, saying how it went. */
export type Leave = (ending: Ending) => void

/**
 * One door a host: so many requests at once, none while it asked for rest, and none while it fails again and again but a
 * single try now and then. Hosts know nothing of each other.
 */
export interface HostGate {
  /** At once where nothing is in the way. Throws, or rejects with, `rate-limit` or `network` for a host that is left alone. */
  enter(host: string, signal: AbortSignal): Leave | Promise<Leave>
}

export interface HostGateOptions {
  readonly now: () => number
  /** Requests at once; default 8. */
  readonly concurrency?: number
  /** Failures in a row after which a host is left alone; default 5. */
  readonly patience?: number
}

interface HostState {
  /** In a row. */
  failures: number
  reason: string
  /** Times that it was left alone without an answer in between. */
  closures: number
  /** ms since the epoch: no request before it. */
  closedUntil: number
  probing: boolean
  /** ms since the epoch: what the host itself asked for. */
  restUntil: number
  /** Little is left of what the host allows. */
  scarce: boolean
}

const firstClosure = 30_000
const longestClosure = 600_000
/** ms of rest that are waited for instead of giving up. */
export const shortRest = 2_000

export function createHostGate(options: HostGateOptions): HostGate {
  const { now, concurrency = 8, patience = 5 } = options
  const states = new Map<string, HostState>()
  const acquire = createSlots((host) => (states.get(host)?.scarce === true ? 1 : concurrency))

  return {
    enter(host, signal) {
      const state = states.get(host)
      if (state !== undefined) refuse(host, state, now())
      const place = acquire(host, signal)
      if (typeof place === 'function' && state === undefined) return leaving(host, place)
      return admit(host, place, signal)
    },
  }

  function leaving(host: string, release: Release): Leave {
    return (ending) => {
      learn(host, ending)
      release()
    }
  }

  async function admit(
    host: string,
    place: Release | Promise<Release>,
    signal: AbortSignal,
  ): Promise<Leave> {
    const release = await place
    try {
      // It may have failed or asked for rest while this one stood in line.
      const state = states.get(host)
      if (state !== undefined) await examine(host, state, signal)
    } catch (thrown) {
      release()
      throw thrown
    }
    return leaving(host, release)
  }

  async function examine(host: string, state: HostState, signal: AbortSignal): Promise<void> {
    refuse(host, state, now())
    if (state.closures > 0) state.probing = true
    const rest = state.restUntil - now()
    if (rest > 0) await rested(rest, signal)
  }

  function learn(host: string, ending: Ending): void {
    const known = states.get(host)
    if (known === undefined && tellsNothing(ending)) return
    const state = known ?? idle()
    state.probing = false
    if (ending.kind === 'answered') judge(state, ending.response)
    else if (ending.kind === 'failed') fail(state, ending.reason)
    if (isIdle(state, now())) states.delete(host)
    else states.set(host, state)
  }

  function judge(state: HostState, response: HttpResponse): void {
    const { status, headers } = response
    const at = now()
    const { isScarce, restUntil } = rateLimitOf(headers, at)
    state.scarce = isScarce ?? state.scarce
    state.restUntil = Math.max(state.restUntil, restUntil ?? 0)
    const asksRest = status === 429 || status === 503
    const retryAt = asksRest ? retryAtOf(headers, bodyText(response), at) : undefined
    if (retryAt !== undefined) state.restUntil = Math.max(state.restUntil, retryAt)
    if (status === 429 && retryAt === undefined) return fail(state, 'it had too many requests')
    if (failing.has(status)) return fail(state, `it answered ${status}`)
    state.failures = 0
    state.closures = 0
  }

  function fail(state: HostState, reason: string): void {
    state.failures += 1
    state.reason = reason
    const isTriedInVain = state.closures > 0
    if (state.failures < patience && !isTriedInVain) return
    // Those that were under way together count as one.
    if (state.closedUntil > now()) return
    state.closedUntil = now() + Math.min(firstClosure * 2 ** state.closures, longestClosure)
    state.closures += 1
  }
}

/** Nearly every answer of a host that is well. */
function tellsNothing(ending: Ending): boolean {
  if (ending.kind !== 'answered') return ending.kind === 'dropped'
  const { status, headers } = ending.response
  return status < 400 && headers['ratelimit-remaining'] === undefined
}

const failing: ReadonlySet<number> = new Set([500, 502, 503, 504])

function refuse(host: string, state: HostState, now: number): void {
  const { restUntil, closedUntil, closures, failures, reason, probing } = state
  if (restUntil - now > shortRest) {
    throw new MagosError('rate-limit', `"${host}" wants no requests for ${until(restUntil, now)}`, {
      retryAt: restUntil,
      remedy: 'Log in there for a higher limit, or ask less often; Magos asks again by itself',
    })
  }
  if (closures === 0 || (closedUntil <= now && !probing)) return
  const rest = probing ? 'while it is tried again' : `for ${until(closedUntil, now)}`
  const why = `it failed ${failures} times in a row, the last time because ${reason}`
  throw new MagosError('network', `"${host}" is left alone ${rest}: ${why}`, {
    retryAt: Math.max(closedUntil, now),
    remedy: 'Check that it runs and can be reached from here; Magos asks again by itself',
  })
}

function until(at: number, now: number): string {
  return `${Math.ceil((at - now) / 1000)} s more`
}

async function rested(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch {
    signal.throwIfAborted()
  }
}

function idle(): HostState {
  return {
    failures: 0,
    reason: '',
    closures: 0,
    closedUntil: 0,
    probing: false,
    restUntil: 0,
    scarce: false,
  }
}

function isIdle({ failures, closures, restUntil, scarce }: HostState, now: number): boolean {
  return failures === 0 && closures === 0 && restUntil <= now && !scarce
}
