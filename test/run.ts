/**
 * Runs the suites one after the other: `npm test`, `npm run test:long`, or `npm test -- unit` for some of them.
 * The last line is `N passed, N failed, N skipped` over all; the exit code says whether all is well.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'

import { RUNTIME } from './lab/engine/chosen.ts'
import { bringDocker } from './lab/engine/docker-programs.ts'
import { install } from './lab/engine/install.ts'
import { isolationTrouble, LANE } from './lab/engine/isolate.ts'
import { bringNewerRoot, newerPodman } from './lab/engine/newer-root.ts'
import { bringPodmanCompose } from './lab/engine/podman-compose.ts'
import { withinNewerRoot } from './lab/engine/within-newer-root.ts'
import { add, NOTHING, tally, tallyLine } from './tally.ts'
import type { Tally } from './tally.ts'

const ROOT = join(import.meta.dirname, '..')
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')
const ISOLATE = join(ROOT, 'test/lab/engine/isolate.ts')

/** Seconds that each suite may take on two cores. `newer` is the engine's suite on a newer podman, `docker` most of it on docker. */
const PURSES = { unit: 120, engine: 240, newer: 240, docker: 240, install: 60 } as const
type Suite = keyof typeof PURSES

/** Where none is named. */
const SUITES: Readonly<Record<Run['length'], readonly Suite[]>> = {
  short: ['unit', 'engine', 'install'],
  long: ['unit', 'engine', 'newer', 'docker', 'install'],
}

/** Containers are mostly waited for, so a third of the engine's files runs beside the others, each on a host of its own. */
const BESIDE = [
  ['local', 'loop', 'network', 'podman-compose', 'secrets'],
  ['engine', 'leak', 'rollback'],
].map((names) => names.map((name) => `test/engine/${name}.test.ts`))
/** What is about podman alone stays away. */
const ON_DOCKER = [
  ['compose', 'drift', 'engine', 'polling'],
  ['local', 'loop', 'network', 'rollback', 'secrets'],
].map((names) => names.map((name) => `test/engine/${name}.test.ts`))
const THIRDS = [...BESIDE, BESIDE.flat().map((file) => `--exclude=${file}`)]
const LANES: Readonly<Record<Suite, readonly (readonly string[])[]>> = {
  unit: [[]],
  engine: THIRDS,
  // docker is no other there
  newer: THIRDS.map((third) => third.concat('--exclude=test/engine/docker.test.ts')),
  docker: ON_DOCKER,
  install: [[]],
}

/** A suite that takes this many times its purse hangs. */
const PATIENCE = { short: 3, long: 30 } as const
const GRACE_MS = 15_000

interface Run {
  readonly length: keyof typeof PATIENCE
  readonly place: 'ci' | 'elsewhere'
  readonly folder: string
  readonly signal: AbortSignal
}

