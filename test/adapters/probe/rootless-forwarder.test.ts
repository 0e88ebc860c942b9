import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createProber } from '../../../src/adapters/probe/prober.ts'
import { scriptedRun } from '../engine/scripted-run.ts'

const { signal } = new AbortController()

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** This process listens, so it takes the forwarder's name for a while. */
function callOurselves(name: string): void {
  const { title } = process
  onTestFinished(() => {
    process.title = title
  })
  process.title = name
  expect(readFileSync('/proc/self/comm', 'utf8')).toBe(`${name}\n`)
}

const hangingUp = () => createServer((socket) => setTimeout(() => socket.end(), 400))
const waiting = () => createServer()

test.each([
  ['rootlessport', 'hangs up', hangingUp, 'connection closed at once'],
  ['pasta.avx2', 'hangs up', hangingUp, 'connection closed at once'],
  ['rootlessport', 'waits', waiting, null],
  ['somebody', 'hangs up', hangingUp, null],
])('attempt() of a port that %s holds, which %s', async (name, _what, make, expected) => {
  const port = await listen(make())
  callOurselves(name)
  const prober = createProber({ runtime: 'podman', run: scriptedRun(() => undefined).run })
  for (const kind of ['published', 'tcp'] as const) {
    expect(await prober.attempt({ kind, host: '127.0.0.1', port }, signal)).toBe(expected)
  }
})
