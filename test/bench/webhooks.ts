import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Delivery, type Load, runLoad } from './load.ts'

/** One receiver's figures over all rounds. */
export interface WebhookFigures {
  readonly acceptedPerSecond: number
  readonly refused: number
  /** ms. */
  readonly p50: number
  readonly p99: number
  /** MB. */
  readonly peakMemory: number
}

export interface WebhookBench {
  readonly ours: WebhookFigures
  /** A bare Hono route that only checks the HMAC. */
  readonly floor: WebhookFigures
  /** Ours per second by the floor's. */
  readonly ratio: number
}

const CONNECTIONS = 32
const BODY = 25_000
const ROUNDS = 3
const ROUND = 1_300
const WARM_UP = 400

/** Signed deliveries of 25 KB, accepted durably, beside the floor: in turns, so that both meet the same machine. */
export async function benchWebhooks(): Promise<WebhookBench> {
  const secret = randomBytes(16).toString('hex')
  const [ours, floor] = await Promise.all([
    startReceiver('ours', secret),
    startReceiver('floor', secret),
  ])
  try {
    const deliveries = Array.from({ length: 64 }, (_, index) => makeDelivery(secret, index))
    const loads: { readonly ours: Load[]; readonly floor: Load[] } = { ours: [], floor: [] }
    const run = (port: number, ms: number) =>
      runLoad({ port, path: '/webhooks/github', deliveries, connections: CONNECTIONS, ms })
    for (const { port } of [floor, ours]) await run(port, WARM_UP)
    for (let round = 0; round < ROUNDS; round += 1) {
      loads.floor.push(await run(floor.port, ROUND))
      loads.ours.push(await run(ours.port, ROUND))
    }
    const figures = { ours: summarise(loads.ours, ours), floor: summarise(loads.floor, floor) }
    const ratio = figures.ours.acceptedPerSecond / figures.floor.acceptedPerSecond
    print(figures.ours, figures.floor, ratio)
    return { ...figures, ratio }
  } finally {
    await Promise.all([ours, floor].map(stop))
  }
}

interface Receiver {
  readonly child: ChildProcess
  readonly port: number
}

async function startReceiver(kind: 'ours' | 'floor', secret: string): Promise<Receiver> {
  const script = fileURLToPath(new URL('webhook-server.ts', import.meta.url))
  // The log goes to a device that takes everything; the port comes on stdout.
  const child = spawn(process.execPath, [script, kind, secret], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(child.stdout, 'data')
  return { child, port: Number(String(line)) }
}

async function stop({ child }: Receiver): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/** A push of many commits, laid out as GitHub's are: what counts stands before the commits. */
function makeDelivery(secret: string, index: number): Delivery {
  const api = 'https://api.github.com/repos/octo/homelab'
  const links = ['forks', 'keys', 'hooks', 'events', 'branches', 'tags', 'commits', 'merges']
  const repository = {
    id: 1,
    full_name: 'octo/homelab',
    owner: { login: 'octo', url: 'https://api.github.com/users/octo' },
    ...Object.fromEntries(links.map((name) => [`${name}_url`, `${api}/${name}{/id}`])),
  }
  const commit = {
    id: 'c'.repeat(40),
    message: 'Update the web stack to version 1.2.4 of its image',
    author: { name: 'Octo', email: 'octo@example.com', username: 'octo' },
    added: ['web/compose.yaml'],
    removed: [],
    modified: ['db/compose.yaml', 'README.md'],
  }
  const commits = Array.from({ length: 80 }, () => commit)
  const after = index.toString(16).padStart(40, '0')
  const push = { ref: 'refs/heads/main', after, repository, commits }
  const missing = BODY - JSON.stringify({ ...push, padding: '' }).length
  const body = Buffer.from(JSON.stringify({ ...push, padding: 'x'.repeat(missing) }))
  return {
    body,
    headers: {
      'user-agent': 'GitHub-Hookshot/0',
      'content-type': 'application/json',
      'content-length': String(body.length),
      'x-github-event': 'push',
      'x-github-delivery': `72d3162e-cc78-11e3-81ab-${after.slice(-12)}`,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
  }
}

function summarise(loads: readonly Load[], { child }: Receiver): WebhookFigures {
  const latencies = loads.flatMap((load) => load.latencies).toSorted((a, b) => a - b)
  const quantile = (part: number) => latencies[Math.floor(latencies.length * part)] ?? 0
  const accepted = sum(loads.map((load) => load.accepted))
  return {
    acceptedPerSecond: (accepted * 1_000) / sum(loads.map(({ ms }) => ms)),
    refused: sum(loads.map(({ refused }) => refused)),
    p50: quantile(0.5),
    p99: quantile(0.99),
    peakMemory: peakMemory(child.pid ?? 0),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The most that the process ever had resident, in MB; 0 where no /proc tells. */
function peakMemory(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024
  } catch {
    return 0
  }
}

function print(ours: WebhookFigures, floor: WebhookFigures, ratio: number): void {
  const row = (name: string, figures: WebhookFigures) =>
    [
      name.padEnd(32),
      `${Math.round(figures.acceptedPerSecond)}/s`.padStart(8),
      `p50 ${figures.p50.toFixed(1)} ms`.padStart(12),
      `p99 ${figures.p99.toFixed(1)} ms`.padStart(13),
      `peak ${Math.round(figures.peakMemory)} MB`.padStart(12),
    ].join('  ')
  console.log(`Signed webhooks of ${BODY / 1_000} KB over ${CONNECTIONS} connections`)
  console.log(row('ours, durable', ours))
  console.log(row('bare Hono route, HMAC only', floor))
  console.log(`ratio ${ratio.toFixed(2)} (at least 0.6)`)
}
