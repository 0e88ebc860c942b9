import type { ErrorCode } from '../../../src/domain/error.ts'
import type { Http } from '../../../src/host/http.ts'
import type { HttpRequest, HttpResponse } from '../../../src/host/http-exchange.ts'
import type { Credential, RepositoryName } from '../../../src/ports.ts'

/** What a registry of one kind and its client say to each other, in order and to the letter. */
export interface Transcript {
  readonly title: string
  /** Where the behaviour is documented. */
  readonly sources: readonly string[]
  readonly name: RepositoryName
  readonly login: Credential | null
  readonly asks: readonly Ask[]
  readonly exchanges: readonly Exchange[]
}

export type Ask =
  | { readonly tags: readonly string[] }
  | { readonly digestOf: string; readonly digest: string }
  | { readonly tagsFail: { readonly code: ErrorCode; readonly retryAfter?: number } }

export interface Exchange {
  /** Method and address. */
  readonly sent: `${'GET' | 'HEAD' | 'POST'} ${string}`
  readonly authorization?: string
  /** The form that was posted. */
  readonly form?: Readonly<Record<string, string>>
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface TranscriptHttp extends Http {
  /** How many exchanges were not played. */
  left(): number
}

/** Plays a registry's part; a request that is not the next one of the transcript is a failure of the test. */
export function playTranscript({ exchanges }: Transcript): TranscriptHttp {
  let played = 0
  return {
    left: () => exchanges.length - played,
    async request(request) {
      request.signal.throwIfAborted()
      await Promise.resolve()
      const expected = exchanges[played]
      played += 1
      const sent = describe(request)
      if (expected === undefined) throw new Error(`More was asked: ${JSON.stringify(sent)}`)
      const wanted = JSON.stringify(describeExpected(expected))
      if (JSON.stringify(sent) === wanted) return answerOf(expected, request)
      throw new Error(`Exchange ${played}: ${JSON.stringify(sent)} was asked instead of ${wanted}`)
    },
    fetch: () => Promise.reject(new Error('Not in the transcript')),
    close: async () => undefined,
  }
}

/** `Basic` with these words, as it is sent. */
export function basicOf(login: string): string {
  return `Basic ${Buffer.from(login).toString('base64')}`
}

function describe({ method = 'GET', target, headers = {}, body }: HttpRequest) {
  const form = typeof body === 'string' ? Object.fromEntries(new URLSearchParams(body)) : null
  return {
    sent: `${method} ${decodeURIComponent(target.origin + target.path)}`,
    authorization: headers['authorization'] ?? null,
    form,
  }
}

function describeExpected({ sent, authorization, form }: Exchange) {
  return { sent, authorization: authorization ?? null, form: form ?? null }
}

function answerOf(
  { status, headers = {}, body = '' }: Exchange,
  { receiver }: HttpRequest,
): HttpResponse {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  if (receiver === undefined || status >= 300) return { status, headers, body: bytes }
  receiver()(bytes)
  return { status, headers, body: new Uint8Array() }
}
