import type { HttpResponse } from '../../host/http-exchange.ts'
import { bodyText } from './body-text.ts'
import { createBudget, type Kind } from './budget.ts'
import { type HostState, idle, isIdle, refuse, settle } from './host-state.ts'
import { rested } from './rest.ts'
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
 * One door a host: so many requests at once, no more than it said that it allows, none while it asked for rest, and none while
 * it fails again and again but a single try now and then. Hosts know nothing of each other.
 */
export interface HostGate {
  /** At once where nothing is in the way. Throws, or rejects with, `rate-limit` or `network` for a host that is left alone. */
  enter(host: string, kind: Kind, signal: AbortSignal): Leave | Promise<Leave>
}

export interface HostGateOptions {
  readonly now: () => number
  /** Requests at once; default 8. */
  readonly concurrency?: number
  /** Failures in a row after which a host is left alone; default 5. */
  readonly patience?: number
}

const firstClosure = 30_000
const longestClosure = 600_000

export function createHostGate(options: HostGateOptions): HostGate {
  const { now, concurrency = 8, patience = 5 } = options
  const states = new Map<string, HostState>()
  const acquire = createSlots(() => concurrency)
  const budget = createBudget(now, concurrency)

  return {
    enter(host, kind, signal) {
      const state = states.get(host)
      if (state !== undefined) refuse(host, state, now())
      const share = budget.take(host, kind, signal)
      if (share !== null) return admitCounted(host, kind, share, signal)
      const place = acquire(host, signal)
      if (typeof place === 'function' && state === undefined) return leaving(host, kind, place)
      return admit(host, kind, place, signal)
    },
  }

  function leaving(host: string, kind: Kind, release: Release): Leave {
    return (ending) => {
      learn(host, kind, ending)
      release()
    }
  }

  // What is not counted finds places free while these wait for a share of what is.
  async function admitCounted(
    host: string,
    kind: Kind,
    share: Promise<Release>,
    signal: AbortSignal,
  ): Promise<Leave> {
    const giveBack = await share
    try {
      const leave = await admit(host, kind, acquire(host, signal), signal)
      return (ending) => {
        leave(ending)
        giveBack()
      }
    } catch (thrown) {
      giveBack()
      throw thrown
    }
  }

  async function admit(
    host: string,
    kind: Kind,
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
    return leaving(host, kind, release)
  }

  async function examine(host: string, state: HostState, signal: AbortSignal): Promise<void> {
    refuse(host, state, now())
    if (state.closures > 0) state.probing = true
    const rest = state.restUntil - now()
    if (rest > 0) await rested(rest, signal)
  }

  function learn(host: string, kind: Kind, ending: Ending): void {
    const lesson = budget.learn(host, kind, ending.kind === 'answered' ? ending.response : null)
    const known = states.get(host)
    if (known === undefined && tellsNothing(ending)) return
    const state = known ?? idle()
    state.probing = false
    if (lesson === 'pulls-spent') settle(state)
    else if (ending.kind === 'answered') judge(state, ending.response)
    else if (ending.kind === 'failed') fail(state, ending.reason)
    if (isIdle(state, now())) states.delete(host)
    else states.set(host, state)
  }

  function judge(state: HostState, response: HttpResponse): void {
    const { status, headers } = response
    const at = now()
    const asksRest = status === 429 || status === 503
    const retryAt = asksRest ? retryAtOf(headers, bodyText(response), at) : undefined
    if (retryAt !== undefined) state.restUntil = Math.max(state.restUntil, retryAt)
    if (status === 429 && retryAt === undefined) return fail(state, 'it had too many requests')
    if (failing.has(status)) return fail(state, `it answered ${status}`)
    settle(state)
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
  return ending.kind === 'answered' ? ending.response.status < 400 : ending.kind === 'dropped'
}

const failing: ReadonlySet<number> = new Set([500, 502, 503, 504])
