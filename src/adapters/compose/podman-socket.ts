import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MagosError } from '../../domain/error.ts'
import { withPrivateDirectory } from '../../host/private-directory.ts'
import type { ChildResult, RunChild } from '../../host/process.ts'
import type { EngineInfo } from '../../ports.ts'

export interface SocketContext {
  readonly run: RunChild
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly runtimeDirectory: string
  readonly engineInfo: (signal: AbortSignal) => Promise<EngineInfo>
}

/** sun_path of unix(7) holds 108 bytes, the closing zero included. */
const LONGEST_PATH = 107
const START_DEADLINE = 15_000

/**
 * Gives `use` the address of podman's docker API: an active socket of this user, else one of a `podman system service`
 * that lives for the call. Throws `engine` when that does not start, or CONTAINER_HOST leads to another machine.
 */
export async function withPodmanSocket<Result>(
  context: SocketContext,
  signal: AbortSignal,
  use: (address: string) => Promise<Result>,
): Promise<Result> {
  const active = await activeSocket(context, signal)
  if (active !== null) return await use(`unix://${active}`)
  return await withService(context, signal, use)
}

/** The socket that systemd holds for this user's podman; null where there is none that serves the same containers. */
async function activeSocket(context: SocketContext, signal: AbortSignal): Promise<string | null> {
  const { environment, engineInfo } = context
  const own = environment['CONTAINER_HOST'] ?? ''
  if (own.startsWith('unix://')) return own.slice('unix://'.length)
  if (own !== '') throw elsewhere()
  // With a configuration of our own podman's program shows other containers than systemd's service does.
  if (Object.keys(environment).some((name) => /^CONTAINERS_.*CONF/.test(name))) return null
  const { rootless } = await engineInfo(signal)
  const runtime = rootless ? environment['XDG_RUNTIME_DIR'] : '/run'
  if (runtime === undefined || runtime === '') return null
  const path = join(runtime, 'podman/podman.sock')
  return (await isListening(path)) ? path : null
}

async function withService<Result>(
  { run, runtimeDirectory }: SocketContext,
  signal: AbortSignal,
  use: (address: string) => Promise<Result>,
): Promise<Result> {
  // 60 bytes are room for the private directory's name and the socket's.
  const parent = Buffer.byteLength(runtimeDirectory) + 60 > LONGEST_PATH ? '/tmp' : runtimeDirectory
  return await withPrivateDirectory(parent, async (directory) => {
    const path = join(directory, 'p.sock')
    const ending = new AbortController()
    const options = { signal: ending.signal, timeout: Infinity, maxOutput: 64 << 10 }
    const service = run('podman', ['system', 'service', '--time=0', `unix://${path}`], options)
    try {
      await Promise.race([listening(path, signal), diedEarly(service)])
      return await use(`unix://${path}`)
    } finally {
      ending.abort()
      await service.catch(() => undefined)
    }
  })
}

async function listening(path: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + START_DEADLINE
  while (performance.now() < deadline) {
    if (signal.aborted) throw new MagosError('interrupted', 'Start podman’s service: interrupted')
    if (await isListening(path)) return
    await sleep(10)
  }
  throw serviceError(`it does not listen after ${START_DEADLINE / 1000} s`)
}

async function diedEarly(service: Promise<ChildResult>): Promise<never> {
  const { outcome, exitCode, stderr } = await service
  const words = stderr.trim().split('\n').at(-1) ?? ''
  throw serviceError(words === '' ? `it was ${outcome} with ${exitCode ?? 'no code'}` : words)
}

/** podman's program would look at that machine, and the stable directories lie on this one. */
function elsewhere(): MagosError {
  return new MagosError('engine', 'Use CONTAINER_HOST: it names no unix socket of this machine', {
    remedy: 'Unset it, or set it to unix:// and the path of a socket',
  })
}

function serviceError(state: string): MagosError {
  return new MagosError('engine', `Start "podman system service": ${state}`, {
    remedy: 'Run "podman system service --time=5" as the daemon’s user, or enable podman.socket',
  })
}

async function isListening(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path)
    const answer = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.setTimeout(1000, () => answer(false))
  })
}
