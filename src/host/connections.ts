import { getCACertificates } from 'node:tls'
import type * as Undici from 'undici'
import { forbiddenAddress } from './http-failure.ts'
import { guardedLookup, isMetadataAddress, metadataAddresses } from './metadata-service.ts'
import { bareHost, proxyFor, type ProxySettings } from './proxy.ts'

/** PEM certificates by host. */
export type Authorities = Readonly<Record<string, readonly string[]>>

/** The ways out of this machine. */
export interface Connections {
  readonly fetch: typeof Undici.fetch
  /** By `URL.origin`. Throws `network` for the metadata service of a cloud machine. */
  to(origin: string): Undici.Dispatcher
  close(): Promise<void>
}

export interface Ways {
  readonly proxy: ProxySettings
  readonly ca: readonly string[]
  readonly authorities: Authorities
}

const connectTimeout = 10_000
const idleTimeout = 60_000
/** To one origin. Left to itself undici opens two for each request under way: one is free again only a moment after its answer. */
const connections = 8
/** Origins whose way out is remembered. */
const maxKnown = 1000

// undici costs 25 MB and 60 ms: whoever never asks the network never pays.
export async function openConnections({ proxy, ca, authorities }: Ways): Promise<Connections> {
  const undici = await import('undici')
  const metadata = metadataAddresses()
  const shared = { connections, headersTimeout: idleTimeout, bodyTimeout: idleTimeout }
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
    to(origin) {
      const before = known.get(origin)
      if (before !== undefined) return before
      const url = new URL(origin)
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
