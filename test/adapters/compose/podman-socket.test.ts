import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withPodmanSocket } from '../../../src/adapters/compose/podman-socket.ts'
import type { SocketContext } from '../../../src/adapters/compose/podman-socket.ts'
import type { RunChild } from '../../../src/host/process.ts'

const signal = new AbortController().signal
const INFO = {
  name: 'podman',
  version: '5.4.2',
  os: 'linux',
  architecture: 'amd64',
  images: null,
  network: null,
  limits: [],
  complaints: [],
} as const
let directory: string
let server: Server | null = null

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ms-'))
})
afterEach(async () => {
  server?.close()
  server = null
  await rm(directory, { recursive: true })
})

describe('withPodmanSocket()', () => {
  it('uses the socket that is active for this user', async () => {
    const path = join(directory, 'podman/podman.sock')
    await mkdir(join(directory, 'podman'))
    await listen(path)
    expect(await address({ environment: { XDG_RUNTIME_DIR: directory } })).toBe(`unix://${path}`)
  })

  it('uses the socket that CONTAINER_HOST names', async () => {
    const environment = { CONTAINER_HOST: 'unix:///run/other.sock' }
    expect(await address({ environment })).toBe('unix:///run/other.sock')
  })

  it('throws `engine` where CONTAINER_HOST leads to another machine, and says not which', async () => {
    const environment = { CONTAINER_HOST: 'ssh://joe:hunter2@nas/run/podman.sock' }
    const thrown = await address({ environment }).catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code: 'engine' })
    expect(String(thrown)).not.toContain('hunter2')
  })

  it.each([
    ['there is none', {}],
    ['nobody listens', { listening: 'no' }],
    ['podman has a configuration of its own', { CONTAINERS_STORAGE_CONF: '/x' }],
  ])('starts a service for the call where %s, and ends it', async (name, more) => {
    if (name !== 'nobody listens') {
      await mkdir(join(directory, 'podman'))
      await listen(join(directory, 'podman/podman.sock'))
    }
    const runtime = name === 'there is none' ? {} : { XDG_RUNTIME_DIR: directory }
    const service = serviceRun()
    const used = await address({ environment: { ...runtime, ...more }, run: service.run })
    expect(used).toMatch(/^unix:\/\/\S+\/magos-\d+-\d+-\w+\/p\.sock$/)
    expect(Buffer.byteLength(used)).toBeLessThanOrEqual('unix://'.length + 107)
    expect(service.words).toEqual([`podman system service --time=0 ${used}`])
    expect(service.state()).toBe('ended')
    expect((await readdir(directory)).filter((one) => one.startsWith('magos-'))).toEqual([])
  })

  it('finds a short place for the socket where the runtime directory is long', async () => {
    const runtimeDirectory = join(directory, 'x'.repeat(80))
    await mkdir(runtimeDirectory)
    const used = await address({ runtimeDirectory, run: serviceRun().run })
    expect(Buffer.byteLength(used)).toBeLessThanOrEqual('unix://'.length + 107)
  })

  it('throws `engine` with the service’s words when it dies', async () => {
    const dead = {
      outcome: 'exited',
      exitCode: 125,
      stdout: '',
      stderr: 'Error: no subuid\n',
    } as const
    const run: RunChild = async () => await Promise.resolve({ ...dead, stdoutBytes: Buffer.of() })
    await expect(address({ run })).rejects.toMatchObject({
      code: 'engine',
      message: expect.stringContaining('no subuid'),
    })
  })

  it('ends the service when what uses it fails', async () => {
    const service = serviceRun()
    const failing = withPodmanSocket(context({ run: service.run }), signal, async () => {
      throw await Promise.resolve(new Error('compose failed'))
    })
    await expect(failing).rejects.toThrow('compose failed')
    expect(service.state()).toBe('ended')
  })
})

async function address(more: Partial<SocketContext>): Promise<string> {
  return await withPodmanSocket(context(more), signal, async (used) => await Promise.resolve(used))
}

function context(more: Partial<SocketContext>): SocketContext {
  return {
    run: serviceRun().run,
    environment: {},
    runtimeDirectory: directory,
    engineInfo: async () => await Promise.resolve({ ...INFO, rootless: true }),
    ...more,
  }
}

/** Podman's service, as far as it matters: it listens until it is ended. */
function serviceRun() {
  const words: string[] = []
  let state: 'idle' | 'serving' | 'ended' = 'idle'
  const run: RunChild = async (command, args, options) => {
    words.push([command, ...args].join(' '))
    state = 'serving'
    const own = createServer().listen((args.at(-1) ?? '').slice('unix://'.length))
    await once(options.signal, 'abort')
    own.close()
    state = 'ended'
    const nothing = { stdout: '', stderr: '', stdoutBytes: Buffer.of() }
    return { outcome: 'cancelled', exitCode: null, ...nothing }
  }
  return { run, words, state: () => state }
}

async function listen(path: string): Promise<void> {
  const listening = createServer()
  server = listening
  await new Promise<void>((resolve) => void listening.listen(path, resolve))
}
