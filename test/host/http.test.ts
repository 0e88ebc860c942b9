import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import {
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { MagosError } from '../../src/domain/error.ts'
import { isConnectionReset } from '../../src/host/http-failure.ts'
import { targetOf } from '../../src/host/target.ts'
import { createHttp, type Http, type HttpOptions } from '../../src/host/http.ts'
import type { HttpRequest } from '../../src/host/http-exchange.ts'
import { labAuthority, labCertificate } from '../lab/registry/tls.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

function open(options?: HttpOptions): Http {
  const http = createHttp(options)
  closing.push(() => http.close())
  return http
}

async function listen(server: TcpServer): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  return `127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`
}

async function serve(listener: RequestListener): Promise<URL> {
  return new URL(`http://${await listen(createServer(listener))}/a/b?token=planted-secret`)
}

// Waits for the question: an answer before it would be a connection cut.
function garbled(): TcpServer {
  return createTcpServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'))
  })
}

const answerNothing: RequestListener = (_request, response) => void response.end()

function ofSize(bytes: number) {
  return { headers: { 'x-size': String(bytes) } }
}

function ask(http: Http, url: URL, more: Partial<HttpRequest> = {}) {
  return http.request({
    target: targetOf(url),
    maxBody: 1000,
    signal: AbortSignal.timeout(5000),
    ...more,
  })
}

async function failure(promise: Promise<unknown>): Promise<MagosError> {
  return promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (thrown: MagosError) => thrown,
  )
}

it('request() returns status, joined headers and bytes, and follows no redirect', async () => {
  const url = await serve((request, response) => {
    response.setHeader('www-authenticate', ['Basic realm="a"', 'Bearer realm="b"'])
    response.setHeader('Location', '/elsewhere')
    response.writeHead(302).end(`${request.method} ${request.headers['user-agent']}`)
  })
  const response = await ask(open(), url)
  expect(response.status).toBe(302)
  expect(response.headers).toMatchObject({
    'www-authenticate': 'Basic realm="a", Bearer realm="b"',
    location: '/elsewhere',
  })
  expect(Buffer.from(response.body).toString()).toBe('GET magos-dominus')
})

it('request() sends method, headers and body', async () => {
  const url = await serve((request, response) => {
    request.pipe(
      response.setHeader('x-seen', `${request.method} ${String(request.headers['x-a'])}`),
    )
  })
  const headers = { 'x-a': '1' }
  const response = await ask(open(), url, { method: 'POST', headers, body: 'hello' })
  expect(response.headers['x-seen']).toBe('POST 1')
  expect(Buffer.from(response.body).toString()).toBe('hello')
})

it('request() counts the body while it comes, whatever its length was said to be', async () => {
  const url = await serve((request, response) => {
    const size = Number(request.headers['x-size'])
    response.write(Buffer.alloc(size - 1))
    response.end('x')
  })
  expect((await ask(open(), url, ofSize(1000))).body).toHaveLength(1000)
  expect(await failure(ask(open(), url, ofSize(1001)))).toMatchObject({
    code: 'protocol',
    message: expect.stringContaining('larger than 1000 bytes'),
  })
})

it('request() cuts the body of an error instead of refusing it', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(404).end(Buffer.alloc(100_000, 'x'))
  })
  const response = await ask(open(), url)
  expect(response.status).toBe(404)
  expect(response.body.byteLength).toBeLessThanOrEqual(1000)
  const generous = await ask(open(), url, { maxBody: 1_000_000 })
  expect(generous.body.byteLength).toBeLessThanOrEqual(65_536)
})

it('request() gives the body of a good answer to its receiver alone, within the same bounds', async () => {
  const url = await serve((request, response) => {
    const size = Number(request.headers['x-size'])
    response.writeHead(size === 404 ? 404 : 200)
    response.write('a')
    setImmediate(() => response.end(Buffer.alloc(size - 1, 'b')))
  })
  const received: string[][] = []
  const receiver = () => {
    const pieces: string[] = []
    received.push(pieces)
    return (chunk: Uint8Array) => void pieces.push(Buffer.from(chunk).toString())
  }
  const http = open()
  const good = await ask(http, url, { ...ofSize(1000), receiver })
  expect(good.body).toHaveLength(0)
  expect(received).toHaveLength(1)
  expect(received.flat().join('')).toBe('a'.padEnd(1000, 'b'))
  expect(received.flat().length).toBeGreaterThan(1)
  expect((await ask(http, url, { ...ofSize(404), receiver })).body).toHaveLength(404)
  expect(received).toHaveLength(1)
  expect(await failure(ask(http, url, { ...ofSize(1001), receiver }))).toMatchObject({
    message: expect.stringContaining('larger than 1000 bytes'),
  })
  expect(received[1]?.join('').length).toBeLessThanOrEqual(1000)
})

