import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export interface DockerRegistryOptions {
  /** Lines of an htpasswd file, bcrypt only; without it everybody is let in. `labHtpasswd` is one. */
  readonly htpasswd?: string
  /** Default: any free one. */
  readonly port?: number
}

/** Debian's real docker-registry on loopback. */
export interface DockerRegistry {
  readonly host: string
  readonly url: URL
  readonly pid: number
  close(): Promise<void>
}

/** A login for `startDockerRegistry`, with its htpasswd line (bcrypt at its lowest cost). */
export const labLogin = { username: 'lab', password: 'correct-horse-battery' } as const
export const labHtpasswd = 'lab:$2b$04$CZZn3rsjtiKqQmbqKYauUOax91YgVBWCY/4E9oHPZlJxQy9hI6O6W\n'

const binary = '/usr/bin/docker-registry'
const startTime = 10_000
const stopTime = 5_000

export async function dockerRegistryInstalled(): Promise<boolean> {
  try {
    await access(binary, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Resolves when it listens; its files lie in a temporary directory that `close` removes. */
export async function startDockerRegistry({
  htpasswd,
  port = 0,
}: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'magos-registry-'))
  const config = join(directory, 'config.json')
  if (htpasswd !== undefined) await writeFile(join(directory, 'htpasswd'), htpasswd)
  await writeFile(config, configuration(directory, port, htpasswd !== undefined))
  const child = spawn(binary, ['serve', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin' },
  })
  // Whoever ends without closing must leave neither server nor files behind.
  const kill = () => {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  process.once('exit', kill)
  const close = async () => {
    await stop(child)
    process.off('exit', kill)
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const host = await listening(child)
    return { host, url: new URL(`http://${host}`), pid: child.pid ?? 0, close }
  } catch (error) {
    await close()
    throw error
  }
}

// Its YAML reader takes JSON as well.
function configuration(directory: string, port: number, isProtected: boolean): string {
  const auth = { htpasswd: { realm: 'lab', path: join(directory, 'htpasswd') } }
  return JSON.stringify({
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: 'lab' },
    ...(isProtected ? { auth } : {}),
  })
}

// The log names the port that the kernel chose: no other process can take it in between.
async function listening(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('docker-registry has no log')
  const lines = createInterface({ input: child.stderr })
  const found = Promise.withResolvers<string>()
  const said: string[] = []
  lines.on('line', (line) => {
    if (said.length < 20) said.push(line)
    const [, host] = /listening on (127\.0\.0\.1:\d+)/.exec(line) ?? []
    if (host !== undefined) found.resolve(host)
  })
  child.once('error', found.reject)
  child.once('exit', () => found.reject(new Error(`docker-registry ended:\n${said.join('\n')}`)))
  const timer = setTimeout(() => {
    found.reject(new Error(`docker-registry did not listen:\n${said.join('\n')}`))
  }, startTime)
  try {
    return await found.promise
  } finally {
    clearTimeout(timer)
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timely = await Promise.race([ended, sleep(stopTime, null, { ref: false })])
  if (timely === null) child.kill('SIGKILL')
  await ended
}
