import { describe, expect, it } from 'vitest'
import type { DoctorContext } from '../../handlers/context.ts'
import { doctorRequested } from '../../handlers/doctor-requested.ts'
import { MagosError } from '../../src/domain/error.ts'
import {
  createMemoryPrerequisites,
  soundFacts,
  type MemoryPrerequisites,
} from '../fakes/memory-prerequisites.ts'
import { seal } from '../fakes/memory-secrets.ts'
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
    openEngine: async () => Promise.resolve({ ...ctx, runtime: 'podman' }),
    openRepository: async () => Promise.resolve({ ...ctx, reporters: null }),
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

/** What is told of hosts where these told the status of the commit. */
async function hostsCheck(settings: string, ...names: readonly string[]) {
  const { ctx } = createWorld({ ...files, '.magos.yaml': settings })
  const reporters = { hosts: async () => Promise.resolve(names) }
  const openRepository = async () => Promise.resolve({ ...ctx, reporters })
  const { checks } = await doctorRequested(patient({ openRepository }), 'look', signal)
  return checks.find(({ name }) => name === 'hosts')
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
      'no-new-privileges': 'ok',
      'user-namespaces': 'ok',
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

  it.each([
    [{ uid: 1000, rootless: false }, ['linger', 'runtime-directory'], ['Magos']],
    [{ uid: 1000, rootless: true }, ['linger', 'runtime-directory'], ['containers']],
    [{ uid: 0, rootless: false }, [], []],
  ])('asks of a user beside docker what outlives a session: %o', async (user, names, ends) => {
    const { ctx } = createWorld(files)
    const info = {
      ...(await ctx.engine.info(signal)),
      name: 'docker',
      rootless: user.rootless,
    } as const
    const engine = { ...ctx.engine, info: async () => Promise.resolve(info) }
    const there = createMemoryPrerequisites({ linger: 'no', user: { name: 'ada', uid: user.uid } })
    const openEngine = async () => Promise.resolve({ ...ctx, engine, runtime: 'docker' as const })
    const { checks } = await doctorRequested(patient({ openEngine }, there), 'look', signal)
    const asked = checks.map(({ name }) => name)
    expect(
      asked.filter((name) => /linger|directory|tun|ids|id-|cgroups|network/.test(name)),
    ).toEqual([...names, 'data-directory'])
    const linger = checks.filter(({ name }) => name === 'linger')
    const lines = ends.map((one) => `services of ada end with their last session, ${one} too`)
    expect(linger.map(({ detail }) => detail)).toEqual(lines)
  })

  it('tells of the socket in use, and of what an engine that answers complains of', async () => {
    const { ctx } = createWorld(files)
    const words = 'User-selected graph driver "vfs" overwritten by graph driver "overlay"'
    const info = { ...(await ctx.engine.info(signal)), complaints: [words] }
    const engine = { ...ctx.engine, info: async () => Promise.resolve(info) }
    const socket = {
      variable: 'CONTAINER_HOST',
      address: '/x',
      state: 'absent',
      group: null,
    } as const
    const there = createMemoryPrerequisites({ sockets: [{ engine: 'podman', ...socket }] })
    const openEngine = async () => Promise.resolve({ ...ctx, engine, runtime: 'podman' as const })
    const { checks } = await doctorRequested(patient({ openEngine }, there), 'look', signal)
    const wrong = checks.filter(({ status }) => status !== 'ok')
    expect(wrong.map(({ name, detail }) => [name, detail])).toEqual([
      ['engine-words', words],
      ['socket podman', 'CONTAINER_HOST names /x, which is not there'],
    ])
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
    const ctx = patient({
      openRepository: async () => Promise.resolve({ source, installation, reporters: null }),
    })
    const { checks } = await doctorRequested(ctx, 'look', signal)
    expect(checks).toContainEqual({
      name: 'github-app',
      status: 'fail',
      detail: reason,
      remedy: 'Grant it',
    })
  })

  it('tells of a file of its own stacks that this host cannot open', async () => {
    const sealed = {
      ...files,
      'shop/ours.env': seal('A=planted\n'),
      'shop/theirs.env': seal('A=planted\n', 'theirs'),
      'attic/compose.yaml': compose(`web: {image: "ghcr.io/o/app:1.0.0@${digest(1)}"}`),
      'attic/theirs.env': seal('A=planted\n', 'theirs'),
      '.magos.yaml': 'stacks: {attic: {hosts: [cellar]}}\n',
    }
    const { ctx } = createWorld(sealed)
    const doctor = patient({
      openRepository: async () => Promise.resolve({ ...ctx, reporters: null }),
    })
    const { checks } = await doctorRequested(doctor, 'look', signal)
    expect(checks.find(({ name }) => name === 'secrets')).toMatchObject({
      status: 'fail',
      detail: '1 of 2 encrypted files do not open; Open "shop/theirs.env": no-identity',
    })
    expect(JSON.stringify(checks)).not.toContain('planted')
    const well = createWorld({ ...files, 'shop/ours.env': seal('A=1\n') })
    const other = patient({
      openRepository: async () => Promise.resolve({ ...well.ctx, reporters: null }),
    })
    expect(await statuses(other)).toMatchObject({ secrets: 'ok' })
  })

  it('warns of other hosts that report where stacks name none', async () => {
    expect(await hostsCheck('', 'NAS')).toMatchObject({ status: 'ok' })
    expect(await hostsCheck('', 'nas', 'cellar')).toEqual({
      name: 'hosts',
      status: 'warn',
      detail: 'cellar reports too, and these stacks name no host: shop',
      remedy: 'Name their hosts in .magos.yaml: stacks: {shop: {hosts: [nas]}}',
    })
    expect(await hostsCheck('stacks: {shop: {hosts: [nas]}}\n', 'nas', 'cellar')).toMatchObject({
      status: 'ok',
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
