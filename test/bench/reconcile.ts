import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Context } from '../../handlers/context.ts'
import { revisionPushed } from '../../handlers/revision-pushed.ts'
import { createRemoteSource } from '../../src/adapters/git/remote-source.ts'
import { createStackFiles } from '../../src/adapters/stack-files/stack-files.ts'
import { createHttp } from '../../src/host/http.ts'
import { createRunChild } from '../../src/host/process.ts'
import type { Source } from '../../src/ports.ts'
import { createWorld, type World } from '../handlers/world.ts'
import { serveGit } from '../lab/git-http.ts'
import type { BenchContext } from './context.ts'
import { quantile } from './statistics.ts'
import { milliseconds, type Table } from './table.ts'

const STACKS = 200
const ROUNDS = 20

/** A pass over 200 stacks that finds nothing to do: what it asks, and what it takes beside what it asks. */
export async function benchReconcile({ ground, signal }: BenchContext): Promise<Table[]> {
  const served = await serveRepository(ground)
  const http = createHttp()
  try {
    const log = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => log }
    const source = createRemoteSource({
      url: served.url,
      branch: 'main',
      directory: join(ground, 'clones'),
      token: null,
      http,
      log,
    })
    const files = createStackFiles({
      root: join(ground, 'stacks'),
      directories: {},
      run: createRunChild({ environment: process.env }),
      log,
    })
    const world = createWorld({})
    const waits: Waits = { head: 0 }
    const ctx: Context = { ...world.ctx, log, files, source: timed(source, waits) }
    await reconcile(ctx, signal)
    return [await measure({ ctx, world, waits, served }, signal)]
  } finally {
    await http.close()
    await served.close()
  }
}

function ignore(): void {
  // A bench has no use for what is logged.
}

/** ms that were waited for others. */
interface Waits {
  head: number
}

interface Reconciling {
  readonly ctx: Context
  readonly world: World
  readonly waits: Waits
  readonly served: Served
}

async function measure(
  { ctx, world, waits, served }: Reconciling,
  signal: AbortSignal,
): Promise<Table> {
  const beyond: number[] = []
  for (let round = 0; round < 2 * ROUNDS; round += 1) {
    served.requests = 0
    waits.head = 0
    world.machine.calls.length = 0
    const begun = performance.now()
    await reconcile(ctx, signal)
    beyond.push(performance.now() - begun - waits.head)
  }
  const warm = beyond.slice(ROUNDS)
  const calls = world.machine.calls
  return {
    title: `A pass over ${STACKS} stacks with nothing to do`,
    columns: ['', `median of ${ROUNDS}`, 'slowest'],
    rows: [
      [
        'beyond ls-refs and the engine',
        milliseconds(quantile(warm, 0.5)),
        milliseconds(Math.max(...warm)),
      ],
      ['requests to git', String(served.requests), ''],
      ['engine queries', String(calls.filter((call) => call === 'observe').length), ''],
      [
        'other engine and provider calls',
        String(calls.filter((call) => call !== 'observe').length),
        '',
      ],
    ],
    notes: ['The repository is served over HTTP; engine and provider are in memory.'],
  }
}

async function reconcile(ctx: Context, signal: AbortSignal): Promise<void> {
  const { answer } = await revisionPushed(ctx, { kind: 'revision-pushed' }, signal)
  const bad = answer.deployments.filter(
    ({ outcome }) => outcome !== 'succeeded' && outcome !== 'unchanged',
  )
  if (answer.deployments.length !== STACKS || bad.length > 0) {
    throw new Error(`Expected ${STACKS} good stacks: ${JSON.stringify(bad.slice(0, 3))}`)
  }
}

function timed(source: Source, waits: Waits): Source {
  return {
    ...source,
    async head(signal) {
      const begun = performance.now()
      const revision = await source.head(signal)
      waits.head += performance.now() - begun
      return revision
    },
  }
}

interface Served {
  readonly url: string
  requests: number
  close(): Promise<void>
}

async function serveRepository(ground: string): Promise<Served> {
  const work = join(ground, 'work')
  await writeStacks(work)
  const git = (...args: string[]) => execa('git', ['-C', work, ...args])
  const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost']
  await git('init', '-q', '-b', 'main')
  await git('add', '-A')
  await git(...who, 'commit', '-q', '-m', 'feat: two hundred stacks')
  await execa('git', ['clone', '-q', '--bare', work, join(ground, 'served/homelab.git')])
  const serve = serveGit({ root: join(ground, 'served'), authorize: () => 'anonymous' })
  const server = createServer((request, response) => {
    served.requests += 1
    void serve(request, response)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  const served: Served = {
    url: `http://127.0.0.1:${address.port}/homelab.git`,
    requests: 0,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
  return served
}

async function writeStacks(work: string): Promise<void> {
  for (let stack = 0; stack < STACKS; stack += 1) {
    const directory = join(work, `stack-${stack}`)
    await mkdir(join(directory, 'config'), { recursive: true })
    await writeFile(join(directory, 'compose.yaml'), composeFile(stack))
    await writeFile(join(directory, 'app.env'), `STACK=${stack}\n`)
    await writeFile(join(directory, 'config/app.conf'), `listen ${8000 + stack}\n`)
  }
}

function composeFile(stack: number): string {
  const digest = stack.toString(16).padStart(64, '0')
  return `services:
  app:
    image: ghcr.io/o/app-${stack}:1.2.3@sha256:${digest}  # {"magos": {"policy": "semver", "range": "^1"}}
    env_file: app.env
    restart: unless-stopped
    ports:
      - '${8000 + stack}:8080'
    volumes:
      - ./config:/etc/app:ro
      - ./data:/data
  cache:
    image: ghcr.io/o/cache:7.2@sha256:${digest}
    restart: unless-stopped
`
}
