import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Access, type AccessOptions, createAccess } from './access.ts'
import { answerDistribution, type DistributionOptions } from './distribution.ts'
import { createFaultPlan, type Fault, type FaultPlan } from './fault.ts'
import type { LabAnswer, LabRequest } from './message.ts'
import { createStore } from './store.ts'

export interface LabRegistryOptions extends Partial<AccessOptions>, Partial<DistributionOptions> {
  /** PEM texts; without them it speaks plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Default: any free one. */
  readonly port?: number
}

export interface LoggedRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly status: number
  readonly authorization: 'none' | 'basic' | 'bearer' | 'other'
  readonly userAgent: string
}

/** An OCI registry in this process, on loopback. */
export interface LabRegistry {
  /** As an image reference names it: `127.0.0.1:PORT`. */
  readonly host: string
  readonly url: URL
  readonly faults: FaultPlan
  readonly access: Access
  /** Every request since the start or the last `forget`, tokens included. */
  log(): readonly LoggedRequest[]
  /** Bytes of bodies sent. */
  bytes(): number
  forget(): void
  close(): Promise<void>
}

const maxBody = 512 * 1024 * 1024

export async function startRegistry(options: LabRegistryOptions = {}): Promise<LabRegistry> {
  const { tls, port = 0 } = options
  const store = createStore()
  const faults = createFaultPlan()
  const access = createAccess(accessOptions(options))
  const distribution = distributionOptions(options)
  let log: LoggedRequest[] = []
  let bytes = 0

  const server = tls === undefined ? createServer() : createTlsServer(tls)
  server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
    serve(incoming, response).catch(() => response.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port to listen on')
  const host = `127.0.0.1:${address.port}`
  const url = new URL(`${tls === undefined ? 'http' : 'https'}://${host}`)

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming, url)
    const target = incoming.url ?? '/'
    const fault = faults.take(request.method, target)
    if (fault?.delay !== undefined) await sleep(fault.delay)
    const answer = fault?.answer ?? answerOf(request)
    const status = fault?.cut === 'reset' ? 0 : answer.status
    log.push(describe(request, target, status))
    bytes += send(response, request.method, answer, fault?.cut)
  }

  function answerOf(request: LabRequest): LabAnswer {
    if (request.path === '/token') return access.token(request)
    return access.check(request, url.origin) ?? answerDistribution(store, distribution, request)
  }

  return {
    host,
    url,
    faults,
    access,
    log: () => log,
    bytes: () => bytes,
    forget() {
      log = []
      bytes = 0
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function accessOptions({
  kind = 'anonymous',
  users = {},
  anonymous = 'nothing',
  post = 'known',
  expiresIn = 300,
  challenge = (text) => text,
  now = Date.now,
}: LabRegistryOptions): AccessOptions {
  return { kind, users, anonymous, post, expiresIn, challenge, now }
}

function distributionOptions({
  pageSize,
  order = 'lexical',
  digestHeader = 'sent',
}: LabRegistryOptions): DistributionOptions {
  return { pageSize, order, digestHeader }
}

async function readRequest(incoming: IncomingMessage, origin: URL): Promise<LabRequest> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBody) throw new Error('Body too large for the lab')
    chunks.push(chunk)
  }
  const { pathname, searchParams } = new URL(incoming.url ?? '/', origin)
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const method = incoming.method ?? 'GET'
  return { method, path: pathname, query: searchParams, headers, body: Buffer.concat(chunks) }
}

function describe({ method, headers }: LabRequest, path: string, status: number): LoggedRequest {
  const [scheme = ''] = (headers['authorization'] ?? '').toLowerCase().split(' ')
  const known = scheme === 'basic' || scheme === 'bearer' ? scheme : 'other'
  const authorization = scheme === '' ? 'none' : known
  return { method, path, status, authorization, userAgent: headers['user-agent'] ?? '' }
}

function send(
  response: ServerResponse,
  method: string,
  { status, headers = {}, body = '' }: LabAnswer,
  cut: Fault['cut'],
): number {
  if (cut === 'reset') {
    response.socket?.resetAndDestroy()
    return 0
  }
  const content = Buffer.from(body)
  // What has no body must not promise one: https://www.rfc-editor.org/rfc/rfc9110#section-8.6
  const length = [204, 304].includes(status) ? {} : { 'content-length': String(content.byteLength) }
  response.writeHead(status, {
    'docker-distribution-api-version': 'registry/2.0',
    ...length,
    ...headers,
  })
  if (method === 'HEAD' || content.byteLength === 0) {
    response.end()
    return 0
  }
  if (cut === 'truncate') {
    const half = content.subarray(0, Math.ceil(content.byteLength / 2))
    response.write(half, () => response.socket?.destroy())
    return half.byteLength
  }
  response.end(content)
  return content.byteLength
}