it('request() opens eight connections to a host at the most, and takes them again', async () => {
  let connections = 0
  const server = createServer(answerNothing).on('connection', () => (connections += 1))
  const url = new URL(`http://${await listen(server)}/`)
  const http = open()
  const askInTurn = async () => {
    for (let time = 0; time < 4; time += 1) await ask(http, url)
  }
  await Promise.all(Array.from({ length: 20 }, askInTurn))
  expect(connections).toBe(8)
})

it('request() keeps the connections of HEADs', async () => {
  let connections = 0
  const server = createServer(answerNothing).on('connection', () => (connections += 1))
  const url = new URL(`http://${await listen(server)}/`)
  const http = open()
  for (let time = 0; time < 6; time += 1) await ask(http, url, { method: 'HEAD' })
  // The first is free again only a moment after its answer.
  expect(connections).toBeLessThanOrEqual(2)
})

it('request() takes no body that came with the answer to a HEAD for the next answer', async () => {
  const planted = 'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nplanted'
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (asked) => {
      const isHead = String(asked).startsWith('HEAD')
      const body = isHead ? planted : 'true'
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    })
  })
  const url = new URL(`http://${await listen(server)}/`)
  const http = open()
  for (let time = 0; time < 4; time += 1) {
    expect((await ask(http, url, { method: 'HEAD' })).body).toHaveLength(0)
    expect(Buffer.from((await ask(http, url)).body).toString()).toBe('true')
  }
})

it('request() gives up after its time, also when the body never ends', async () => {
  const silent = await serve(() => undefined)
  const endless = await serve((_request, response) => response.write('x'))
  for (const url of [silent, endless]) {
    const started = performance.now()
    const error = await failure(ask(open(), url, { timeout: 100 }))
    expect(error).toMatchObject({ code: 'network', message: expect.stringContaining('0.1 s') })
    expect(performance.now() - started).toBeLessThan(2000)
  }
})

it('request() cuts the connection of what it gave up', async () => {
  const { promise: cut, resolve } = Promise.withResolvers<void>()
  const { promise: asked, resolve: arrive } = Promise.withResolvers<void>()
  const url = await serve((request) => {
    request.socket.on('close', () => resolve())
    arrive()
  })
  const controller = new AbortController()
  const given = failure(ask(open(), url, { signal: controller.signal }))
  await asked
  controller.abort(new Error('enough'))
  await given
  await expect(cut).resolves.toBeUndefined()
})

