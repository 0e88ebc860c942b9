const day = 86_400_000
/** The share of its allowance below which a host is asked one thing at a time. */
const littleLeft = 0.1

export interface RateLimit {
  /** null where the answer tells nothing. */
  readonly isScarce: boolean | null
  /** ms since the epoch until which nothing is allowed; null for no such time. */
  readonly restUntil: number | null
}

/**
 * What an answer tells of its host's allowance. Docker Hub writes `100;w=21600` and no time of a reset, and goes on answering HEAD
 * when nothing is left (https://docs.docker.com/docker-hub/usage/pulls/); GitLab writes plain numbers and a time
 * (https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/).
 */
export function rateLimitOf(headers: Readonly<Record<string, string>>, now: number): RateLimit {
  const remaining = leadingNumber(headers['ratelimit-remaining'])
  if (remaining === null) return { isScarce: null, restUntil: null }
  const limit = leadingNumber(headers['ratelimit-limit'])
  const isScarce = limit === null ? remaining === 0 : remaining < limit * littleLeft
  const reset = leadingNumber(headers['ratelimit-reset'])
  return { isScarce, restUntil: remaining === 0 && reset !== null ? resetAt(reset, now) : null }
}

// Seconds from now as the IETF's drafts have it, or since the epoch; never later than in a day.
function resetAt(reset: number, now: number): number {
  const at = reset > 1e9 ? reset * 1000 : now + reset * 1000
  return Math.min(Math.max(at, now), now + day)
}

function leadingNumber(text: string | undefined): number | null {
  if (text === undefined) return null
  const [, digits] = /^\s*(\d{1,12})\s*(?:[;,]|$)/.exec(text) ?? []
  return digits === undefined ? null : Number(digits)
}
