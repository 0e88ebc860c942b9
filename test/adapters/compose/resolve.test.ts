import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveStack } from '../../../src/adapters/compose/resolve.ts'
import type { Log, ResolveRequest } from '../../../src/ports.ts'
import { scriptedRun } from '../engine/scripted-run.ts'

const signal = new AbortController().signal
const REQUEST: ResolveRequest = {
  project: 'shop',
  inputs: [{ path: 'apps/shop/compose.yaml', mode: '100644', content: Buffer.from('{}') }],
  directory: 'apps/shop',
  files: ['apps/shop/compose.yaml'],
  profiles: [],
  envFiles: null,
  home: '/srv/shop',
}
const COMPOSE = {
  name: 'docker-compose',
  version: '2.26.1',
  path: '/dc',
  limits: [],
  command: '/dc',
  prefix: [],
} as const
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
let runtimeDirectory: string

beforeEach(async () => {
  runtimeDirectory = await mkdtemp(join(tmpdir(), 'mr-'))
})
afterEach(async () => {
  // Fails where anything is left in it.
  await rmdir(runtimeDirectory)
})

/** Of one service as Compose prints it. */
function resolve(runtime: 'podman' | 'docker', web: object) {
  const { run } = scriptedRun(() => ({ stdout: JSON.stringify({ services: { web } }) }))
  const surroundings = { log, runtimeDirectory, provider: COMPOSE, environment: {} }
  return resolveStack({ runtime, run, ...surroundings }, REQUEST, signal)
}

describe('resolveStack()', () => {
  it('turns the path of a seccomp profile to where the stack’s file lies', async () => {
    const { services } = await resolve('docker', { security_opt: ['seccomp:./p.json'] })
    expect(services).toEqual({ web: { security_opt: ['seccomp:/srv/shop/p.json'] } })
  })

  it('refuses a service that podman would not make', async () => {
    await expect(resolve('podman', { init: true, pid: 'host' })).rejects.toMatchObject({
      code: 'compose',
      message: expect.stringContaining('"init: true" with "pid: host"'),
    })
  })
})
