import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchContext } from './context.ts'
import type { Round } from './registry-round.ts'
import { median } from './statistics.ts'
import { megabytes, milliseconds, ratio, type Table } from './table.ts'

/** How many repositories, and how many warm rounds. Above the first size one of them has 10,000 tags. */
const SIZES = [
  { repositories: 20, rounds: 15 },
  { repositories: 30, rounds: 15 },
  { repositories: 300, rounds: 15 },
  { repositories: 3_000, rounds: 5 },
] as const
const SMALL = 20

/** Checks of a repository whose images are all current, beside one request a repository by a bare pool; in turns. */
export async function benchRegistries({ ground, signal }: BenchContext): Promise<Table[]> {
  const scripts = await bundle(ground)
  const rows: Row[] = []
  for (const { repositories, rounds } of SIZES) {
    await using running = new AsyncDisposableStack()
    const start = async (...args: Parameters<typeof startChild>) =>
      running.adopt(await startChild(...args), stop)
    const server = await start(scripts.server, [])
    const port = await server.line()
    const large = repositories > SMALL ? 0 : -1
    await traffic(port, `large=${large}&changed=-1`)
    const floor = await start(scripts.floor, [port, String(repositories)])
    const check = await start(scripts.check, [port, String(repositories)], await launcherFlags())
    const play = async (name: Row['name'], times: number) => {
      const row: Row = { name, repositories, ours: [], floor: [], traffic: [] }
      for (let time = 0; time < times; time += 1) {
        signal.throwIfAborted()
        row.floor.push(await playRound(floor))
        await traffic(port, '')
        row.ours.push(await playRound(check))
        row.traffic.push(await traffic(port, ''))
      }
      rows.push(row)
    }
    await play('cold', 1)
    await play('warm', rounds)
    await traffic(port, 'changed=5')
    await play('one changed', 1)
  }
  for (const row of rows) checkFound(row)
  return [table(rows)]
}

interface Traffic {
  readonly requests: number
  readonly bytes: number
}

interface Row {
  readonly name: 'cold' | 'warm' | 'one changed'
  readonly repositories: number
  readonly ours: Round[]
  readonly floor: Round[]
  readonly traffic: Traffic[]
}

/** Bundled as the release is, so that no figure holds the reading of TypeScript. */
async function bundle(directory: string) {
  const require = createRequire(import.meta.url)
  const rolldown = join(dirname(require.resolve('rolldown/package.json')), 'bin/cli.mjs')
  const made = async (script: string) => {
    const output = join(directory, basename(script, '.ts'))
    const options = ['--platform', 'node', '--format', 'esm', '--minify', '--log-level', 'warn']
    const file = [
      '--dir',
      output,
      '--entry-file-names',
      'main.mjs',
      '--chunk-file-names',
      '[hash].mjs',
    ]
    await promisify(execFile)(process.execPath, [rolldown, script, ...options, ...file])
    return join(output, 'main.mjs')
  }
  const [server, floor, check] = [
    await made(fileURLToPath(new URL('registry-server.ts', import.meta.url))),
    await made(fileURLToPath(new URL('registry-floor.ts', import.meta.url))),
    await made(fileURLToPath(new URL('registry-check.ts', import.meta.url))),
  ]
  return { server, floor, check }
}

interface Child {
  readonly process: ChildProcess
  readonly lines: Interface
  /** The next line that it says. */
  line(): Promise<string>
}

/** What the launcher gives Node on its way. */
async function launcherFlags(): Promise<readonly string[]> {
  const launcher = await readFile(new URL('../../src/cli/magos.sh', import.meta.url), 'utf8')
  return [
    ...(/^exec "\$node" (?<flags>.*)"\$entry"/m.exec(launcher)?.groups?.['flags'] ?? '').matchAll(
      /\S+/g,
    ),
  ].map(([flag]) => flag)
}

async function startChild(
  script: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<Child> {
  const child = spawn(process.execPath, [...flags, script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const said = lines[Symbol.asyncIterator]()
  return {
    process: child,
    lines,
    async line() {
      const { value, done } = await said.next()
      if (done === true) throw new Error(`"${script}" ended`)
      return value
    },
  }
}

async function stop({ process: child, lines }: Child): Promise<void> {
  lines.close()
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

async function playRound(child: Child): Promise<Round> {
  child.process.stdin?.write('round\n')
  const round: Round = JSON.parse(await child.line())
  return round
}

/** What the registry counted since it was asked last. */
async function traffic(port: string, query: string): Promise<Traffic> {
  const response = await fetch(`http://127.0.0.1:${port}/bench?${query}`)
  const counted: Traffic = JSON.parse(await response.text())
  return counted
}

/** A figure counts only for a check that found what there was. */
function checkFound({ name, repositories, ours }: Row): void {
  const wanted = { updates: name === 'one changed' ? 1 : 0, held: 0 }
  for (const { found } of ours) {
    if (found?.updates === wanted.updates && found.held === wanted.held) continue
    throw new Error(`The ${name} check of ${repositories} found ${JSON.stringify(found)}`)
  }
}

function table(rows: readonly Row[]): Table {
  return {
    title:
      'Registries: a check of a repository, beside one request a repository by a bare undici pool',
    columns: [
      'repositories',
      'requests',
      'received',
      'asking',
      'floor',
      'ratio',
      'computed',
      'floor',
      'ratio',
      'scanning',
      'peak',
      'floor',
      'ratio',
    ],
    rows: rows.map(tableRow),
    notes: [
      'Asking: from the first request to the last decision, with the semver policy. Medians; floor and check take turns, eight connections each.',
      'Fifty tags a repository; above 20 repositories one of them has 10,000, on ten pages (the floor reads the first).',
      'Computed: by the process itself while it asks, which no load of the machine changes much. Peak memory: so far.',
      'Targets: 1.3 × the time at 300, warm; 20 requests for 20; 1.4 × the memory at 20; under 200 MB at 3,000.',
    ],
  }
}

function tableRow({ name, repositories, ours, floor, traffic: counted }: Row): readonly string[] {
  const pair = (key: 'asking' | 'computed' | 'peak', print: (value: number) => string) => {
    const [mine, least] = [middle(ours, key), middle(floor, key)]
    return [print(mine), print(least), ratio(mine, least)]
  }
  return [
    `${repositories}, ${name}`,
    String(median(counted.map(({ requests }) => requests))),
    `${Math.round(median(counted.map(({ bytes }) => bytes)) / 1000)} kB`,
    ...pair('asking', milliseconds),
    ...pair('computed', milliseconds),
    milliseconds(middle(ours, 'scanning')),
    ...pair('peak', megabytes),
  ]
}

function middle(
  rounds: readonly Round[],
  key: 'asking' | 'computed' | 'scanning' | 'peak',
): number {
  return median(rounds.map((round) => round[key]))
}
