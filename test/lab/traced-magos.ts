import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const LAUNCHER = join(import.meta.dirname, '../../src/cli/magos.sh')

export interface TracedRun {
  readonly stdout: string
  readonly stderr: string
  /** Every program that was started, with all its arguments and its whole environment, a line each. */
  readonly programs: readonly string[]
}

export interface TraceOptions {
  readonly env: Readonly<Record<string, string>>
  /** Where strace writes. */
  readonly file: string
  /** A variable that a first program is started with, to prove that the trace would show it. */
  readonly proof: string
}

/**
 * Runs a command of Magos that prints one JSON line, and records every program that it and all below it start. What it
 * leaves running goes on, untraced.
 */
export async function traceMagos(
  args: readonly string[],
  { env, file, proof }: TraceOptions,
): Promise<TracedRun> {
  const script = 'PROOF="$1" /bin/true; shift; exec "$@"'
  const traced = ['/bin/sh', '-c', script, 'sh', proof, LAUNCHER, ...args]
  // By itself strace heeds no signal where it writes to a file.
  const flags = [
    '-I',
    '1',
    '-f',
    '-qq',
    '-e',
    'trace=execve',
    '-e',
    'signal=none',
    '-v',
    '-s',
    '65535',
  ]
  const child = spawn('strace', [...flags, '-o', file, ...traced], {
    cwd: '/',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8')
  })
  let stdout = ''
  for await (const chunk of child.stdout) {
    stdout += String(chunk)
    // Containers are below it and run on, so strace would never end by itself.
    if (stdout.endsWith('\n')) break
  }
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  const lines = (await readFile(file, 'utf8')).split('\n')
  return { stdout, stderr, programs: lines.filter((line) => line.includes('execve(')) }
}
