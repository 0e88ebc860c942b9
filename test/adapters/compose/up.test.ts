import { readFileSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ObservedState } from '../../../src/domain/deployment.ts'
import { upArguments, upStack } from '../../../src/adapters/compose/up.ts'
import type { Applying } from '../../../src/adapters/compose/up.ts'
import type { ApplyRequest } from '../../../src/ports.ts'
import { scriptedRun } from '../engine/scripted-run.ts'
import type { Answer } from '../engine/scripted-run.ts'

const signal = new AbortController().signal
const REQUEST: ApplyRequest = {
  project: 'shop',
  home: '/srv/shop',
  document: { services: { web: { image: 'app:1' }, own: { image: 'own', build: {} } } },
  services: 'all',
}
const V2 = {
  name: 'docker-compose',
  version: '2.26.1',
  path: '/dc',
  limits: [],
  command: '/dc',
  prefix: [],
} as const
const PYTHON = {
  name: 'podman-compose',
  version: '1.6.0',
  path: '/pc',
  limits: [],
  command: '/pc',
  prefix: [],
} as const
let runtimeDirectory: string

beforeEach(async () => {
  runtimeDirectory = await mkdtemp(join(tmpdir(), 'mu-'))
})
afterEach(async () => {
  // Fails where anything is left in it.
  await rmdir(runtimeDirectory)
})

describe('upArguments()', () => {
  const named = { ...REQUEST, services: ['web', 'db'] }
  const place = '--project-directory /srv/shop --env-file /r/none.env'

  it.each([
    ['Compose v2, all', V2, REQUEST, `-p shop -f /r/s.json ${place} up -d --pull never --build`],
    [
      'docker’s plugin, named ones',
      { ...V2, prefix: ['compose'] },
      named,
      `compose -p shop -f /r/s.json ${place} up -d --pull never --no-deps web db`,
    ],
  ])('of %s', (_name, provider, request, words) => {
    expect(upArguments(provider, request, '/r/s.json').join(' ')).toBe(words)
  })
})

describe('upStack()', () => {
  it('lets podman-compose begin only when every image is here', async () => {
    const { applying, calls } = applyingOf('podman', PYTHON, () => ({ exitCode: 1 }))
    expect(await upStack(applying, REQUEST, signal)).toEqual({
      exitCode: 1,
      output: 'app:1: No such image\n',
    })
    expect(calls.map(({ words }) => words)).toEqual(['podman image exists app:1'])
  })

  it('shows podman-compose one service at a time, and builds only what is built', async () => {
    const files: string[] = []
    const { applying, calls } = applyingOf('podman', PYTHON, (words) => {
      const file = / -f (\S+)/.exec(words)?.[1]
      if (file !== undefined) files.push(readFileSync(file, 'utf8'))
      return {}
    })
    expect(await upStack(applying, REQUEST, signal)).toMatchObject({ exitCode: 0 })
    const words = calls.map((call) => call.words.replace(/ -f \S+/, ' -f FILE'))
    expect(words.filter((one) => one.startsWith('/pc'))).toEqual(
      Object.entries(REQUEST.document.services).map(([name, service]) => {
        const build = service['build'] === undefined ? '--no-build' : '--build'
        return `/pc -p shop -f FILE up -d --no-deps ${build} ${name}`
      }),
    )
    for (const [at, name] of Object.keys(REQUEST.document.services).entries()) {
      expect(Object.keys(JSON.parse(files[at] ?? '{}').services)).toEqual([name])
    }
  })

  it('starts no podman service for docker', async () => {
    const { applying, calls } = applyingOf('docker', V2, () => ({ stdout: 'done\n' }))
    expect(await upStack(applying, REQUEST, signal)).toEqual({ exitCode: 0, output: 'done\n' })
    expect(calls).toHaveLength(1)
    expect(calls[0]?.env).toEqual({})
  })

  it('keeps the last 64 KiB of what was said', async () => {
    const stderr = `${'x'.repeat(100_000)}end`
    const { applying } = applyingOf('docker', V2, () => ({ exitCode: 1, stdout: 'out', stderr }))
    const { output } = await upStack(applying, REQUEST, signal)
    expect(output).toHaveLength(65_536)
    expect(output.endsWith('xend')).toBe(true)
  })

  it('tells an engine that is away from a deploy that failed', async () => {
    const stderr = 'Cannot connect to the Docker daemon at unix:///x. Is it running?'
    const { applying } = applyingOf('docker', V2, () => ({ exitCode: 1, stderr }))
    await expect(upStack(applying, REQUEST, signal)).rejects.toMatchObject({ code: 'engine' })
  })

  it('throws `provider` when the program is gone by now', async () => {
    const { applying } = applyingOf('docker', V2, () => ({ outcome: 'absent' }))
    await expect(upStack(applying, REQUEST, signal)).rejects.toMatchObject({ code: 'provider' })
  })
})

function applyingOf(
  runtime: Applying['runtime'],
  provider: Applying['provider'],
  answer: (words: string) => Answer,
) {
  const { run, calls } = scriptedRun(answer)
  const info = {
    name: 'docker',
    version: '28',
    rootless: false,
    os: 'linux',
    architecture: 'amd64',
    images: null,
    network: null,
    limits: [],
    complaints: [],
  }
  const engine = { watch: () => noLooks(), remove: () => Promise.resolve() }
  const engineInfo = async () => await Promise.resolve({ ...info, name: 'docker' as const })
  const applying: Applying = {
    runtime,
    provider,
    run,
    runtimeDirectory,
    environment: {},
    deadline: 1000,
    engineInfo,
    engine,
  }
  return { applying, calls }
}

/** Nothing runs. */
async function* noLooks(): AsyncGenerator<ObservedState> {
  yield await Promise.resolve({ at: 0, containers: [] })
}
