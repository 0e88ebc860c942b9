import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '../..')
/** What users start: the launcher, never npm. */
export const LAUNCHER = join(ROOT, 'src/cli/magos.sh')

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

/** A running `magos run`, seen from outside. */
export interface LabDaemon {
  readonly pid: number
  /** Every line so far; those that are no JSON have the level `raw`. */
  readonly lines: readonly LogLine[]
  /** The first line, past or to come, that fits. Rejects when the daemon ends or after `patience` ms. */
  line(fits: (line: LogLine) => boolean, patience?: number): Promise<LogLine>
  /** Called with each line as it comes. */
  onLine(listener: (line: LogLine) => void): void
  /** SIGTERM; how it ended and after how many ms. */
  stop(): Promise<{ readonly code: number | null; readonly after: number }>
  /** SIGKILL. */
  kill(): Promise<void>
}

export interface DaemonOptions {
  readonly cwd?: string
  /** What is started; default the launcher. */
  readonly command?: readonly string[]
}

/** Starts `magos run` with this environment and no other, and waits until it listens. */
export async function startDaemon(
  env: Readonly<Record<string, string>>,
  { cwd = '/', command = [LAUNCHER] }: DaemonOptions = {},
): Promise<LabDaemon> {
  const [program = LAUNCHER, ...args] = command
  const child = spawn(program, [...args, 'run'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const daemon = follow(child)
  try {
    await daemon.line(({ message }) => message.startsWith('Listening on'))
  } catch (error) {
    await daemon.kill()
    throw error
  }
  return daemon
}

function follow(child: ChildProcess): LabDaemon {
  const lines: LogLine[] = []
  const listeners = new Set<(line: LogLine) => void>()
  const ended = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  void ended.then(() => process.off('exit', kill))
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (text) => {
      const line = parseLine(text)
      lines.push(line)
      for (const listener of listeners) listener(line)
    })
  }
  return {
    pid: child.pid ?? 0,
    lines,
    onLine: (listener) => void listeners.add(listener),
    line: (fits, patience = 30_000) => waitFor({ child, lines, listeners }, fits, patience),
    async stop() {
      const before = performance.now()
      child.kill('SIGTERM')
      await ended
      return { code: child.exitCode, after: performance.now() - before }
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

interface Following {
  readonly child: ChildProcess
  readonly lines: readonly LogLine[]
  readonly listeners: Set<(line: LogLine) => void>
}

function waitFor(
  { child, lines, listeners }: Following,
  fits: (line: LogLine) => boolean,
  patience: number,
): Promise<LogLine> {
  const past = lines.find(fits)
  if (past !== undefined) return Promise.resolve(past)
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      finish()
      reject(new Error(`Wait for a line of the daemon: ${why}. It said:\n${told(lines)}`))
    }
    const timer = setTimeout(() => fail(`none came within ${patience} ms`), patience)
    const onExit = () => fail(`it ended with ${child.exitCode ?? child.signalCode}`)
    const listener = (line: LogLine) => {
      if (!fits(line)) return
      finish()
      resolve(line)
    }
    const finish = () => {
      clearTimeout(timer)
      listeners.delete(listener)
      child.off('close', onExit)
    }
    listeners.add(listener)
    child.once('close', onExit)
  })
}

function told(lines: readonly LogLine[]): string {
  return lines.map(({ level, message }) => `  ${level}: ${message}`).join('\n')
}

function parseLine(text: string): LogLine {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && 'level' in parsed && 'message' in parsed) {
      return { ...parsed, level: String(parsed.level), message: String(parsed.message) }
    }
  } catch {
    // The launcher and a crash of Node speak plain text.
  }
  return { level: 'raw', message: text }
}

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command of Magos to its end, started as users start it. */
export async function runMagos(
  args: readonly string[],
  { env, cwd = '/' }: { readonly env: Readonly<Record<string, string>>; readonly cwd?: string },
): Promise<CommandResult> {
  const child = spawn(LAUNCHER, [...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = [child.stdout, child.stderr].map(async (stream) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  })
  await once(child, 'close')
  return { code: child.exitCode, stdout: (await stdout) ?? '', stderr: (await stderr) ?? '' }
}

/** A port of loopback that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port to be had')
  return address.port
}
