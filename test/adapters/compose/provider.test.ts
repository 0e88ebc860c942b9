import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listCandidates } from '../../../src/adapters/compose/candidate.ts'
import { findProvider, readVersion } from '../../../src/adapters/compose/provider.ts'
import { createRunChild } from '../../../src/host/process.ts'
import type { Log } from '../../../src/ports.ts'

const signal = new AbortController().signal
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mc-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

describe('readVersion()', () => {
  it.each([
    ['Docker Compose version 2.26.1-4', 'docker-compose', '2.26.1-4'],
    ['Docker Compose version v2.40.3', 'docker-compose', '2.40.3'],
    ['Docker Compose version v5.6.0', 'docker-compose', '5.6.0'],
    [
      'docker-compose version 1.29.2, build unknown\ndocker-py version: 5.0.3',
      'docker-compose',
      '1.29.2',
    ],
    ['podman-compose version 1.6.0\npodman version 4.3.1', 'podman-compose', '1.6.0'],
    ['podman-composer version  1.0.3\npodman --version', 'podman-compose', '1.0.3'],
    ['podman-compose version: 1.0.3\nusing podman version: 4.3.1', 'podman-compose', '1.0.3'],
  ])('reads "%s"', (text, name, version) => {
    expect(readVersion(text)).toEqual({ name, version })
  })

  it('is null for anything else', () => {
    expect(readVersion('podman version 4.3.1')).toBeNull()
  })
})

describe('listCandidates()', () => {
  it('lists plugin directories before the PATH, podman-compose last', async () => {
    const plugin = await program('home/.docker/cli-plugins/docker-compose', '')
    const python = await program('bin/podman-compose', '')
    const compose = await program('bin2/docker-compose', '')
    const commands = listCandidates({
      runtime: 'podman',
      environment: environment(),
      pluginDirectories: [],
    }).map(({ command }) => command)
    expect(commands).toEqual([plugin, compose, python])
  })

  it('lists what PODMAN_COMPOSE_PROVIDER names, and nothing else', async () => {
    await program('bin/docker-compose', '')
    const named = { ...environment(), PODMAN_COMPOSE_PROVIDER: '/opt/compose' }
    expect(
      listCandidates({ runtime: 'podman', environment: named, pluginDirectories: [] }),
    ).toEqual([{ command: '/opt/compose', prefix: [] }])
  })

  it('lists docker’s own plugin first, and never podman-compose beside docker', async () => {
    await program('bin/podman-compose', '')
    const candidates = listCandidates({
      runtime: 'docker',
      environment: environment(),
      pluginDirectories: [],
    })
    expect(candidates[0]).toEqual({ command: 'docker', prefix: ['compose'] })
    expect(candidates.map(({ command }) => command).join()).not.toContain('podman-compose')
  })

  it('leaves out what cannot be executed', async () => {
    const file = await program('bin/docker-compose', '')
    await chmod(file, 0o644)
    await mkdir(join(directory, 'bin2/docker-compose'), { recursive: true })
    const candidates = listCandidates({
      runtime: 'podman',
      environment: environment(),
      pluginDirectories: [],
    })
    expect(candidates).toEqual([])
  })
})

describe('findProvider()', () => {
  const V1 = 'echo docker-compose version 1.29.2, build unknown'
  const V2 = 'echo Docker Compose version 2.26.1'
  const OLD = 'echo podman-compose version 0.1.11'

  it('passes over one that cannot be trusted, and says so in the log', async () => {
    await program('home/.docker/cli-plugins/docker-compose', V1)
    const good = await program('bin/docker-compose', V2)
    const { found, warned } = await find()
    expect(await found).toMatchObject({ name: 'docker-compose', version: '2.26.1', path: good })
    expect(warned.join()).toMatch(/1\.29\.2, which is no longer maintained/)
  })

  it('takes an old podman-compose, and tells its limits', async () => {
    await program('bin/podman-compose', 'echo "podman-composer version  1.0.3"')
    const { found } = await find()
    expect(await found).toMatchObject({ name: 'podman-compose', version: '1.0.3' })
    expect((await found).limits.join('; ')).toContain('one at a time')
  })

  it('stays with the one that made the stack, and takes the first where that one is gone', async () => {
    await program('bin/docker-compose', V2)
    const first = await find('podman-compose')
    expect(await first.found).toMatchObject({ name: 'docker-compose' })
    await program('bin/podman-compose', 'echo podman-compose version 1.6.0')
    const maker = await find('podman-compose')
    expect(await maker.found).toMatchObject({ name: 'podman-compose', version: '1.6.0' })
    const usual = await find()
    expect(await usual.found).toMatchObject({ name: 'docker-compose' })
  })

  it.each([
    ['docker-compose v1', { docker: V1 }, /docker-compose 1\.29\.2, which/],
    ['podman-compose that nobody tried', { podman: OLD }, /podman-compose 0\.1\.11, which/],
    ['one that does not answer', { docker: 'echo broken >&2; exit 3' }, /does not tell.*broken/],
    ['none', {}, /there is none on this host/],
  ])('throws `provider` with the remedy for %s', async (_name, scripts, message) => {
    const { docker, podman } = { docker: null, podman: null, ...scripts }
    if (docker !== null) await program('bin/docker-compose', docker)
    if (podman !== null) await program('bin/podman-compose', podman)
    const failure = (await find()).found
    await expect(failure).rejects.toMatchObject({
      code: 'provider',
      remedy: expect.stringContaining('Docker Compose v2'),
    })
    await expect(failure).rejects.toThrow(message)
  })
})

/** Without the machine's own directories. */
function environment(): Record<string, string> {
  return {
    HOME: join(directory, 'home'),
    PATH: `${join(directory, 'bin')}:${join(directory, 'bin2')}`,
  }
}

async function program(path: string, script: string): Promise<string> {
  const file = join(directory, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return file
}

async function find(made: 'docker-compose' | 'podman-compose' | null = null) {
  const warned: string[] = []
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields) => void warned.push(JSON.stringify(fields)),
    error: () => undefined,
    child: () => log,
  }
  const run = createRunChild({ environment: environment() })
  const place = { environment: environment(), pluginDirectories: [] }
  const context = { runtime: 'podman' as const, ...place, run, log }
  const found = findProvider(context, made, signal)
  await found.catch(() => undefined)
  return { found, warned }
}
