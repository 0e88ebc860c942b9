import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Form } from './forms.ts'
import { computedBy } from './usage.ts'

/** A server in a process of its own, once it said `Listening on http://…:PORT`. */
export interface Subject {
  readonly pid: number
  readonly port: number
  /** ms from the start of the process to that line, and how much of it the process computed. */
  readonly started: { readonly after: number; readonly computed: number }
  /** SIGTERM, and SIGKILL where that does not end it. */
  stop(): Promise<void>
}

const START_DEADLINE = 30_000
const STOP_DEADLINE = 10_000

/** With this environment and no other. Rejects with its last words when it ends before it listens. */
export async function startSubject({ command, env }: Form): Promise<Subject> {
  const [program = '', ...args] = command
  const begun = performance.now()
  const child = spawn(program, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] })
  const pid = child.pid ?? 0
  const ended = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async () => {
    child.kill('SIGTERM')
    const late = new AbortController()
    const hung = sleep(STOP_DEADLINE, 'hung', { signal: late.signal }).catch(() => 'ended')
    if ((await Promise.race([ended, hung])) === 'hung') kill()
    late.abort()
    await ended
    process.off('exit', kill)
  }

  const { promise, resolve, reject } = Promise.withResolvers<Subject>()
  let said = ''
  const read = (chunk: Buffer) => {
    said += chunk.toString()
    const port = /Listening on http:\/\/[^\s"]*:(\d+)/.exec(said)?.[1]
    if (port === undefined) return
    const started = { after: performance.now() - begun, computed: computedBy(pid) }
    // From now on only drained: to read its lines would cost the machine that is measured.
    child.stdout.off('data', read).resume()
    resolve({ pid, port: Number(port), started, stop })
  }
  child.stdout.on('data', read)
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-10_000)
  })
  child.once('error', reject)
  child.once('close', () => reject(new Error(`Start ${command.join(' ')}: it ended. ${said}`)))
  const timer = setTimeout(() => {
    reject(new Error(`Start ${command.join(' ')}: it does not listen. ${said}`))
    kill()
  }, START_DEADLINE)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}