async function main(): Promise<number> {
  const { suites, length } = readArguments()
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupt.abort())
  }
  if (length === 'long') prepareLong()
  const folder = mkdtempSync(join(tmpdir(), 'magos-test-'))
  const place = process.env['CI'] === 'true' ? 'ci' : 'elsewhere'
  let total: Tally = NOTHING
  try {
    for (const suite of suites) {
      if (interrupt.signal.aborted) break
      const run: Run = { length, place, folder, signal: interrupt.signal }
      total = add(total, await runSuite(run, suite))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  console.log(tallyLine(total))
  if (interrupt.signal.aborted) return 130
  return total.failed === 0 ? 0 : 1
}

function readArguments() {
  const { values, positionals } = parseArgs({
    options: { long: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const known = Object.keys(PURSES).filter(isSuite)
  const unknown = positionals.find((name) => !isSuite(name))
  if (unknown !== undefined) {
    console.error(`Cannot run suite ${JSON.stringify(unknown)}: there are ${known.join(', ')}`)
    process.exit(2)
  }
  const suites = positionals.filter(isSuite)
  const length: Run['length'] = values.long ? 'long' : 'short'
  return { suites: suites.length > 0 ? suites : SUITES[length], length }
}

function isSuite(name: string): name is Suite {
  return Object.hasOwn(PURSES, name)
}

/** The seed is printed, so that a failure of a random order or value can be had again. */
function prepareLong(): void {
  const seed = process.env['MAGOS_SEED'] ?? String(randomInt(2 ** 31))
  process.env['MAGOS_SEED'] = seed
  process.env['MAGOS_LONG'] = '1'
  console.log(`Long form, seed ${seed}; the same again: MAGOS_SEED=${seed} npm run test:long`)
}

async function runSuite(run: Run, suite: Suite): Promise<Tally> {
  const absent = usesEngine(suite) ? await prepareEngine(run, suite) : null
  if (absent !== null) return tellAbsent(run, suite, absent)
  const started = performance.now()
  const lanes = LANES[suite].map((chosen, lane) => runVitest(run, suite, { lane, chosen }))
  const counted = (await Promise.all(lanes)).reduce(add, NOTHING)
  if (usesEngine(suite)) await tidyUp()
  const name = await nameOf(suite)
  const seconds = (performance.now() - started) / 1000
  const purse = PURSES[suite]
  const share = `${seconds.toFixed(1)} s, ${String(Math.round((100 * seconds) / purse))} % of ${String(purse)} s`
  console.log(`Suite ${name}: ${tallyLine(counted)} (${share})`)
  if (seconds > purse && run.length === 'short') console.log(`Suite ${name} IS OVER ITS PURSE`)
  return counted
}

function usesEngine(suite: Suite): boolean {
  return ['engine', 'newer', 'docker'].includes(suite)
}

async function nameOf(suite: Suite): Promise<string> {
  if (suite === 'docker') return 'engine on docker'
  return suite === 'newer' ? `engine on podman ${await newerPodman()}` : suite
}

/** Why the suite cannot run here; null where everything it needs is there by now. */
async function prepareEngine({ length }: Run, suite: Suite): Promise<string | null> {
  const result = await install({ consent: 'given', say: (line) => console.log(line) })
  if (result.outcome === 'missing') return `${result.missing.join(' ')} (${result.reason})`
  const docker = await bringDocker((line) => console.log(line))
  if (docker !== null) console.log(`SKIPPED: what needs docker, since ${docker}`)
  if (length === 'long') await bringVersions()
  const trouble = isolationTrouble()
  if (suite === 'docker' && docker !== null) return `a docker that can be started (${docker})`
  if (trouble !== null || suite !== 'newer') return trouble
  const reason = await bringNewerRoot((line) => console.log(line))
  return reason === null ? null : `a newer Debian with its podman (${reason})`
}

/** What cannot be had fails its own tests, and no others. */
async function bringVersions(): Promise<void> {
  try {
    await bringPodmanCompose()
  } catch (thrown) {
    console.log(`Versions of podman-compose are missing: ${String(thrown)}`)
  }
}

function tellAbsent({ place }: Run, suite: Suite, absent: string): Tally {
  const fate = place === 'ci' ? 'FAILED' : 'SKIPPED'
  console.log(`${fate}: suite ${suite} cannot run, since this machine lacks ${absent}`)
  return place === 'ci' ? { ...NOTHING, failed: 1 } : { ...NOTHING, skipped: 1 }
}

interface Lane {
  readonly lane: number
  /** Which of the suite's files. */
  readonly chosen: readonly string[]
}

async function runVitest(
  { length, folder, signal }: Run,
  suite: Suite,
  { lane, chosen }: Lane,
): Promise<Tally> {
  const report = join(folder, `${suite}-${lane}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const project = usesEngine(suite) ? 'engine' : suite
  const vitest = [VITEST, 'run', '--root', ROOT, '--project', project, ...reporters, ...chosen]
  const isolated = suite === 'newer' ? withinNewerRoot : (command: readonly string[]) => command
  const onNode = [process.execPath, ...vitest]
  const args = usesEngine(suite) ? [ISOLATE, '--', ...isolated(onNode)] : vitest
  const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: path,
      [LANE]: String(lane),
      ...(suite === 'docker' ? { [RUNTIME]: suite } : {}),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
    // a group of its own: a terminal's Ctrl-C comes to us alone, and we can end all of it
    detached: true,
  })
  const limit = PURSES[suite] * PATIENCE[length] * 1000
  const exitCode = await endOf(child, AbortSignal.any([signal, AbortSignal.timeout(limit)]))
  if (exitCode === null) console.log(`Suite ${suite} was ended before it was done`)
  return tally(readReport(report), exitCode)
}

/** What the lanes leave to whoever is the last. */
async function tidyUp(): Promise<void> {
  const child = spawn(process.execPath, [ISOLATE, '--', 'true'], { stdio: 'inherit' })
  await once(child, 'exit')
}

/** Its exit code; null where a signal ended it. Aborted, it may tidy up first. */
async function endOf(child: ChildProcess, signal: AbortSignal): Promise<number | null> {
  const { pid } = child
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    child.kill('SIGTERM')
    timer = setTimeout(() => endGroup(pid), GRACE_MS)
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    await once(child, 'exit')
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
  if (!signal.aborted) return child.exitCode
  endGroup(pid)
  return null
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // nobody of it is left
  }
}

function readReport(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

process.exitCode = await main()
