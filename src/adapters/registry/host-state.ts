import { MagosError } from '../../domain/error.ts'
import { momentText } from '../../domain/policy/age.ts'
import { shortRest } from './rest.ts'

/** How a host fared that did not answer well, or wants to be left alone. */
export interface HostState {
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
}

export function idle(): HostState {
  return {
    failures: 0,
    reason: '',
    closures: 0,
    closedUntil: 0,
    probing: false,
    restUntil: 0,
  }
}

export function isIdle({ failures, closures, restUntil }: HostState, now: number): boolean {
  return failures === 0 && closures === 0 && restUntil <= now
}

export function settle(state: HostState): void {
  state.failures = 0
  state.closures = 0
}

/** Throws where the host is left alone: for longer than a moment because it said so, or because it failed. */
export function refuse(host: string, state: HostState, now: number): void {
  const { restUntil, closedUntil, closures, failures, reason, probing } = state
  if (restUntil - now > shortRest) {
    throw new MagosError('rate-limit', `"${host}" wants no requests ${until(restUntil, now)}`, {
      retryAt: restUntil,
      remedy: 'Log in there for a higher limit, or ask less often; Magos asks again by itself',
    })
  }
  if (closures === 0 || (closedUntil <= now && !probing)) return
  const rest = probing ? 'while it is tried again' : until(closedUntil, now)
  const why = `it failed ${failures} times in a row, the last time because ${reason}`
  throw new MagosError('network', `"${host}" is left alone ${rest}: ${why}`, {
    retryAt: Math.max(closedUntil, now),
    remedy: 'Check that it runs and can be reached from here; Magos asks again by itself',
  })
}

function until(at: number, now: number): string {
  const seconds = Math.ceil((at - now) / 1000)
  return seconds <= 600 ? `for ${seconds} s more` : `until ${momentText(at)}`
}
