import { getCACertificates } from 'node:tls'
import type * as Undici from 'undici'
import type { MagosError } from '../domain/error.ts'
import { createAbortHub, type WatchAbort } from './abort-hub.ts'
import { exchangeFailed, forbiddenAddress, timedOut, tooLarge } from './http-failure.ts'
import { guardedLookup, isMetadataAddress, metadataAddresses } from './metadata-service.ts'
import { bareHost, proxyFor, type ProxySettings } from './proxy.ts'

/** PEM certificates by host. */
export type Authorities = Readonly<Record<string, readonly string[]>>

export interface HttpOptions {
  readonly proxy?: ProxySettings
  /** PEM certificates that are trusted beside the usual ones. */
  readonly ca?: readonly string[]
  /** The same for single hosts, written as `host` or `host:port`. */
  readonly authorities?: Authorities
  readonly userAgent?: string
}

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Bytes of the answer's body that are taken; a larger one is refused, or cut where the status is an error's. */
  readonly maxBody: number
  /** ms for the whole exchange; default 30,000. */
  readonly timeout?: number
  readonly signal: AbortSignal
}

export interface HttpResponse {
  readonly status: number
  /** Lower-case names; a header that came several times is joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** The one way out of this machine: proxy, extra certificates and time-outs are the same for everyone. */
export interface Http {
  /** One exchange; redirects are answers, not followed. Throws `network` where there was none, `protocol` for a body too large. */
  request(request: HttpRequest): Promise<HttpResponse>
  /** The standard's fetch over the same connections, for libraries that want one; follows redirects, bounds nothing. */
  fetch(input: string | URL, init?: Undici.RequestInit): Promise<Undici.Response>
  /** Cuts every connection. */
  close(): Promise<void>
}

const maxErrorBody = 64 * 1024
const connectTimeout = 10_000
const idleTimeout = 60_000
/** Origins whose way out is remembered. */
const maxKnown = 1000
const direct: ProxySettings = { http: null, https: null, bypass: [] }

/** Nothing is loaded or opened before the first request. */
export function createHttp({
  proxy = direct,
  ca = [],
  authorities = {},
  userAgent = 'magos-dominus',
}: HttpOptions = {}): Http {
  let opened: Promise<Connections> | undefined
  let ready: Connections | undefined
  const manner = { userAgent, watchAbort: createAbortHub() }
  const open = () => (opened ??= openConnections(proxy, ca, authorities))
  return {
    async request(request) {
      request.signal.throwIfAborted()
      ready ??= await open()
      request.signal.throwIfAborted()
      return exchange(ready, request, manner)
    },
    async fetch(input, init) {
      const connections = await open()
      return connections.fetch(input, { ...init, dispatcher: connections.to(new URL(input)) })
    },
    async close() {
      await (await opened)?.close()
    },
  }
}

interface Connections {
  readonly fetch: typeof Undici.fetch
  to(url: URL): Undici.Dispatcher
  close(): Promise<void>
}

// undici costs 25 MB and 60 ms: whoever never asks the network never pays.
async function openConnections(
  proxy: ProxySettings,
  ca: readonly string[],
  authorities: Authorities,
): Promise<Connections> {
  const undici = await import('undici')
  const metadata = metadataAddresses()
  const shared = { headersTimeout: idleTimeout, bodyTimeout: idleTimeout }
  const made = new Map<string, Undici.Dispatcher>()
  const known = new Map<string, Undici.Dispatcher>()

  /** One for every way out: a proxy or none, with the certificates that count there. */
  function dispatcherFor(uri: string | null, more: readonly string[]): Undici.Dispatcher {
    const way = JSON.stringify([uri, more])
    const before = made.get(way)
    if (before !== undefined) return before
    const trusted = [...ca, ...more]
    const tls = trusted.length === 0 ? {} : { ca: [...getCACertificates('default'), ...trusted] }
    const dispatcher =
      uri === null
        ? new undici.Agent({
            ...shared,
            connect: { ...tls, timeout: connectTimeout, lookup: guardedLookup(metadata) },
          })
        : new undici.ProxyAgent({ ...shared, uri, connectTimeout, requestTls: tls, proxyTls: tls })
    made.set(way, dispatcher)
    return dispatcher
  }

  return {
    fetch: undici.fetch,
    to(url) {
      const { origin } = url
      const before = known.get(origin)
      if (before !== undefined) return before
      const host = bareHost(url)
      if (isMetadataAddress(metadata, host)) throw forbiddenAddress(host)
      const more = authorities[url.host] ?? authorities[host] ?? []
      const dispatcher = dispatcherFor(proxyFor(proxy, url), more)
      if (known.size >= maxKnown) known.clear()
      known.set(origin, dispatcher)
      return dispatcher
    },
    async close() {
      await Promise.all([...made.values()].map((dispatcher) => dispatcher.destroy()))
    },
  }
}

interface Manner {
  readonly userAgent: string
  readonly watchAbort: WatchAbort
}

// A handler of our own instead of undici's request(): a stream for every small answer costs more than all else here.
function exchange(
  connections: Connections,
  { method = 'GET', url, headers = {}, body, maxBody, timeout = 30_000, signal }: HttpRequest,
  { userAgent, watchAbort }: Manner,
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  const answer = collectAnswer({ method, url }, maxBody, resolve)
  let control: Undici.Dispatcher.DispatchController | undefined
  let ended: unknown
  const end = (thrown: unknown) => {
    ended ??= thrown
    settle()
    // First: to abort it calls back at once, with words of its own.
    reject(thrown)
    control?.abort(asError(thrown))
  }
  const abort = () => end(signal.reason)
  const timer = setTimeout(() => end(timedOut({ method, url }, timeout, null)), timeout)
  const endWatch = watchAbort(signal, abort)
  const settle = () => {
    clearTimeout(timer)
    endWatch()
  }
  const request = {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: { 'user-agent': userAgent, ...headers },
    body: body ?? null,
    headersTimeout: timeout,
    bodyTimeout: timeout,
  }
  try {
    connections.to(url).dispatch(request, {
      onRequestStart(controller) {
        control = controller
        if (ended !== undefined) controller.abort(asError(ended))
      },
      onResponseStart: (_controller, status, received) => answer.start(status, received),
      onResponseData(controller, chunk) {
        const verdict = answer.take(chunk)
        if (verdict === 'more') return
        if (verdict !== 'enough') reject(verdict)
        settle()
        // What follows is not wanted, so that this connection ends here.
        controller.abort(new Error('Enough was read'))
      },
      onResponseEnd() {
        settle()
        answer.end()
      },
      onResponseError(_controller, error) {
        settle()
        reject(exchangeFailed({ method, url }, error))
      },
    })
  } catch (thrown) {
    settle()
    reject(exchangeFailed({ method, url }, thrown))
  }
  return promise
}

/** The parts of an answer as they come, bounded. */
function collectAnswer(
  asked: { readonly method: string; readonly url: URL },
  maxBody: number,
  resolve: (response: HttpResponse) => void,
) {
  const chunks: Uint8Array[] = []
  let size = 0
  let status = 0
  let headers: Readonly<Record<string, string>> = {}
  const end = () => {
    const [only = new Uint8Array()] = chunks
    resolve({ status, headers, body: chunks.length < 2 ? only : Buffer.concat(chunks) })
  }
  return {
    start(code: number, received: Readonly<Record<string, string | string[] | undefined>>) {
      status = code
      headers = flatten(received)
    },
    /** `enough`: an error's body is cut, and the answer is told. */
    take(chunk: Uint8Array): 'more' | 'enough' | MagosError {
      const isError = status >= 400
      size += chunk.byteLength
      if (size <= (isError ? Math.min(maxBody, maxErrorBody) : maxBody)) {
        chunks.push(chunk)
        return 'more'
      }
      if (!isError) return tooLarge(asked, maxBody)
      end()
      return 'enough'
    },
    end,
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('The exchange was ended', { cause: thrown })
}

// Names are in lower case already.
function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'string') flat[name] = value
    else if (value !== undefined) flat[name] = value.join(', ')
  }
  return flat
}
