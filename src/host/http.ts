import type * as Undici from 'undici'
import { createAbortHub } from './abort-hub.ts'
import { type Authorities, type Connections, openConnections } from './connections.ts'
import { Exchange, type HttpRequest, type HttpResponse } from './http-exchange.ts'
import type { ProxySettings } from './proxy.ts'

export interface HttpOptions {
  readonly proxy?: ProxySettings
  /** PEM certificates that are trusted beside the usual ones. */
  readonly ca?: readonly string[]
  /** The same for single hosts, written as `host` or `host:port`. */
  readonly authorities?: Authorities
  readonly userAgent?: string
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
  const watchAbort = createAbortHub()
  const open = () => (opened ??= openConnections({ proxy, ca, authorities }))
  const exchange = (connections: Connections, request: HttpRequest) =>
    new Promise<HttpResponse>((resolve, reject) => {
      request.signal.throwIfAborted()
      new Exchange(request, watchAbort, resolve, reject).begin(connections, userAgent)
    })
  const openFirst = async (request: HttpRequest) => {
    request.signal.throwIfAborted()
    ready = await open()
    return exchange(ready, request)
  }
  return {
    request: (request) => (ready === undefined ? openFirst(request) : exchange(ready, request)),
    async fetch(input, init) {
      const connections = await open()
      return connections.fetch(input, {
        ...init,
        dispatcher: connections.to(new URL(input).origin),
      })
    },
    async close() {
      await (await opened)?.close()
    },
  }
}
