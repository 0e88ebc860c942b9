import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createPlainServer } from 'node:net'
import type { Server } from 'node:net'
import { createProber } from '../../src/adapters/probe/prober.ts'
import type { RunChild } from '../../src/host/process.ts'
import { createMemoryProber } from '../fakes/memory-prober.ts'
import { proberContract, type ProberHost } from './prober.ts'

proberContract('in memory', startMemory)
proberContract('real, with a stand-in for the engine', startReal)

function url(status: number): string {
  return `http://127.0.0.1/${status}`
}

async function startMemory(): Promise<ProberHost> {
  const prober = createMemoryProber()
  prober.answer('127.0.0.1:2', 'connection refused')
  for (const status of [302, 503]) prober.answer(url(status), `status ${status}, not 200 to 299`)
  prober.answer('http://127.0.0.1/silent', 'nothing within 0.2 s')
  prober.answer('false', 'exit code 1')
  const attempt: ProberHost['prober']['attempt'] = async (what, signal) => {
    // What is wanted of an answer the fake cannot know.
    if (what.kind === 'http' && what.status === 401) {
      prober.answer(what.url, what.url.endsWith('/401') ? null : 'status 200, not 401')
    }
    return prober.attempt(what, signal)
  }
  return await Promise.resolve({
    prober: { attempt },
    open: { host: '127.0.0.1', port: 1 },
    closed: { host: '127.0.0.1', port: 2 },
    url,
    silent: 'http://127.0.0.1/silent',
    container: 'c',
    stop: () => Promise.resolve(),
  })
}

/** Every program but `true` fails. */
const run: RunChild = (_command, [, , program]) =>
  Promise.resolve({
    outcome: 'exited',
    exitCode: program === 'true' ? 0 : 1,
    stdout: '',
    stderr: '',
    stdoutBytes: new Uint8Array(),
  })

async function startReal(): Promise<ProberHost> {
  const web = createServer((request, response) => {
    const status = Number(request.url?.slice(1))
    response.writeHead(status, status === 302 ? { location: '/200' } : {}).end('x'.repeat(100_000))
  })
  const silent = createPlainServer((socket) => void socket.resume())
  const closed = createPlainServer()
  const [webPort, silentPort, closedPort] = await Promise.all([web, silent, closed].map(listen))
  await close(closed)
  const patience = { network: 200, command: 200 }
  return {
    prober: createProber({ runtime: 'podman', run, patience }),
    open: { host: '127.0.0.1', port: webPort ?? 0 },
    closed: { host: '127.0.0.1', port: closedPort ?? 0 },
    url: (status) => `http://127.0.0.1:${webPort}/${status}`,
    silent: `http://127.0.0.1:${silentPort}/`,
    container: 'c',
    async stop() {
      web.closeAllConnections()
      await Promise.all([web, silent].map(close))
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
}
