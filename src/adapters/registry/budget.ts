import { MagosError } from '../../domain/error.ts'
import { momentText } from '../../domain/policy/age.ts'
import type { HttpResponse } from '../../host/http-exchange.ts'
import { type Allowance, allowanceOf, spendable } from './allowance.ts'
import { bodyText } from './body-text.ts'
import { rested, shortRest } from './rest.ts'
import { retryAtOf } from './retry-after.ts'
import { createSlots, type Release } from './slots.ts'

/** `pull`: a GET of a manifest, which Docker Hub counts; `look`: all else, which it does not. */
export type Kind = 'pull' | 'look'

/** What an answer meant: `pulls-spent` is a 429 that speaks of pulls alone, so that the host itself is well. */
export type Lesson = 'noted' | 'pulls-spent'

/** What hosts said that they allow, and how much of it is under way. Gone with the process: their next answers tell it anew. */
export interface Budget {
  /**
   * A share of what the host allows, given back when its answer was learned from; null where such a request takes none.
   * Rejects with `rate-limit` where only what is kept for others is left, unless that ends within a moment.
   */
  take(host: string, kind: Kind, signal: AbortSignal): Promise<Release> | null
  /** From an answer; null where none came, for a host may have counted what it did not answer. */
  learn(host: string, kind: Kind, response: HttpResponse | null): Lesson
}

export function createBudget(now: () => number, concurrency: number): Budget {
  const allowances = new Map<string, Allowance>()
  const acquire = createSlots((host) => atOnce(host))

  /** Never 0, so that everyone in line has a turn and is told. */
  function atOnce(host: string): number {
    const allowance = current(host)
    if (allowance === null) return concurrency
    return Math.min(Math.max(spendable(allowance), 1), concurrency)
  }

  function current(host: string): Allowance | null {
    const allowance = allowances.get(host)
    if (allowance === undefined) return null
    if (allowance.endsAt > now()) return allowance
    allowances.delete(host)
    return null
  }

  async function takeTurn(host: string, signal: AbortSignal): Promise<Release> {
    const release = await acquire(host, signal)
    try {
      for (;;) {
        const allowance = current(host)
        if (allowance === null || spendable(allowance) >= 1) return release
        const wait = allowance.endsAt - now()
        if (wait > shortRest) throw spent(host, allowance)
        await rested(wait, signal)
      }
    } catch (thrown) {
      release()
      throw thrown
    }
  }

  return {
    take(host, kind, signal) {
      return kind === 'pull' || current(host)?.counts === 'requests' ? takeTurn(host, signal) : null
    },
    learn(host, kind, response) {
      const at = now()
      const told = response === null ? null : allowanceOf(response.headers, at)
      const known = told ?? after(current(host), kind)
      if (known === null) return 'noted'
      const isSpent = response?.status === 429 && kind === 'pull' && isPullless(known)
      const retryAt = isSpent ? retryAtOf(response.headers, bodyText(response), at) : undefined
      allowances.set(host, retryAt === undefined ? known : { ...known, endsAt: retryAt })
      return isSpent ? 'pulls-spent' : 'noted'
    },
  }
}

/** What is left behind a request whose answer did not tell. */
function after(allowance: Allowance | null, kind: Kind): Allowance | null {
  if (allowance === null || (kind === 'look' && allowance.counts === 'pulls')) return allowance
  return { ...allowance, remaining: Math.max(allowance.remaining - 1, 0) }
}

function isPullless({ counts, remaining }: Allowance): boolean {
  return counts === 'pulls' && remaining === 0
}

function spent(host: string, { limit, remaining, counts, endsAt }: Allowance): MagosError {
  const left = limit === null ? `no ${counts}` : `${remaining} of ${limit} ${counts}`
  const why = remaining === 0 ? '' : ', which Magos leaves to you and to deployments'
  const message = `"${host}" has ${left} left${why}: it is asked again by ${momentText(endsAt)}`
  return new MagosError('rate-limit', message, {
    retryAt: endsAt,
    remedy: 'Log in there for a higher limit, or ask less often; Magos asks again by itself',
  })
}
