/** A webhook receiver in a process of its own: `node webhook-server.ts ours|floor SECRET`. Prints its port. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { Webhooks } from '@octokit/webhooks'
import { Hono } from 'hono'

const [, , kind = '', secret = ''] = process.argv

/** What nobody can do without: read the body, check its HMAC with the same library, answer. */
async function serveFloor(): Promise<number> {
  const app = new Hono()
  const webhooks = new Webhooks({ secret })
  app.post('/webhooks/github', async (c) => {
    const signature = c.req.header('x-hub-signature-256') ?? ''
    const fits = await webhooks.verify(await c.req.text(), signature)
    return fits ? c.json({ status: 'accepted' }, 202) : c.json({ status: 'refused' }, 401)
  })
  const listener = getRequestListener((request) => app.fetch(request))
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The daemon's own edge, log, store and dispatcher; only the handler does nothing. */
async function serveOurs(): Promise<number> {
  const [{ createLog }, { openStore }, { listen }, { startDispatch }] = await Promise.all([
    import('../../src/adapters/log/log.ts'),
    import('../../src/adapters/store/store.ts'),
    import('../../src/server/listen.ts'),
    import('../../src/work/dispatch.ts'),
  ])
  const directory = mkdtempSync(join(tmpdir(), 'magos-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true }))
  const { inbox } = openStore({ path: join(directory, 'magos.db'), now: Date.now })
  const log = createLog({ format: 'json', destination: process.stderr, redact: () => [secret] })
  startDispatch({
    inbox,
    log,
    clock: { now: Date.now, sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    signal: new AbortController().signal,
    handle: async () => ({ answer: null, followUps: [], next: 'done' }),
  })
  const { port } = await listen({
    host: '127.0.0.1',
    port: 0,
    context: {
      secrets: [secret],
      repository: 'octo/homelab',
      branch: () => 'main',
      inbox,
      log,
      health: () => ({ status: 'ok' }),
    },
  })
  return port
}

process.on('SIGTERM', () => process.exit(0))
console.log(kind === 'ours' ? await serveOurs() : await serveFloor())
