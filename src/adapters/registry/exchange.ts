import { setTimeout as sleep } from 'node:timers/promises'
import { MagosError } from '../../domain/error.ts'
import { isConnectionReset } from '../../host/http-failure.ts'
import type { Http, HttpRequest, HttpResponse } from '../../host/http.ts'
import { bareHost, isLoopbackHost } from '../../host/proxy.ts'
import { createHostGate, shortRest } from './host-gate.ts'
import { bodyText } from './body-text.ts'
import { retryAtOf } from './retry-after.ts'

export interface Question {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly authorization: string | null
  readonly body?: string
  readonly maxBody: number
  /** Whether an answer may send us elsewhere; never where a login or an identity token is sent. */
  readonly redirects: 'followed' | 'refused'
}

export interface Answer extends HttpResponse {
  /** Where it really came from. */
  readonly url: URL
}

/** One question and its answer: bounded per host, asked once more when the connection broke, redirects followed without credentials. */
export interface Exchange {
  ask(question: Question, signal: AbortSignal): Promise<Answer>
  /** Requests sent so far. */
  requests(): number
}

const maxRedirects = 5
const retryPause = 100

export function createExchange(http: Http, now: () => number): Exchange {
  const gate = createHostGate({ now })
  let count = 0

  async function send(request: HttpRequest): Promise<HttpResponse> {
    const leave = await gate.enter(request.url.host, request.signal)
    try {
      count += 1
      const response = await http.request(request)
      leave({ kind: 'answered', response })
      return response
    } catch (thrown) {
      const reason = request.signal.aborted ? null : failureReason(thrown)
      leave(reason === null ? { kind: 'dropped' } : { kind: 'failed', reason })
      throw thrown
    }
  }

  async function sendPatiently(request: HttpRequest): Promise<HttpResponse> {
    const isIdempotent = request.method !== 'POST'
    try {
      const response = await send(request)
      if (!isIdempotent || !isPassing(response, now())) return response
    } catch (thrown) {
      if (!isIdempotent || !isConnectionReset(thrown)) throw thrown
    }
    await pause(request.signal)
    return send(request)
  }

  return {
    requests: () => count,
    async ask(question, signal) {
      const { method, maxBody, body } = question
      let { url, authorization } = question
      for (let hops = 0; ; hops += 1) {
        const headers: Record<string, string> = {
          'accept-encoding': 'identity',
          ...question.headers,
        }
        if (authorization !== null) headers['authorization'] = authorization
        const request = {
          method,
          url,
          headers,
          maxBody,
          signal,
          ...(body === undefined ? {} : { body }),
        }
        const response = await sendPatiently(request)
        if (!redirectStatuses.has(response.status)) return { ...response, url }
        const target = redirectTarget(url, response)
        refuseRedirect(question, target, hops)
        // What is dropped is not taken up again, not even back at home.
        if (target.origin !== url.origin) authorization = null
        url = target
      }
    },
  }
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

// A registry that says when to come back is not asked before; where that is soon, the gate waits for it.
function isPassing(response: HttpResponse, now: number): boolean {
  const { status, headers } = response
  if (status !== 429)
    return [502, 503, 504].includes(status) && headers['retry-after'] === undefined
  const retryAt = retryAtOf(headers, bodyText(response), now)
  return retryAt !== undefined && retryAt - now <= shortRest
}

function failureReason(thrown: unknown): string | null {
  if (!(thrown instanceof MagosError) || thrown.code !== 'network') return null
  return thrown.message.replace(/^Request ".*" failed: /, '')
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(retryPause, undefined, { signal })
  } catch {
    signal.throwIfAborted()
  }
}

function redirectTarget(url: URL, { status, headers }: HttpResponse): URL {
  const location = headers['location']
  if (location !== undefined && URL.canParse(location, url.href)) return new URL(location, url)
  throw new MagosError(
    'protocol',
    `Cannot follow the redirect of "${url.origin}": its answer ${status} names no address`,
  )
}

function refuseRedirect({ url, redirects }: Question, target: URL, hops: number): void {
  const reason = redirectFault(url, target, redirects, hops)
  if (reason === null) return
  throw new MagosError(
    'protocol',
    `Refused the redirect of "${url.origin}" to "${target.origin}": ${reason}`,
  )
}

function redirectFault(
  home: URL,
  target: URL,
  redirects: Question['redirects'],
  hops: number,
): string | null {
  if (redirects === 'refused') return 'a token server must answer by itself'
  if (hops >= maxRedirects) return `it is the redirect after ${maxRedirects} others`
  if (target.username !== '' || target.password !== '') return 'it carries a login'
  if (target.protocol !== 'https:' && target.protocol !== home.protocol) return 'it leaves TLS'
  if (target.protocol !== 'https:' && target.protocol !== 'http:') return 'it is no web address'
  const entersHost = isLoopbackHost(bareHost(target)) && !isLoopbackHost(bareHost(home))
  return entersHost ? 'it points into this machine' : null
}