it('request() sends nothing for a signal that has aborted', async () => {
  let asked = 0
  const url = await serve((_request, response) => {
    asked += 1
    response.end()
  })
  const http = open()
  await ask(http, url)
  const reason = new Error('enough')
  await expect(ask(http, url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(asked).toBe(1)
})

it('request() rejects with the reason of its signal', async () => {
  const url = await serve(() => undefined)
  const reason = new Error('enough')
  const controller = new AbortController()
  const asked = ask(open(), url, { signal: controller.signal })
  setTimeout(() => controller.abort(reason), 20)
  await expect(asked).rejects.toBe(reason)
  await expect(ask(open(), url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

it('request() says why there was no exchange, and never quotes the query', async () => {
  const refused = await serve(() => undefined)
  await Promise.all(closing.splice(0).map((close) => close()))
  const cut = await serve((request) => request.socket.resetAndDestroy())
  const garbage = new URL(`http://${await listen(garbled())}`)
  const named = new URL('http://name.invalid/')
  const cases: readonly (readonly [URL, MagosError['code'], RegExp])[] = [
    [refused, 'network', /connection refused/],
    [cut, 'network', /connection was cut/],
    [garbage, 'protocol', /no HTTP/],
    [named, 'network', /name/],
  ]
  for (const [url, code, message] of cases) {
    const error = await failure(ask(open(), url))
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(error.message).toContain(`"GET ${url.origin}`)
    expect(error.message).not.toContain('planted-secret')
    expect(isConnectionReset(error)).toBe(url === cut)
  }
})

it('request() trusts an extra authority, and no stranger', async () => {
  const server = createTlsServer(labCertificate, (_request, response) => response.end('well'))
  const url = new URL(`https://${await listen(server)}`)
  const error = await failure(ask(open(), url))
  expect(error).toMatchObject({ code: 'network', message: expect.stringContaining('certificate') })
  expect(error.remedy).toBeDefined()
  const response = await ask(open({ ca: [labAuthority] }), url)
  expect(Buffer.from(response.body).toString()).toBe('well')
})

it('request() says that a port speaks no TLS', async () => {
  const url = await serve((_request, response) => response.end())
  const error = await failure(ask(open(), new URL(`https://${url.host}`)))
  expect(error.code).toBe('network')
  expect(error.message).toMatch(/TLS/)
})

it('request() speaks HTTP/2 where it is offered', async () => {
  const server = createSecureServer(
    { ...labCertificate, allowHTTP1: true },
    (request, response) => {
      response.end(request.httpVersion)
    },
  )
  const url = new URL(`https://${await listen(server)}`)
  const http = open({ ca: [labAuthority] })
  const answers = await Promise.all([1, 2, 3].map(() => ask(http, url)))
  for (const { body } of answers) expect(Buffer.from(body).toString()).toBe('2.0')
})

for (const address of [
  'http://169.254.169.254/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://[::ffff:169.254.169.254]/',
  'http://[fd00:ec2::254]/',
  'http://100.100.100.200/',
]) {
  it(`request() does not go to ${address}`, async () => {
    const error = await failure(ask(open(), new URL(address), { timeout: 1000 }))
    expect(error.message).toContain('metadata service')
  })
}

it('request() goes through the proxies of its settings, with their login', async () => {
  const seen: string[] = []
  const proxy: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    response.end('by proxy')
  })
  const target = createTlsServer(labCertificate, (_request, response) => response.end('by tunnel'))
  const behind = await listen(target)
  proxy.on('connect', (request, socket: Socket) => {
    seen.push(`${request.method} ${request.url}`)
    const [host = '', port = ''] = behind.split(':')
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  const address = await listen(proxy)
  const settings = {
    http: `http://user:pass@${address}/`,
    https: `http://${address}/`,
    bypass: ['direct.invalid'],
  }
  const http = open({ proxy: settings, ca: [labAuthority] })
  const plain = await ask(http, new URL('http://registry.invalid/v2/'))
  expect(Buffer.from(plain.body).toString()).toBe('by proxy')
  expect(seen).toEqual([`GET http://registry.invalid/v2/ Basic ${btoa('user:pass')}`])
  expect(await failure(ask(http, new URL('http://direct.invalid/')))).toMatchObject({
    code: 'network',
  })
  // The tunnel ends at a server whose certificate is not for that name, which is looked at once its authority is trusted.
  const error = await failure(ask(http, new URL('https://registry.invalid/v2/')))
  expect(error.code).toBe('network')
  expect(String(error)).toContain('ERR_TLS_CERT_ALTNAME_INVALID')
  expect(seen).toEqual([seen[0], 'CONNECT registry.invalid:443'])
})

it('fetch() uses the same connections, and close() cuts them', async () => {
  const url = await serve((_request, response) => response.end('fetched'))
  const http = createHttp()
  const response = await http.fetch(url)
  expect(await response.text()).toBe('fetched')
  const silent = await serve(() => undefined)
  const hanging = failure(ask(http, silent))
  setTimeout(() => void http.close(), 20)
  expect(await hanging).toMatchObject({ code: 'network' })
})

it('request() trusts certificates that were given for one host, there alone', async () => {
  const host = await listen(createTlsServer(labCertificate, answerNothing))
  const other = await listen(createTlsServer(labCertificate, answerNothing))
  const byPort = open({ authorities: { [host]: [labAuthority] } })
  expect((await ask(byPort, new URL(`https://${host}/`))).status).toBe(200)
  expect(await failure(ask(byPort, new URL(`https://${other}/`)))).toMatchObject({
    code: 'network',
    message: expect.stringContaining('certificate is not trusted'),
  })
  const byName = open({ authorities: { '127.0.0.1': [labAuthority] } })
  expect((await ask(byName, new URL(`https://${other}/`))).status).toBe(200)
  const both = open({ authorities: { [host]: [labAuthority], '127.0.0.1': [] } })
  expect((await ask(both, new URL(`https://${host}/`))).status).toBe(200)
})
