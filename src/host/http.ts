import { getCACertificates } from 'node:tls'
import type * as Undici from 'undici'
import { exchangeFailed, forbiddenAddress, timedOut, tooLarge } from './http-failure.ts'
import { guardedLookup, isMetadataAddress, metadataAddresses } from './metadata-service.ts'
import { bareHost, proxyFor, type ProxySettings } from './proxy.ts'

export interface HttpOptions {
  readonly proxy?: ProxySettings
  /** PEM certificates that are trusted beside the usual ones. */
  readonly ca?: readonly string[]
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
const direct: ProxySettings = { http: null, https: null, bypass: [] }

/** Nothing is loaded or opened before the first request. */
export function createHttp({
  proxy = direct,
  ca = [],
  userAgent = 'magos-dominus',
}: HttpOptions = {}): Http {
  let opened: Promise<Connections> | undefined
  const open = () => (opened ??= openConnections(proxy, ca))
  return {
    async request(request) {
      const { timeout = 30_000, signal } = request
      signal.throwIfAborted()
      const deadline = startDeadline(timeout, signal)
      try {
        return await exchange(await open(), request, userAgent, deadline.signal)
      } catch (thrown) {
        if (signal.aborted) throw signal.reason
        throw deadline.signal.aborted
          ? timedOut(request, timeout, thrown)
          : exchangeFailed(request, thrown)
      } finally {
        deadline.clear()
      }
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
  readonly request: typeof Undici.request
  readonly fetch: typeof Undici.fetch
  to(url: URL): Undici.Dispatcher
  close(): Promise<void>
}

// undici costs 25 MB and 60 ms: whoever never asks the network never pays.
async function openConnections(proxy: ProxySettings, ca: readonly string[]): Promise<Connections> {
  const undici = await import('undici')
  const metadata = metadataAddresses()
  const tls = ca.length === 0 ? {} : { ca: [...getCACertificates('default'), ...ca] }
  const shared = { headersTimeout: idleTimeout, bodyTimeout: idleTimeout }
  const agent = new undici.Agent({
    ...shared,
    connect: { ...tls, timeout: connectTimeout, lookup: guardedLookup(metadata) },
  })
  const proxies = new Map<string, Undici.Dispatcher>()
  return {
    request: undici.request,
    fetch: undici.fetch,
    to(url) {
      const host = bareHost(url)
      if (isMetadataAddress(metadata, host)) throw forbiddenAddress(host)
      const uri = proxyFor(proxy, url)
      if (uri === null) return agent
      const known = proxies.get(uri)
      if (known !== undefined) return known
      const made = new undici.ProxyAgent({
        ...shared,
        uri,
        connectTimeout,
        requestTls: tls,
        proxyTls: tls,
      })
      proxies.set(uri, made)
      return made
    },
    async close() {
      await Promise.all([agent, ...proxies.values()].map((dispatcher) => dispatcher.destroy()))
    },
  }
}

async function exchange(
  connections: Connections,
  { method = 'GET', url, headers = {}, body, maxBody, timeout = 30_000 }: HttpRequest,
  userAgent: string,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const response = await connections.request(url, {
    dispatcher: connections.to(url),
    method,
    headers: { 'user-agent': userAgent, ...headers },
    body: body ?? null,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    signal,
  })
  const status = response.statusCode
  const isError = status >= 400
  const limit = isError ? Math.min(maxBody, maxErrorBody) : maxBody
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > limit) {
      if (!isError) throw tooLarge({ method, url }, maxBody)
      break
    }
    chunks.push(chunk)
  }
  return { status, headers: flatten(response.headers), body: Buffer.concat(chunks) }
}

function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined)
      flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

function startDeadline(timeout: number, signal: AbortSignal) {
  const controller = new AbortController()
  const abort = () => controller.abort(signal.reason)
  const timer = setTimeout(() => controller.abort(), timeout)
  signal.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    },
  }
}
