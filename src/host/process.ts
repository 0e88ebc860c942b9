import type { ChildProcess } from 'node:child_process'
import { statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { MagosError } from '../domain/error.ts'
import { endGroup, startTimeOf } from './process-group.ts'

/** How a child is run. The environment is the scrubbed one plus `env`; nothing else of ours reaches it. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** ms until the child's whole process group is ended; default 60,000; `Infinity` for never. */
  readonly timeout?: number
  /** Bytes of stdout and of stderr kept; what is beyond is cut; default 16 MiB. */
  readonly maxOutput?: number
  readonly signal: AbortSignal
}

export interface ChildResult {
  /** `absent`: there is no such program. Only `exited` has an exit code. */
  readonly outcome: 'exited' | 'killed' | 'timed-out' | 'cancelled' | 'absent'
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** stdout as bytes, for what is not text. */
  readonly stdoutBytes: Uint8Array
}

/** Runs one child to its end. A non-zero exit is an answer, never thrown. No shell is ever involved. */
export type RunChild = (
  command: string,
  args: readonly string[],
  options: RunOptions,
) => Promise<ChildResult>

/** Which process a child was. A pid is used again by the system; pid and start time together are not. */
export interface ChildIdentity {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: ticks between boot and the start of the process. */
  readonly startTime: number
}

/** Told of every child, so that a next start can end what this one left running. Calls are not awaited. */
export interface ChildJournal {
  /** Before anything of the child is read. Throwing here ends the child. */
  started(pid: number, startTime: number, command: string): void
  ended(pid: number): void
}

export interface RunChildContext {
  /** This process's own environment; children get DESIGN's share of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly journal?: ChildJournal
  /** ms between TERM and KILL; default 5,000. */
  readonly grace?: number
}

const INHERITED: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'XDG_RUNTIME_DIR',
  'CONTAINER_HOST',
  'DOCKER_HOST',
  'DOCKER_CONFIG',
  'REGISTRY_AUTH_FILE',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  ...['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'].flatMap((name) => [
    name,
    name.toUpperCase(),
  ]),
])

const GRACE = 5_000
/** ms that output may still arrive after the exit: a grandchild can keep the pipe open for ever. */
const DRAIN = 1_000

/**
 * Children in process groups of their own, ended wholly (TERM, then KILL) on time-out or abort. Resolves for every
 * end of the child; throws `internal` only when the machine cannot start it (no such working directory, no memory).
 */
export function createRunChild({ environment, journal, grace = GRACE }: RunChildContext): RunChild {
  const inherited = childEnvironment(environment)
  return async (command, args, options) => {
    if (options.signal.aborted) return unstarted('cancelled')
    const { execa } = await import('execa')
    const child = execa(command, [...args], {
      env: { ...inherited, ...options.env },
      extendEnv: false,
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    })
    const { pid } = child
    if (pid === undefined) return notStarted(command, options.cwd, await child)
    const { nodeChildProcess, stdout, stderr } = child
    return await follow({
      child: nodeChildProcess,
      stdout,
      stderr,
      pid,
      command,
      options,
      journal,
      grace,
    })
  }
}

/** The variables that a child inherits: DESIGN.md's list, and nothing else of ours. */
export function childEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue
    if (INHERITED.has(name) || name.startsWith('CONTAINERS_')) kept[name] = value
  }
  return kept
}

/**
 * Ends the children that a dead process left behind, with their groups; returns those that were still alive. A pid
 * that now belongs to somebody else, told by its start time, is spared.
 */
export async function endLeftovers<Entry extends ChildIdentity>(
  entries: readonly Entry[],
  { grace = GRACE }: { readonly grace?: number } = {},
): Promise<readonly Entry[]> {
  const alive = entries.filter((entry) => startTimeOf(entry.pid) === entry.startTime)
  await Promise.all(alive.map((entry) => endGroup(entry.pid, grace)))
  return alive
}

interface Following {
  readonly child: ChildProcess
  readonly stdout: Readable
  readonly stderr: Readable
  readonly pid: number
  readonly command: string
  readonly options: RunOptions
  readonly journal: ChildJournal | undefined
  readonly grace: number
}

async function follow(following: Following): Promise<ChildResult> {
  const { child, pid, command, options, journal, grace } = following
  const { maxOutput = 16 << 20 } = options
  const stdout = collect(following.stdout, maxOutput)
  const stderr = collect(following.stderr, maxOutput)
  const exit = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  try {
    journal?.started(pid, startTimeOf(pid) ?? 0, command)
  } catch (thrown) {
    await endGroup(pid, grace)
    throw thrown
  }
  const supervision = supervise(pid, options, grace)
  const exitCode = await exit
  const end = await supervision.stop()
  await drained([stdout, stderr])
  journal?.ended(pid)
  const outcome = end ?? (exitCode === null ? 'killed' : 'exited')
  const bytes = stdout.bytes()
  return {
    outcome,
    exitCode: outcome === 'exited' ? exitCode : null,
    stdout: bytes.toString('utf8'),
    stderr: stderr.bytes().toString('utf8'),
    stdoutBytes: bytes,
  }
}

type End = 'timed-out' | 'cancelled'

/** Ends the group at the time-out or the abort, whichever comes first, until `stop` says that the child is gone. */
function supervise(pid: number, { timeout = 60_000, signal }: RunOptions, grace: number) {
  let ending: { readonly why: End; readonly gone: Promise<void> } | null = null
  const end = (why: End) => {
    ending ??= { why, gone: endGroup(pid, grace) }
  }
  const abort = () => end('cancelled')
  const timer = Number.isFinite(timeout) ? setTimeout(end, timeout, 'timed-out') : undefined
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return {
    async stop(): Promise<End | null> {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      await ending?.gone
      return ending?.why ?? null
    },
  }
}

interface Collected {
  readonly closed: Promise<void>
  bytes(): Buffer
  cut(): void
}

/** Keeps the first bytes and reads on, so that a child never blocks on a full pipe. */
function collect(stream: Readable, limit: number): Collected {
  const chunks: Buffer[] = []
  let room = limit
  stream.on('data', (chunk: Buffer) => {
    if (room === 0) return
    const kept = chunk.subarray(0, room)
    room -= kept.length
    chunks.push(kept)
  })
  // A pipe that breaks has said all it will say.
  stream.on('error', () => undefined)
  return {
    closed: new Promise((resolve) => void stream.once('close', resolve)),
    bytes: () => Buffer.concat(chunks),
    cut: () => stream.destroy(),
  }
}

async function drained(outputs: readonly Collected[]): Promise<void> {
  const timer = setTimeout(() => outputs.forEach((output) => output.cut()), DRAIN)
  await Promise.all(outputs.map((output) => output.closed))
  clearTimeout(timer)
}

function unstarted(outcome: 'cancelled' | 'absent'): ChildResult {
  return { outcome, exitCode: null, stdout: '', stderr: '', stdoutBytes: new Uint8Array() }
}

/** No such program is an answer; anything else that keeps a child from starting is thrown. */
function notStarted(command: string, cwd: string | undefined, cause: unknown): ChildResult {
  if (cwd !== undefined && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new MagosError('internal', `Run "${command}" in "${cwd}": there is no such directory`, {
      cause,
    })
  }
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return unstarted('absent')
  throw new MagosError('internal', `Run "${command}": the machine cannot start it`, { cause })
}
