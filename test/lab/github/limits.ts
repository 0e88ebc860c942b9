import { ApiError } from './api-error.ts'

export interface LimitSettings {
  /** Content-creating calls: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
  readonly perMinute: number
  readonly perHour: number
  /** All calls of an hour. */
  readonly core: number
}

export interface Limiter {
  set(settings: Partial<LimitSettings>): void
  /** Counts a call of this installation; throws the secondary limit when it is one too many. */
  count(key: string, kind: 'read' | 'write'): void
  /** `x-ratelimit-*` for the answer. */
  headers(key: string): Readonly<Record<string, string>>
  rate(key: string): { limit: number; remaining: number; reset: number; used: number }
}

const minute = 60_000
const hour = 3_600_000

export function createLimiter(now: () => number): Limiter {
  let settings: LimitSettings = { perMinute: 80, perHour: 500, core: 5000 }
  const calls = new Map<string, { at: number; kind: 'read' | 'write' }[]>()
  const recent = (key: string): { at: number; kind: 'read' | 'write' }[] => {
    const kept = (calls.get(key) ?? []).filter(({ at }) => at > now() - hour)
    calls.set(key, kept)
    return kept
  }
  const rate: Limiter['rate'] = (key) => {
    const held = recent(key)
    const used = held.length
    const reset = Math.ceil(((held[0]?.at ?? now()) + hour) / 1000)
    return { limit: settings.core, remaining: Math.max(0, settings.core - used), reset, used }
  }
  const headers: Limiter['headers'] = (key) => {
    const { limit, remaining, reset, used } = rate(key)
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-used': String(used),
      'x-ratelimit-resource': 'core',
    }
  }
  return {
    set(changed) {
      settings = { ...settings, ...changed }
    },
    count(key, kind) {
      const held = recent(key)
      if (held.length >= settings.core) {
        throw new ApiError(403, `API rate limit exceeded for installation ID ${key}.`)
      }
      const writes = held.filter((call) => call.kind === 'write').map(({ at }) => at)
      const lately = writes.filter((at) => at > now() - minute)
      if (kind === 'write' && lately.length >= settings.perMinute) refuse(lately[0], minute)
      if (kind === 'write' && writes.length >= settings.perHour) refuse(writes[0], hour)
      held.push({ at: now(), kind })
    },
    headers,
    rate,
  }

  function refuse(oldest: number | undefined, window: number): never {
    const wait = Math.max(1, Math.ceil(((oldest ?? now()) + window - now()) / 1000))
    throw new ApiError(
      403,
      'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
      { headers: { 'retry-after': String(wait) } },
    )
  }
}
