import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { MagosError } from '../domain/error.ts'
import { createEdge, type Edge } from './app.ts'
import type { EdgeContext } from './context.ts'

export interface ListenOptions {
  readonly edge?: Edge
  readonly context: EdgeContext
  readonly host: string
  /** 0 for one that is free. */
  readonly port: number
  /** ms that requests under way have to end when it closes; default 2,000. */
  readonly grace?: number
}

export interface Listening {
  readonly port: number
  /** Takes nothing new, lets what is under way end, and cuts what has not within the grace. */
  close(): Promise<void>
}

/** ms that a client may take for its headers, and for its whole request. */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
}

/** Serves the edge over HTTP. Throws `configuration` when the address cannot be had. */
export async function listen({
  edge = createEdge(),
  context,
  host,
  port,
  grace = 2_000,
}: ListenOptions): Promise<Listening> {
  const listener = getRequestListener((request) => edge.fetch(request, context))
  const server = createServer(TIMEOUTS, (incoming, outgoing) => void listener(incoming, outgoing))
  await bind(server, host, port)
  server.on('error', (error) => context.log.error({}, `HTTP server: ${error.message}`))
  return { port: portOf(server.address()), close: () => close(server, grace) }
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  try {
    await promise
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new MagosError('configuration', `Listen on "${host}:${port}": ${words}`, {
      cause,
      remedy: 'Set MD_LISTEN to a free address of this machine, as host:port',
    })
  } finally {
    server.off('error', reject)
  }
}

async function close(server: Server, grace: number): Promise<void> {
  if (!server.listening) return
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  // A connection that is kept alive is idle only once its last answer has left.
  const sweep = setInterval(() => server.closeIdleConnections(), 20)
  const cut = setTimeout(() => server.closeAllConnections(), grace)
  await promise
  clearInterval(sweep)
  clearTimeout(cut)
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}
