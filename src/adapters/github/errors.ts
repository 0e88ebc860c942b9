import { MagosError } from '../../domain/error.ts'
import { field, listField, numberField, textField } from './answer.ts'

/** What became of a call that failed. */
export type Failure = Refusal | { readonly kind: 'silence'; readonly message: string }

export interface Refusal {
  readonly kind: 'answer'
  readonly status: number
  /** GitHub's own words, with what must not be told cut out. */
  readonly message: string
  readonly headers: unknown
}

/** Reads what Octokit threw: an answer, or silence, after which nobody knows what was done. null: no failure of a call. */
export function readFailure(thrown: unknown): Failure | null {
  if (!(thrown instanceof Error)) return null
  const status = numberField(thrown, 'status')
  const response = field(thrown, ['response'])
  if (status !== null && response !== undefined) {
    const message = answerMessage(field(response, ['data']), status)
    return { kind: 'answer', status, message, headers: field(response, ['headers']) }
  }
  const isSilence = ['HttpError', 'TimeoutError', 'AbortError'].includes(thrown.name)
  return isSilence ? { kind: 'silence', message: silenceMessage(thrown) } : null
}

function answerMessage(data: unknown, status: number): string {
  const details = listField(data, 'errors').flatMap(
    (error) => textField(error, 'message') ?? (typeof error === 'string' ? error : []),
  )
  return tell([textField(data, 'message') ?? `status ${status}`, ...details].join(': '))
}

function silenceMessage(error: Error): string {
  const { cause } = error
  if (isTimeout(error) || isTimeout(cause)) return 'no answer in time'
  return tell(error.message)
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

/** One line of at most 300 characters that holds no token, no key and no JWT. */
function tell(text: string): string {
  return redact(text.replaceAll(/\s+/gu, ' ').trim()).slice(0, 300)
}

export function redact(text: string): string {
  return text
    .replaceAll(/gh[opsur]_[\w.-]+/gu, '[token]')
    .replaceAll(/github_pat_\w+/gu, '[token]')
    .replaceAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/gu, '[token]')
    .replaceAll(/-----BEGIN[^-]*-----.*?(?:-----END[^-]*-----|$)/gsu, '[key]')
}

// ---------------------------------------------------------------- the one error class

export interface ErrorContext {
  /** What was attempted, as the message's beginning. */
  readonly action: string
  readonly now: number
}

/** Whatever a call threw, as a `MagosError` whose cause holds neither headers nor bodies. */
export function toMagosError(thrown: unknown, { action, now }: ErrorContext): MagosError {
  const known = ownError(thrown)
  if (known !== null) return known
  const failure = readFailure(thrown)
  const cause = bare(thrown)
  if (failure === null) {
    return new MagosError('internal', `${action}: ${tell(cause.message)}`, { cause })
  }
  if (failure.kind === 'silence') {
    return new MagosError('network', `${action}: GitHub gave no answer: ${failure.message}`, {
      cause,
      remedy: 'Check the connection to GitHub and https://www.githubstatus.com',
    })
  }
  const { status } = failure
  const message = `${action}: GitHub answered ${status}: ${failure.message}`
  const retryAt = limitOf(failure, now)
  if (retryAt !== null) return new MagosError('rate-limit', message, { cause, retryAt })
  const { code, remedy } = judge(failure)
  return new MagosError(code, message, remedy === undefined ? { cause } : { cause, remedy })
}

/** The fetch that we were given may have refused in our own words. */
function ownError(thrown: unknown): MagosError | null {
  if (thrown instanceof MagosError) return thrown
  return thrown instanceof Error && thrown.cause !== undefined ? ownError(thrown.cause) : null
}

/** Octokit's errors carry the request with its body and the whole response: none of that may reach a log. */
function bare(thrown: unknown): Error {
  const original =
    thrown instanceof Error ? thrown : new Error('Something was thrown that is no error')
  const copy = new Error(redact(original.message))
  copy.name = original.name
  if (original.stack !== undefined) copy.stack = redact(original.stack)
  return copy
}

function judge({ status, message, headers }: Refusal): {
  code: MagosError['code']
  remedy?: string
} {
  if (status === 401 && /json web token|expiration time|issued at/iu.test(message)) {
    return {
      code: 'unauthorized',
      remedy: 'Check that the private key belongs to this App id, and the clock of this machine',
    }
  }
  if (status === 401)
    return { code: 'unauthorized', remedy: 'Check the App’s installation on GitHub' }
  if (status === 403) {
    const needed = textField(headers, 'x-accepted-github-permissions')
    const grant = needed === null ? null : `Grant the GitHub App ${tell(needed)}`
    return {
      code: 'unauthorized',
      remedy: grant ?? 'Check the App’s permissions and its installation on GitHub',
    }
  }
  if (status === 404) {
    return {
      code: 'not-found',
      remedy: 'Check the name, and that the GitHub App is installed on that repository',
    }
  }
  return { code: 'github' }
}

const leastPause = 60_000

/**
 * When a limit ends; null where the answer is none. In the order that GitHub names:
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function limitOf({ status, message, headers }: Refusal, now: number): number | null {
  if (status !== 403 && status !== 429) return null
  const retryAfter = count(textField(headers, 'retry-after'))
  if (retryAfter !== null) return now + retryAfter * 1000
  const exhausted = count(textField(headers, 'x-ratelimit-remaining')) === 0
  const reset = count(textField(headers, 'x-ratelimit-reset'))
  // A reset in the past, by our clock, must not make us hammer.
  if (exhausted && reset !== null) return Math.max(reset * 1000, now + 1000)
  const limited =
    status === 429 || exhausted || /\bsecondary rate\b|rate limit exceeded/iu.test(message)
  return limited ? now + leastPause : null
}

function count(text: string | null): number | null {
  return text !== null && /^\d+$/u.test(text.trim()) ? Number(text) : null
}
