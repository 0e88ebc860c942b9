import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openBehindProxy } from '../../../src/adapters/probe/docker-proxy.ts'
import { openSilently } from '../../../src/adapters/probe/tcp.ts'

const { signal } = new AbortController()
const PATIENCE = 2_000

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mp-'))
  // A program of that name whose command line stays; it forwards nothing.
  await writeFile(join(directory, 'docker-proxy'), '#!/bin/sh\necho up\nread -r _\n')
  await chmod(join(directory, 'docker-proxy'), 0o755)
})
afterAll(async () => {
  await rm(directory, { recursive: true })
})

const behind = (port: number) => openBehindProxy({ host: '127.0.0.1', port }, PATIENCE, signal)

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  return port
}

async function startProxy(from: { host: string; port: number }, to: number): Promise<void> {
  const ends = ['-host-ip', from.host, '-host-port', String(from.port)]
  const container = ['-container-ip', '127.0.0.1', '-container-port', String(to)]
  const child = spawn(join(directory, 'docker-proxy'), ['-proto', 'tcp', ...ends, ...container])
  onTestFinished(async () => {
    child.stdin.end()
    await once(child, 'exit')
  })
  await once(child.stdout, 'data')
}

test('openBehindProxy() finds out what the proxy took for nobody', async () => {
  const [open, closed] = [await listen(createServer()), await closedPort()]
  await startProxy({ host: '0.0.0.0', port: 7 }, open)
  await startProxy({ host: '127.0.0.1', port: 9 }, closed)
  expect(await behind(7)).toBeNull()
  expect(await behind(9)).toBe('connection refused')
})

test('openBehindProxy() has nothing to say of a port of another address, or without a proxy', async () => {
  await startProxy({ host: '127.0.0.1', port: 9 }, await closedPort())
  expect(await openBehindProxy({ host: '127.0.0.2', port: 9 }, PATIENCE, signal)).toBeNull()
  expect(await behind(10)).toBeNull()
})

test.each([
  ['waits', () => createServer(), /^$/],
  ['speaks and hangs up', () => createServer((socket) => void socket.end('no\n')), /^$/],
  ['hangs up', () => createServer((socket) => void socket.end()), /^connection closed at once$/],
  ['breaks off', () => createServer((socket) => socket.resetAndDestroy()), /reset|closed/],
])('openSilently() judges who %s', async (_title, make, expected) => {
  const port = await listen(make())
  const said = await openSilently({ host: '127.0.0.1', port }, PATIENCE, signal)
  expect(said ?? '').toMatch(expected)
})

test('openSilently() says why nobody takes it', async () => {
  const port = await closedPort()
  expect(await openSilently({ host: '127.0.0.1', port }, PATIENCE, signal)).toBe(
    'connection refused',
  )
})
