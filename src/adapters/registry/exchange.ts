import { MagosError } from '../../domain/error.ts'
import type { HttpRequest, HttpResponse } from '../../host/http-exchange.ts'
import { isConnectionReset } from '../../host/http-failure.ts'
import type { Http } from '../../host/http.ts'
import { addressesOf } from '../../host/private-address.ts'
import { hostOf, type Target } from '../../host/target.ts'
import { bodyText } from './body-text.ts'
import type { Kind } from './budget.ts'
import { disconnected } from './failure.ts'
import { createHostGate } from './host-gate.ts'
import { isRedirect, type Redirects, redirectTarget, type Resolve } from './redirect.ts'
import { rested, shortRest } from './rest.ts'
import { retryAtOf } from './retry-after.ts'
import { untilAborted } from './shared-work.ts'

export interface Question {
  /** What it is for, as errors begin: the transport knows only addresses. */
  readonly action: string
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly target: Target
  readonly headers: Readonly<Record<string, string>>
  readonly authorization: string | null
  readonly body?: string
  readonly maxBody: number
  /** As `HttpRequest` has it; begun anew for each good answer. */
  readonly receiver?: HttpRequest['receiver'] | undefined
  readonly redirects: Redirects
}

export interface Answer extends HttpResponse {
  /** Where it really came from. */
  readonly from: Target
}

/** One question and its answer: bounded per host, asked once more when the connection broke, redirects followed without credentials. */
export interface Exchange {
  ask(question: Question, signal: AbortSignal): Promise<Answer>
  /** Requests sent so far. */
  requests(): number
}

const retryPause = 100

export function createExchange(
  http: Http,
  now: () => number,
  resolve: Resolve = addressesOf,
): Exchange {
  const gate = createHostGate({ now })
  let count = 0

  async function send(request: HttpRequest): Promise<HttpResponse> {
    const host = hostOf(request.target)
    const kind = kindOf(request)
    for (let mayRepeat = request.method !== 'POST'; ; mayRepeat = false) {
      const door = gate.enter(host, kind, request.signal)
      // A step less where the door is open, which it nearly always is.
      const leave = typeof door === 'function' ? door : await door
      try {
        count += 1
        const response = await http.request(request)
        leave({ kind: 'answered', response })
        if (!mayRepeat || !isPassing(response, now)) return response
      } catch (thrown) {
        const reason = request.signal.aborted ? null : failureReason(thrown)
        leave(reason === null ? { kind: 'dropped' } : { kind: 'failed', reason })
        if (!mayRepeat || !isConnectionReset(thrown)) throw thrown
      }
      await rested(retryPause, request.signal)
    }
  }

  return {
    requests: () => count,
    async ask(question, signal) {
      let { target, authorization } = question
      try {
        for (let hops = 0; ; hops += 1) {
          const response = await send(requestOf(question, target, authorization, signal))
          if (!isRedirect(response)) return { ...response, from: target }
          const looking = redirectTarget(target, response, question.redirects, hops, resolve)
          const next = await untilAborted(looking, signal)
          // What is dropped is not taken up again, not even back at home.
          if (next.origin !== target.origin) authorization = null
          target = next
        }
      } catch (thrown) {
        throw disconnected(question, target, thrown)
      }
    },
  }
}

function requestOf(
  { method, headers: wanted, body, maxBody, receiver }: Question,
  target: Target,
  authorization: string | null,
  signal: AbortSignal,
): HttpRequest {
  const headers: Record<string, string> = { ...wanted, 'accept-encoding': 'identity' }
  if (authorization !== null) headers['authorization'] = authorization
  const request = { method, target, headers, maxBody, receiver, signal }
  return body === undefined ? request : { ...request, body }
}

function kindOf({ method, target }: HttpRequest): Kind {
  return method === 'GET' && target.path.includes('/manifests/') ? 'pull' : 'look'
}

const passing: ReadonlySet<number> = new Set([502, 503, 504])

// A registry that says when to come back is not asked before; where that is soon, the gate waits for it.
function isPassing(response: HttpResponse, now: () => number): boolean {
  const { status, headers } = response
  if (status !== 429) return passing.has(status) && headers['retry-after'] === undefined
  const at = now()
  const retryAt = retryAtOf(headers, bodyText(response), at)
  return retryAt !== undefined && retryAt - at <= shortRest
}

function failureReason(thrown: unknown): string | null {
  if (!(thrown instanceof MagosError) || thrown.code !== 'network') return null
  return thrown.message.replace(/^Request ".*" failed: /, '')
}
