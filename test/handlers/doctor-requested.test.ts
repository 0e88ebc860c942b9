import { describe, expect, it } from 'vitest'
import type { DoctorContext } from '../../handlers/context.ts'
import { doctorRequested } from '../../handlers/doctor-requested.ts'
import { MagosError } from '../../src/domain/error.ts'
import {
  createMemoryPrerequisites,
  soundFacts,
  type MemoryPrerequisites,
} from '../fakes/memory-prerequisites.ts'
import { compose, createWorld, digest, signal } from './world.ts'

const app = { registry: 'ghcr.io', repository: 'o/app' }
const files = {
  'shop/compose.yaml': compose(`web: {image: "ghcr.io/o/app:1.0.0@${digest(1)}"}`),
}

function patient(
  over: Partial<Omit<DoctorContext, 'prerequisites'>> = {},
  prerequisites: MemoryPrerequisites = createMemoryPrerequisites(),
): DoctorContext & { readonly prerequisites: MemoryPrerequisites } {
  const { ctx, registry } = createWorld(files)
  registry.push(app, '1.0.0', digest(1))
  return {
    ...ctx,
    prerequisites,
    openEngine: async () => Promise.resolve(ctx),
    openRepository: async () => Promise.resolve(ctx),
    clockUrl: 'https://api.github.com',
    webhook: 'set',
    patience: () => new AbortController().signal,
    ...over,
  }
}

async function statuses(ctx: DoctorContext): Promise<Record<string, string>> {
  const { checks } = await doctorRequested(ctx, 'look', signal)
  return Object.fromEntries(checks.map(({ name, status }) => [name, status]))
}

const away = async () =>
  Promise.reject(new MagosError('engine', 'Ask podman: it is away', { remedy: 'Start it' }))

describe('doctorRequested()', () => {
  it('finds nothing to complain of where nothing is missing', async () => {
    expect(await statuses(patient())).toEqual({
      engine: 'ok',
      provider: 'ok',
      'subordinate-ids': 'ok',
      'id-mapping': 'ok',
      network: 'ok',
      tun: 'ok',
      linger: 'ok',
      'runtime-directory': 'ok',
      cgroups: 'ok',
      'data-directory': 'ok',
      time: 'ok',
      repository: 'ok',
      webhook: 'ok',
      'registry ghcr.io': 'ok',
    })
  })

  it('tells of an engine that is away with its remedy, and goes on with the rest', async () => {
    const { checks } = await doctorRequested(patient({ openEngine: away }), 'look', signal)
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([
      { name: 'engine', status: 'fail', detail: 'Ask podman: it is away', remedy: 'Start it' },
      { name: 'provider', status: 'fail', detail: 'Ask podman: it is away', remedy: 'Start it' },
    ])
    expect(checks.map(({ name }) => name)).toContain('registry ghcr.io')
  })

  it('tells of a registry that refuses', async () => {
    const world = createWorld(files)
    const ctx = patient({ registry: world.ctx.registry })
    expect(await statuses(ctx)).toMatchObject({ 'registry ghcr.io': 'fail', repository: 'ok' })
  })

  it('tells of a repository that cannot be read, and asks no registry for it', async () => {
    const found = await statuses(patient({ openRepository: away }))
    expect(found).toMatchObject({ repository: 'fail', engine: 'ok' })
    expect(Object.keys(found).filter((name) => name.startsWith('registry'))).toEqual([])
  })

  it('tells of an App that lacks a permission', async () => {
    const base = patient()
    const { source } = await base.openRepository(signal)
    const reason = 'the App lacks statuses:write'
    const installation = {
      state: async () =>
        Promise.resolve({ outcome: 'underprivileged', reason, remedy: 'Grant it' } as const),
    }
    const ctx = patient({ openRepository: async () => Promise.resolve({ source, installation }) })
    const { checks } = await doctorRequested(ctx, 'look', signal)
    expect(checks).toContainEqual({
      name: 'github-app',
      status: 'fail',
      detail: reason,
      remedy: 'Grant it',
    })
  })

  it('waits for nobody longer than its patience', async () => {
    const patience = new AbortController()
    const silent = async (asked: AbortSignal) =>
      new Promise<never>((_, reject) => {
        asked.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
        patience.abort()
      })
    const ctx = patient({ openRepository: silent, patience: () => patience.signal })
    const { checks } = await doctorRequested(ctx, 'look', signal)
    expect(checks.find(({ name }) => name === 'repository')).toMatchObject({
      status: 'fail',
      detail: 'no answer came in time',
    })
  })

  it('ends when it is interrupted', async () => {
    const reason = new Error('interrupted')
    await expect(doctorRequested(patient(), 'look', AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  const broken = {
    linger: 'no',
    dataDirectory: { ...soundFacts.dataDirectory, state: 'open' },
  } as const

  it('puts nothing right unasked', async () => {
    const ctx = patient({}, createMemoryPrerequisites(broken))
    const { checks, fixed } = await doctorRequested(ctx, 'look', signal)
    expect(fixed).toEqual([])
    expect(checks.filter(({ status }) => status === 'fail').map(({ name }) => name)).toEqual([
      'linger',
      'data-directory',
    ])
    expect(ctx.prerequisites.facts.linger).toBe('no')
  })

  it('puts right what it may with fix, and tells what is left', async () => {
    const prerequisites = createMemoryPrerequisites(broken)
    prerequisites.mends = new Set(['data-directory'])
    const { checks, fixed } = await doctorRequested(patient({}, prerequisites), 'fix', signal)
    expect(fixed).toEqual(['mended data-directory'])
    expect(checks.filter(({ status }) => status === 'fail').map(({ name }) => name)).toEqual([
      'linger',
    ])
  })
})
