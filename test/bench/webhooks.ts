import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { BenchContext } from './context.ts'
import { BODY, makeDeliveries } from './deliveries.ts'
import type { Form } from './forms.ts'
import { inHome, makeQuietHome } from './ground.ts'
import { runLoad, type Load } from './load.ts'
import { median, quantile } from './statistics.ts'
import { startSubject } from './subject.ts'
import { megabytes, ratio, type Table } from './table.ts'
import { computedBy, memoryOf } from './usage.ts'

const CONNECTIONS = 32
const ROUNDS = 3
const ROUND = 3_000
const WARM_UP = 1_000

interface Receiver {
  readonly name: string
  readonly pid: number
  readonly port: number
  readonly data: string
  readonly loads: Load[]
  /** ms that it computed in each round. */
  readonly computed: number[]
  stop(): Promise<void>
}

/** Signed deliveries accepted durably, beside a route that only checks their HMAC; in turns, on the same machine. */
export async function benchWebhooks({ ground, forms, signal }: BenchContext): Promise<Table[]> {
  const secret = randomBytes(16).toString('hex')
  const home = await makeQuietHome(ground, secret)
  const deliveries = makeDeliveries(secret)
  await using running = new AsyncDisposableStack()
  const receivers: Receiver[] = []
  for (const name of ['bare', 'release', 'source'] as const) {
    const receiver = await startReceiver(name, home, forms[name], ground)
    receivers.push(running.adopt(receiver, (one) => one.stop()))
  }
  const send = (port: number, ms: number) =>
    runLoad({ port, deliveries, connections: CONNECTIONS, ms, signal })
  for (const { port } of receivers) await send(port, WARM_UP)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { pid, port, loads, computed } of receivers) {
      signal.throwIfAborted()
      const before = computedBy(pid)
      loads.push(await send(port, ROUND))
      computed.push(computedBy(pid) - before)
    }
  }
  for (const receiver of receivers) checkStored(receiver)
  return [table(receivers, await syncTimes(ground))]
}

async function startReceiver(
  name: string,
  home: Form['env'],
  form: Form,
  ground: string,
): Promise<Receiver> {
  const data = join(ground, `webhooks-${name}`)
  const subject = await startSubject(inHome(home, form, data))
  return { name, data, loads: [], computed: [], ...subject }
}

/** An answer of 202 counts only where the delivery lies in the file. Rows are kept until many more came. */
function checkStored({ name, data, loads }: Receiver): void {
  if (name === 'bare') return
  const database = new DatabaseSync(join(data, 'magos.db'), { readOnly: true })
  const row = database.prepare('SELECT max(id) AS stored FROM inbox').get()
  database.close()
  const accepted = loads.reduce((total, load) => total + load.accepted, 0)
  if (!(Number(row?.['stored']) >= accepted)) {
    throw new Error(`${name} answered 202 to ${accepted} and stored ${String(row?.['stored'])}`)
  }
}

/** ms that this disk takes to make a page of a log durable: nobody who stores can answer sooner. */
async function syncTimes(ground: string): Promise<readonly number[]> {
  await using file = await open(join(ground, 'synced'), 'a')
  const page = Buffer.alloc(4096)
  const times: number[] = []
  for (let count = 0; count < 100; count += 1) {
    await file.write(page)
    const begun = performance.now()
    await file.datasync()
    times.push(performance.now() - begun)
  }
  return times
}

const NAMES: Readonly<Record<string, string>> = {
  bare: 'bare Hono route, HMAC only (floor)',
  release: 'release, durable',
  source: 'source, durable',
}

/** µs that each delivery was computed on. */
function costs({ loads, computed }: Receiver): readonly number[] {
  return loads.map(({ accepted }, index) => ((computed[index] ?? NaN) * 1000) / accepted)
}

function table(receivers: readonly Receiver[], syncs: readonly number[]): Table {
  const perSecond = ({ loads }: Receiver) =>
    median(loads.map(({ accepted, ms }) => (accepted * 1000) / ms))
  const [floor] = receivers.map(perSecond)
  return {
    title: `Signed webhooks of ${BODY / 1000} KB, ${CONNECTIONS} connections`,
    columns: ['', 'a second', '', 'computed each', 'p50', 'p99', 'refused', 'peak memory'],
    rows: receivers.map((receiver) => {
      const latencies = receiver.loads.flatMap((load) => load.latencies)
      const refused = receiver.loads.reduce((total, load) => total + load.refused, 0)
      return [
        NAMES[receiver.name] ?? receiver.name,
        String(Math.round(perSecond(receiver))),
        ratio(perSecond(receiver), floor ?? NaN),
        `${Math.round(median(costs(receiver)))} µs`,
        `${quantile(latencies, 0.5).toFixed(1)} ms`,
        `${quantile(latencies, 0.99).toFixed(1)} ms`,
        String(refused),
        megabytes(memoryOf(receiver.pid).peak),
      ]
    }),
    notes: [
      `Medians of ${ROUNDS} rounds of ${ROUND / 1000} s, in turns; the goal is 0.6 of the floor. Half are pushes, half images; all are stored on disk.`,
      `The disk took ${quantile(syncs, 0.5).toFixed(1)} ms (p99 ${quantile(syncs, 0.99).toFixed(1)} ms) to make a page durable; a group of deliveries waits for that once.`,
      'The whole daemon runs: what waits when it looks at its inbox is worked off as one run, so a flood costs few of them.',
    ],
  }
}
