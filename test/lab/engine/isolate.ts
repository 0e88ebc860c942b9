/**
 * Runs one command in network and mount namespaces of its own: `node isolate.ts -- COMMAND ARG…`, with the command's
 * exit code. Odd about build machines: the tests are root there, and root's podman writes bridges and firewall rules
 * into the machine. So root's engine suite and demo live under one `unshare -n -m` with its own loopback and a fresh
 * /run (which also hides a systemd that could not reach into the namespaces), and what the machine showed before must
 * be there afterwards, and nothing else. An ordinary user's podman has namespaces by itself: the command just runs.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Set for the command inside, so that root's engine refuses to start anywhere else. */
export const ISOLATED = 'MAGOS_LAB_ISOLATED'

/** Set where another one runs beside this one, and both use what podman makes once for all. */
export const LANE = 'MAGOS_LAB_LANE'

/** What root's podman writes to beside its configured places; covered by empty directories inside. */
const COVERED = ['/etc/containers/networks', '/var/lib/containers']
/** Podman's, and what the lab's docker is told. */
const CGROUPS = ['libpod_parent', 'magos-lab']
const PATIENCE = 3_000

/** Why no namespaces can be had here; null where they can, or where none are needed. */
export function isolationTrouble(): string | null {
  if (process.getuid?.() !== 0) return null
  const attempt = spawnSync('unshare', ['--net', '--mount', 'true'], { encoding: 'utf8' })
  if (attempt.error !== undefined) return `"unshare" cannot be run: ${attempt.error.message}`
  return attempt.status === 0 ? null : `root may not make namespaces here: ${attempt.stderr.trim()}`
}

/** Runs the command isolated; its exit code, or 1 where it left something behind. */
async function isolate(command: readonly string[]): Promise<number> {
  if (process.getuid?.() !== 0) return await runToEnd(command, {})
  const trouble = isolationTrouble()
  if (trouble !== null) {
    console.error(`Isolate the engine: ${trouble}`)
    return 1
  }
  const before = snapshot()
  const made = COVERED.filter((path) => mkdirSync(path, { recursive: true }) !== undefined)
  const self = [process.execPath, fileURLToPath(import.meta.url), '--inside', '--']
  const namespaces = ['unshare', '--net', '--mount', '--propagation', 'private', '--']
  const code = await runToEnd([...namespaces, ...self, ...command], {})
  const differences = compare(before, snapshot())
  for (const line of differences) console.error(`The machine differs from before: ${line}`)
  for (const path of made) removeEmpty(path)
  if (process.env[LANE] === undefined) removeEmptyCgroups()
  return code === 0 && differences.length > 0 ? 1 : code
}

/** Within the namespaces: makes them livable, runs the command, and ends what it left. */
async function inside(command: readonly string[]): Promise<number> {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  for (const directory of ['/run', ...COVERED]) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', directory])
  }
  mkdirSync('/run/lock', { recursive: true })
  const code = await runToEnd(command, { [ISOLATED]: '1', XDG_RUNTIME_DIR: undefined })
  const left = await leftovers()
  for (const { pid, name } of left) {
    console.error(`Left running by the command: ${name} (${pid})`)
    process.kill(pid, 'SIGKILL')
  }
  return code === 0 && left.length > 0 ? 1 : code
}

/** With our own terminal; signals are passed on, because only then the command can clean up. */
async function runToEnd(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  const pass = (signal: NodeJS.Signals) => void child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, pass)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 137)))
    })
  } finally {
    for (const signal of signals) process.off(signal, pass)
  }
}

/** Processes of our network namespace, and below them those of containers, that outlive their moment of grace. */
async function leftovers(): Promise<readonly Running[]> {
  const deadline = performance.now() + PATIENCE
  for (;;) {
    const left = processesInside()
    if (left.length === 0 || performance.now() > deadline) return left
    await sleep(100)
  }
}

interface Running {
  readonly pid: number
  readonly parent: number
  readonly name: string
  readonly network: string
}

function processesInside(): readonly Running[] {
  const all = readdirSync('/proc').flatMap((name) => runningProcess(name) ?? [])
  const here = readlinkSync('/proc/self/ns/net')
  const ours = new Set(all.filter((one) => one.network === here).map((one) => one.pid))
  for (let grown = -1; grown !== ours.size;) {
    grown = ours.size
    for (const one of all) if (ours.has(one.parent)) ours.add(one.pid)
  }
  return all.filter((one) => ours.has(one.pid) && one.pid !== process.pid)
}

function runningProcess(name: string): Running | null {
  if (!/^\d+$/.test(name)) return null
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return null
    return {
      pid: Number(name),
      parent: Number(fields[1]),
      name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
      network: readlinkSync(`/proc/${name}/ns/net`),
    }
  } catch {
    return null
  }
}

type Snapshot = Readonly<Record<string, readonly string[]>>

/** Links, firewall rules and containers of the machine outside. */
function snapshot(): Snapshot {
  return {
    link: links(),
    'firewall rule': ['iptables-save', 'ip6tables-save'].flatMap((tool) => rules(tool)),
    'podman container': existsSync('/var/lib/containers/storage')
      ? lines('podman', ['ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}}'])
      : [],
    'docker container': existsSync('/var/run/docker.sock')
      ? lines('docker', ['ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}}'])
      : [],
  }
}

function links(): readonly string[] {
  return lines('ip', ['-o', 'link']).map((line) => /^\d+: [^:]+/.exec(line)?.[0] ?? line)
}

/** Counters and the time of printing are no rules. */
function rules(tool: string): readonly string[] {
  return lines(tool, [])
    .filter((line) => !line.startsWith('#'))
    .map((line) => `${tool}: ${line.replace(/\[\d+:\d+\]/, '')}`)
}

function lines(command: string, args: readonly string[]): readonly string[] {
  const { stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return typeof stdout === 'string' ? stdout.split('\n').filter((line) => line !== '') : []
}

function compare(before: Snapshot, after: Snapshot): readonly string[] {
  const missing = (from: Snapshot, other: Snapshot, word: string) =>
    Object.entries(from).flatMap(([kind, all]) =>
      all
        .filter((one) => other[kind]?.includes(one) !== true)
        .map((one) => `${kind} ${word}: ${one}`),
    )
  return [missing(before, after, 'gone'), missing(after, before, 'new')].flat()
}

/** Engines make their cgroup and never remove it; it goes only where no process is in it. */
function removeEmptyCgroups(): void {
  const root = '/sys/fs/cgroup'
  const trees = existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : []
  for (const tree of [root, ...trees]) {
    for (const parent of CGROUPS) removeEmpty(join(tree, parent))
  }
}

function removeEmpty(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) removeEmpty(join(directory, entry.name))
    }
    rmdirSync(directory)
  } catch {
    // Not there, or somebody else's containers are in it.
  }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const command = words.slice(words.indexOf('--') + 1)
  process.exitCode = await (words[0] === '--inside' ? inside(command) : isolate(command))
}
