import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { EdgeContext } from '../../src/server/app.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { memoryLog } from '../work/memory-log.ts'
import { PUSH, SECRET, signedHeaders } from './signed-request.ts'

const context = (changes: Partial<EdgeContext> = {}): EdgeContext => ({
  secrets: [SECRET],
  repository: 'o/r',
  branch: () => 'main',
  inbox: openMemoryStore({ now: () => 0 }).inbox,
  log: memoryLog(),
  health: () => ({ status: 'ok' }),
  ...changes,
})

const post = (port: number, init: RequestInit) =>
  fetch(`http://127.0.0.1:${port}/webhooks/github`, { method: 'POST', ...init })

describe('listen()', () => {
  let servers: Listening[] = []

  const start = async (changes: Partial<EdgeContext> = {}, port = 0, grace = 2_000) => {
    const server = await listen({ context: context(changes), host: '127.0.0.1', port, grace })
    servers.push(server)
    return server
  }

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()))
    servers = []
  })

  test('serves the edge on a free port', async () => {
    const { port } = await start()
    expect(port).toBeGreaterThan(0)
    const response = await post(port, { body: PUSH, headers: signedHeaders({ body: PUSH }) })

    expect(response.status).toBe(202)
    expect(await response.json()).toEqual({ status: 'accepted', id: 1 })
    const health = await fetch(`http://127.0.0.1:${port}/healthz`)
    expect(health.status).toBe(200)
  })

  test('answers 413 by the length told, while the body has not come', async () => {
    const { port } = await start({ bodyLimit: 1_000 })
    const headers = { ...signedHeaders({ body: PUSH }), 'content-length': '1001' }
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest({ port, method: 'POST', path: '/webhooks/github', headers })
      request.on('response', (response) => {
        resolve(response.statusCode)
        request.destroy()
      })
      request.on('error', reject)
      request.flushHeaders()
    })

    expect(status).toBe(413)
  })

  test('ends a connection whose body it refused to read, and keeps the others', async () => {
    const { port } = await start({ bodyLimit: 1_000 })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const deliver = (body: string, headers: Record<string, string>) =>
      new Promise<string | undefined>((resolve, reject) => {
        const options = { port, agent, method: 'POST', path: '/webhooks/github', headers }
        const request = httpRequest(options, (response) => {
          response.resume().on('end', () => resolve(response.headers.connection))
        })
        request.on('error', reject).end(body)
      })
    const large = 'x'.repeat(2_000)
    expect(await deliver(large, signedHeaders({ body: large }))).toBe('close')
    expect(await deliver(PUSH, signedHeaders({ body: PUSH }))).toBe('keep-alive')
    agent.destroy()
  })

  test('answers 413 to a chunked body over the limit, and serves the next one', async () => {
    const { port } = await start({ bodyLimit: 100_000 })
    const body = new ReadableStream({
      start(controller) {
        for (let count = 0; count < 3; count += 1) controller.enqueue(new Uint8Array(50_000))
        controller.close()
      },
    })
    const headers = signedHeaders({ body: PUSH, headers: { 'content-length': null } })
    const response = await post(port, { body, duplex: 'half', headers })
    expect(response.status).toBe(413)

    const next = await post(port, { body: PUSH, headers: signedHeaders({ body: PUSH }) })
    expect(next.status).toBe(202)
  })

  test('takes a chunked body within the limit', async () => {
    const { port } = await start()
    const body = new Blob([PUSH]).stream()
    const headers = signedHeaders({ body: PUSH, headers: { 'content-length': null } })

    expect((await post(port, { body, duplex: 'half', headers })).status).toBe(202)
  })

  test('survives a client that breaks off in the body', async () => {
    const { port } = await start()
    const headers = Object.entries(signedHeaders({ body: PUSH }))
    const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(`POST /webhooks/github HTTP/1.1\r\nhost: x\r\n${head}\r\n{"ref"`)
        setTimeout(() => socket.destroy(), 30)
      })
      socket.on('close', () => resolve())
    })

    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  })

  test('names the address and the remedy when it is taken', async () => {
    const { port } = await start()
    await expect(start({}, port)).rejects.toMatchObject({
      name: 'MagosError',
      code: 'configuration',
      message: expect.stringContaining(`127.0.0.1:${port}`),
      remedy: expect.stringContaining('MD_LISTEN'),
    })
  })

  test('close() lets what is under way end, and takes nothing new', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    const asked = Promise.withResolvers<void>()
    const accept = () => {
      asked.resolve()
      return promise
    }
    const server = await start({ inbox: { accept } })
    const answer = post(server.port, { body: PUSH, headers: signedHeaders({ body: PUSH }) })
    await asked.promise
    const closed = server.close()
    await expect(fetch(`http://127.0.0.1:${server.port}/healthz`)).rejects.toThrow('fetch failed')
    resolve(9)

    expect(await (await answer).json()).toEqual({ status: 'accepted', id: 9 })
    const answered = Date.now()
    await closed
    expect(Date.now() - answered).toBeLessThan(1_000)
  })

  test('close() cuts what does not end, within its grace', async () => {
    const server = await start({}, 0, 200)
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await new Promise((resolve) => void socket.once('connect', resolve))
    socket.write('POST /webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n')
    // connections are taken in their order: once a later one is served, the socket is the server's
    await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).text()
    const begun = Date.now()
    await server.close()
    const took = Date.now() - begun

    expect(took).toBeGreaterThanOrEqual(190)
    expect(took).toBeLessThan(1_500)
    await server.close()
  })
})
