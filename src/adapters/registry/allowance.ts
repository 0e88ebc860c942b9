const day = 86_400_000
/** ms after which an allowance that tells of no end is taken for whole again. */
const untoldWindow = 60_000
/** The share that is left to whoever pulls there beside us, which the host's own deployments do. */
const kept = 0.1

/** What a registry said that it allows. */
export interface Allowance {
  /** null where it was not told. */
  readonly limit: number | null
  readonly remaining: number
  /** What is taken from it: GETs of manifests, or every request. */
  readonly counts: 'pulls' | 'requests'
  /** ms since the epoch: when it is whole again, at the latest. */
  readonly endsAt: number
}

type Headers = Readonly<Record<string, string>>

/**
 * What an answer tells of its host's allowance; null where it tells nothing. Docker Hub writes `100;w=21600`, counts pulls
 * alone and names no time of a reset (https://docs.docker.com/docker-hub/usage/pulls/); others write plain numbers and a time,
 * as GitLab does (https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/), some with `x-` before their names.
 */
export function allowanceOf(headers: Headers, now: number): Allowance | null {
  const told = headers['ratelimit-remaining'] ?? headers['x-ratelimit-remaining']
  if (told === undefined) return null
  const remaining = leadingNumber(told)
  if (remaining === null) return null
  const limits = headers['ratelimit-limit'] ?? headers['x-ratelimit-limit'] ?? ''
  const reset = leadingNumber(headers['ratelimit-reset'] ?? headers['x-ratelimit-reset'] ?? '')
  const seconds = windowOf(told) ?? windowOf(limits)
  const length = seconds === null ? untoldWindow : Math.min(seconds * 1000, day)
  return {
    limit: leadingNumber(limits),
    remaining,
    counts: windowOf(told) === null ? 'requests' : 'pulls',
    endsAt: reset === null ? now + length : resetAt(reset, now),
  }
}

/** How many of them may be taken: never the last tenth. */
export function spendable({ limit, remaining }: Allowance): number {
  return remaining - Math.floor((limit ?? 0) * kept)
}

// Seconds from now as the IETF's drafts have it, or since the epoch; never later than in a day.
function resetAt(reset: number, now: number): number {
  const at = reset > 1e9 ? reset * 1000 : now + reset * 1000
  return Math.min(Math.max(at, now), now + day)
}

function leadingNumber(text: string): number | null {
  const [, digits] = /^\s*(\d{1,12})\s*(?:[;,]|$)/.exec(text) ?? []
  return digits === undefined ? null : Number(digits)
}

/** Seconds: of several policies, the first one's. */
function windowOf(text: string): number | null {
  const [, digits] = /;\s*w\s*=\s*(\d{1,9})\b/.exec(text) ?? []
  return digits === undefined ? null : Number(digits)
}
