/** What befalls a call. `before`: nothing was done; `after`: it was done, and only the answer suffers. */
export type Fault = {
  readonly when: 'before' | 'after'
} & (
  | {
      readonly do: 'status'
      readonly status: number
      readonly message: string
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly do: 'reset' | 'hang' }
  /** The answer of a replica that has not seen the ref's last move; only for reads of refs. */
  | { readonly do: 'stale' }
)

export interface FaultRule {
  readonly method?: string
  /** Whole path, or what it matches. Paths are as they came, undecoded. */
  readonly path?: string | RegExp
  readonly fault: Fault
  /** How many calls it befalls; default 1. */
  readonly times?: number
  /** How many matching calls pass before; default 0. */
  readonly skip?: number
}

export interface FaultPlan {
  add(...rules: readonly FaultRule[]): void
  clear(): void
  /** The fault of this call, which is used up by it; null for none. */
  take(method: string, path: string): Fault | null
}

export function createFaultPlan(): FaultPlan {
  const rules: { rule: FaultRule; skip: number; left: number }[] = []
  return {
    add(...added) {
      for (const rule of added) rules.push({ rule, skip: rule.skip ?? 0, left: rule.times ?? 1 })
    },
    clear() {
      rules.length = 0
    },
    take(method, path) {
      for (const entry of rules) {
        if (entry.left === 0 || !fits(entry.rule, method, path)) continue
        if (entry.skip > 0) {
          entry.skip--
          continue
        }
        entry.left--
        return entry.rule.fault
      }
      return null
    },
  }
}

function fits({ method, path }: FaultRule, actualMethod: string, actualPath: string): boolean {
  if (method !== undefined && method !== actualMethod) return false
  return (
    path === undefined || (typeof path === 'string' ? path === actualPath : path.test(actualPath))
  )
}

// ---------------------------------------------------------------- the usual ones

export function failing(
  status: number,
  message: string,
  {
    when = 'before',
    headers = {},
  }: { when?: Fault['when']; headers?: Readonly<Record<string, string>> } = {},
): Fault {
  return { when, do: 'status', status, message, headers }
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export function secondaryLimit(retryAfter: number | null, status: 403 | 429 = 403): Fault {
  return failing(
    status,
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    { headers: retryAfter === null ? {} : { 'retry-after': String(retryAfter) } },
  )
}

export function primaryLimit(resetAt: number, status: 403 | 429 = 403): Fault {
  return failing(status, 'API rate limit exceeded for installation ID 1.', {
    headers: {
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
    },
  })
}

export const reset = (when: Fault['when']): Fault => ({ when, do: 'reset' })
export const hang = (when: Fault['when']): Fault => ({ when, do: 'hang' })
