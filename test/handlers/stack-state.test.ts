import { describe, expect, it } from 'vitest'
import type { Context } from '../../handlers/context.ts'
import { releaseRequested } from '../../handlers/hold-requested.ts'
import { deployRevision } from '../../handlers/revision-pushed.ts'
import { driftDetected } from '../../handlers/drift-detected.ts'
import { historyRequested } from '../../handlers/history-requested.ts'
import { MagosError } from '../../src/domain/error.ts'
import { status } from './status.ts'
import { compose, containers, createWorld, deploy, digest, signal } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const broken = `ghcr.io/o/web@${digest(2)}`
const db = `ghcr.io/o/db@${digest(5)}`
const shop = compose(`web: {image: ${web}}`, `db: {image: ${db}}`)
const blog = compose(`blog: {image: ghcr.io/o/blog@${digest(7)}}`)
const hold = { kind: 'operator', by: 'ada', reason: 'moving', at: 1, tracked: null } as const

describe('stackState()', () => {
  it('tells of a stack that .magos.yaml has refused, of what runs of it, and what to do', async () => {
    const world = await running({ 'blog/compose.yaml': blog })
    const { commit } = await world.git.head(signal)
    world.git.change({ '.magos.yaml': 'stacks:\n  shop: {after: [nobody]}\n' })
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({
      name: 'shop',
      state: 'refused',
      reason: expect.stringMatching(/no stack "nobody".*; nothing was touched, and the last good/),
      remedy: expect.any(String),
      file: '.magos.yaml',
      commit,
      services: [{ name: 'db' }, { name: 'web', state: 'running' }],
    })
    expect(await stateOf(world, 'blog')).toMatchObject({ state: 'proven', reason: '' })
    world.git.change({ '.magos.yaml': null })
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({ state: 'proven', reason: '' })
  })

  it('tells of every stack that is refused and never ran', async () => {
    const world = createWorld({ 'a/b/compose.yaml': shop, 'a-b/compose.yaml': shop })
    await deploy(world)
    expect((await status(world)).stacks).toMatchObject([
      { name: 'a-b', state: 'refused', commit: null, file: 'a/b/compose.yaml', services: [] },
    ])
    const { deployments } = historyRequested(world.ctx, { stack: 'a-b', limit: 9 })
    expect(deployments).toMatchObject([{ outcome: 'failed', event: 'unknown' }])
  })

  it('tells of nobody’s stack as refused where .magos.yaml cannot be read', async () => {
    const world = await running()
    world.git.change({ '.magos.yaml': 'stacks: [\n' })
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(/^Cannot tell whose stack this is: Flow sequence/),
      file: '.magos.yaml',
      line: 2,
      remedy: expect.stringContaining('Mend .magos.yaml'),
    })
  })

  it('keeps the place and the remedy of a state that was refused while it was deployed', async () => {
    const world = await running()
    world.git.change({ 'shop/compose.yaml': compose('web: {image: a, env_file: ../../x}') })
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({
      state: 'refused',
      file: 'shop/compose.yaml',
      line: 2,
      remedy: expect.any(String),
    })
  })

  it('keeps the remedy of what failed while it was laid, and adds how to try again', async () => {
    const world = await running()
    world.git.change({ 'shop/compose.yaml': shop.replace(web, broken) })
    await deploy({ ...world, ctx: { ...world.ctx, files: { ...world.ctx.files, lay } } })
    const again = 'Close it; then try it again with: magos sync shop'
    expect(await stateOf(world)).toMatchObject({ remedy: again })
    const { deployments } = await deploy(world)
    expect(deployments).toMatchObject([{ remedy: again }])
  })

  it('tells of stacks that wait to be confirmed, with the command', async () => {
    const names = ['a', 'b', 'c', 'd']
    const files = Object.fromEntries(names.map((name) => [`${name}/compose.yaml`, blog]))
    const world = createWorld(files)
    await deploy(world)
    world.git.put({ 'a/compose.yaml': blog })
    await deploy(world)
    expect(await states(world)).toEqual(['a proven', 'b waiting', 'c waiting', 'd waiting'])
    expect(await stateOf(world, 'b')).toMatchObject({
      remedy: expect.stringContaining('magos sync --confirm-removals'),
      services: [{ state: 'running' }],
    })
    const confirmed = { stack: null, asked: 'by-event', removals: 'confirmed' } as const
    await deploy(world, (ctx) => deployRevision(ctx, confirmed, signal))
    expect(await states(world)).toEqual(['a proven', 'b vanished', 'c vanished', 'd vanished'])
    world.git.put(files)
    await deploy(world)
    expect(await states(world)).toEqual(names.map((name) => `${name} proven`))
  })

  it('forgets what is gone from git and from here, and leaves it to the history', async () => {
    const world = await running({ 'never/compose.yaml': compose(`web: {image: ${broken}}`) }, {}, [
      broken,
    ])
    for (const { id, project } of world.machine.containers.values()) {
      if (project === 'never') world.machine.drop(id)
    }
    expect(await states(world)).toEqual(['never failed', 'shop proven'])
    world.git.change({ 'never/compose.yaml': null })
    await deploy(world)
    expect(await states(world)).toEqual(['shop proven'])
    const { deployments } = historyRequested(world.ctx, { stack: 'never', limit: 9 })
    expect(deployments).toMatchObject([{ outcome: 'failed' }])
  })

  it('notes in the history that a stack which left was removed, and why', async () => {
    const world = await running({ 'blog/compose.yaml': blog })
    world.git.change({ 'blog/compose.yaml': null })
    const old = { stack: 'blog', inputs: 'old', mends: 0, since: 0, at: 1, reason: '' }
    world.ctx.upkeep.note({ ...old, failures: 5 })
    await deploy(world)
    expect(await stateOf(world, 'blog')).toMatchObject({
      state: 'vanished',
      reason: expect.stringMatching(/^left the repository: its containers go after 2026-/),
    })
    await world.machine.clock.sleep(world.ctx.host.grace, signal)
    expect(await stateOf(world, 'blog')).toMatchObject({
      reason: 'left the repository: its containers go with the next pass',
    })
    const seen = new Date(world.ctx.tombstones.all()[0]?.at ?? 0).toISOString()
    const { deployments } = await deploy(world, (ctx) =>
      deployRevision({ ...ctx, origins: [{ source: 'poll' }] }, all, signal),
    )
    const removed = { name: 'blog', action: 'remove', reasons: ['it left the repository'] }
    expect(deployments).toContainEqual({
      stack: 'blog',
      outcome: 'succeeded',
      services: [removed],
      reason: `removed, for it left the repository (seen ${seen}); its volumes and files stay`,
    })
    expect(await states(world)).toEqual(['shop proven'])
    expect([world.ctx.upkeep.standing('blog'), world.ctx.upkeep.trouble('blog')]).toEqual([
      null,
      null,
    ])
    const [newest] = historyRequested(world.ctx, { stack: 'blog', limit: 1 }).deployments
    expect(newest).toMatchObject({
      outcome: 'succeeded',
      event: 'the poll',
      reason: expect.stringMatching(
        /^removed, for it left the repository \(seen 2026-.*\); its vol/,
      ),
      services: [{ name: 'blog', action: 'remove', reasons: ['it left the repository'], to: null }],
    })
  })

  it('tells of a held stack what git says of it, where that is refused', async () => {
    const world = await running()
    world.git.change({ '.magos.yaml': 'stacks: {shop: {after: [nobody]}}\n' })
    await deploy(world)
    await world.ctx.holds.hold('shop', hold)
    expect(await stateOf(world)).toMatchObject({
      state: 'held',
      reason: expect.stringMatching(/moving; git has it refused: .*no stack "nobody"/),
    })
  })

  it('tells of a stack that is only held, or only under way', async () => {
    const world = await running()
    await world.ctx.holds.hold('new', hold)
    world.history.begin({ stack: 'other', commit: 'c', inputs: 'i', at: 5 })
    expect(await states(world)).toEqual(['new held', 'other deploying', 'shop proven'])
  })

  it('tells that the last good state comes back, where somebody brings it', async () => {
    const world = await running()
    const begun = { stack: 'shop', commit: 'c', inputs: 'i', at: world.ctx.now }
    const failed = {
      reason: 'it crashed',
      retry: 'when-changed',
      words: '',
      restored: 'due',
    } as const
    world.history.fail(world.history.begin(begun), { ...begun, ...failed, restoring: '' })
    expect((await status(world)).stacks).toMatchObject([
      { state: 'deploying', reason: 'restoring the last good state: it crashed' },
    ])
    expect((await status(world, 'none')).stacks).toMatchObject([
      {
        state: 'interrupted',
        reason: 'Magos ended before the last good state ran again: it crashed',
      },
    ])
  })

  it('leaves a stack that left where Magos itself runs in it', async () => {
    const world = await running({ 'blog/compose.yaml': blog })
    const container = containers(world)['blog-blog-1'] ?? ''
    world.git.change({ 'blog/compose.yaml': null })
    await deploy(world)
    await world.machine.clock.sleep(world.ctx.host.grace, signal)
    const machine = { ...world.ctx.machine, container }
    const { deployments } = await deploy(world, (ctx) =>
      deployRevision({ ...ctx, machine, now: world.ctx.now }, all, signal),
    )
    expect(deployments[0]).toMatchObject({
      outcome: 'unchanged',
      reason: 'left the repository: it runs on, for Magos itself runs in one of its containers',
    })
    expect(await states(world)).toEqual(['blog vanished', 'shop proven'])
  })

  it('takes a refused stack that leaves for one that left', async () => {
    const world = await running({ 'blog/compose.yaml': blog, '.magos.yaml': '' })
    world.git.change({ '.magos.yaml': 'stacks: {shop: {after: [nobody]}}\n' })
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({ state: 'refused' })
    const aside = { stack: 'shop', commit: 'c', outcome: 'failed', reason: 'r', at: 1 } as const
    world.history.setAside(aside, { origin: null, services: [] })
    world.git.put({ 'blog/compose.yaml': blog })
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({ state: 'vanished' })
  })

  it('tells of a stack that left and cannot be removed', async () => {
    const world = await running({ 'blog/compose.yaml': blog })
    world.git.change({ 'blog/compose.yaml': null })
    const first = await deploy(world)
    expect(first.deployments).toMatchObject([
      {
        stack: 'blog',
        outcome: 'unchanged',
        reason: expect.stringMatching(/^left the rep.*go after/),
      },
      { stack: 'shop' },
    ])
    await world.machine.clock.sleep(world.ctx.host.grace, signal)
    const engine = { ...world.ctx.engine, remove: refuseToRemove }
    const { deployments } = await deploy(world, (ctx) =>
      deployRevision({ ...ctx, engine, now: world.ctx.now }, all, signal),
    )
    const reason = 'left the repository, and its containers cannot be removed: Remove: it is busy'
    const told = { reason, remedy: 'Stop it' }
    expect(deployments).toMatchObject([{ stack: 'blog', outcome: 'failed', ...told }, {}])
    expect(await stateOf(world, 'blog')).toMatchObject({ state: 'failed', ...told })
    await deploy(world)
    expect(await states(world)).toEqual(['shop proven'])
  })

  it('tells that a held stack left, whether its containers run or not', async () => {
    const world = await running({ 'blog/compose.yaml': blog })
    for (const name of ['shop', 'blog']) await world.ctx.holds.hold(name, hold)
    world.git.put({ 'other/compose.yaml': blog })
    for (const { id, project } of world.machine.containers.values()) {
      if (project === 'blog') world.machine.drop(id)
    }
    await deploy(world)
    const left = 'held by ada since 1970-01-01T00:00:00.001Z: moving; it left the repository'
    expect(await stateOf(world)).toMatchObject({
      state: 'held',
      reason: `${left}, and its containers go once it is released`,
    })
    expect(await stateOf(world, 'blog')).toMatchObject({
      state: 'held',
      commit: expect.stringMatching(/./),
      reason: `${left}, and nothing of it runs`,
    })
    await world.ctx.holds.release('blog')
    await deploy(world)
    expect(await states(world)).toEqual(['other proven', 'shop held'])
  })

  it('tells by which event a stack was refused or held', async () => {
    const world = await running()
    world.git.change({ '.magos.yaml': 'stacks: {shop: {after: [nobody]}}\n' })
    const delivery = { source: 'webhook', event: 'push', delivery: 'd-1' } as const
    await deploy(world, (ctx) => deployRevision({ ...ctx, origins: [delivery] }, all, signal))
    const [newest] = historyRequested(world.ctx, { stack: 'shop', limit: 1 }).deployments
    expect(newest).toMatchObject({
      outcome: 'rolled-back',
      event: expect.stringMatching(/webhook.*d-1/),
    })
  })

  it('tells of a container that does not run, or is gone, though no pass saw it', async () => {
    const world = await running()
    const { 'shop-web-1': id = '' } = containers(world)
    world.machine.die(id, 137)
    const remedy = 'Put it right now with: magos sync shop'
    expect(await stateOf(world)).toMatchObject({
      state: 'drifted',
      reason: 'service "web": container shop-web-1 exited with 137',
      remedy,
    })
    world.machine.drop(id)
    expect(await stateOf(world)).toMatchObject({
      state: 'drifted',
      reason: 'service "web": 1 of its containers are gone',
      remedy,
      services: [{ name: 'db' }, { name: 'web', state: 'missing', image: web, pin: 'pinned' }],
    })
  })

  it('tells of a container that is another than the proven one', async () => {
    const world = await running()
    for (const one of world.machine.containers.values()) {
      if (one.service === 'web') world.machine.containers.set(one.id, { ...one, image: broken })
    }
    expect(await stateOf(world)).toMatchObject({
      state: 'drifted',
      reason: expect.stringContaining('container shop-web-1 is not what was proven'),
    })
  })

  it('tells of a stack that somebody stopped before any pass has seen it', async () => {
    const world = await running()
    for (const id of Object.values(containers(world))) world.machine.stop(id)
    expect(await stateOf(world)).toMatchObject({
      state: 'drifted',
      reason: expect.stringMatching(
        /^all of its containers were stopped or removed, so the next pass holds it: service "web": /,
      ),
    })
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({
      state: 'held',
      reason: expect.stringMatching(/^held \(stopped by hand\)/),
      remedy: 'Let it go on with: magos release shop',
    })
  })

  it('tells what is only reported, and what is given up', async () => {
    const reporting = await running({}, { host: { drift: 'report' } })
    const { 'shop-web-1': dropped = '' } = containers(reporting)
    reporting.machine.drop(dropped)
    const only = { state: 'drifted', reason: expect.stringContaining('only reported here') }
    expect(await stateOf(reporting)).toMatchObject(only)
    await driftDetected(reporting.ctx, { kind: 'drift-detected', departures: [] }, signal)
    expect(await stateOf(reporting)).toMatchObject(only)

    const world = await running()
    const proven = world.history.proven('shop')
    if (proven === null) throw new Error('It was not proven')
    const trouble = { stack: 'shop', inputs: proven.inputs, mends: 0, since: 0, reason: 'it exits' }
    world.ctx.upkeep.note({ ...trouble, failures: 1, at: world.ctx.now })
    expect(await stateOf(world)).toMatchObject({
      state: 'drifted',
      reason: expect.stringMatching(/^not as it was proven, next try after 2026-.*: it exits$/),
    })
    world.ctx.upkeep.note({ ...trouble, failures: 1, at: world.ctx.now - 3_600_000 })
    expect(await stateOf(world)).toMatchObject({ reason: 'not as it was proven: it exits' })
    world.ctx.upkeep.note({ ...trouble, failures: 0, mends: 1, at: world.ctx.now })
    expect(await stateOf(world)).toMatchObject({ state: 'proven', reason: '' })
    world.ctx.upkeep.note({ ...trouble, failures: 5, at: world.ctx.now })
    expect(await stateOf(world)).toMatchObject({
      reason: 'not as it was proven: given up after 5 tries: it exits',
      remedy: expect.stringContaining('magos sync shop'),
    })
    world.ctx.upkeep.note({ ...trouble, inputs: 'of another state', failures: 5, at: 1 })
    expect(await stateOf(world)).toMatchObject({ state: 'proven' })
  })

  it('tells that a boot came between, and what does not run since', async () => {
    const world = await running()
    const machine = { ...world.ctx.machine, boot: 'second' }
    const booted: World = { ...world, ctx: { ...world.ctx, machine } }
    expect(await stateOf(booted)).toMatchObject({
      state: 'proven',
      reason: 'to be proven again, for the machine came up since',
    })
    world.machine.die(containers(world)['shop-web-1'] ?? '', 0)
    expect(await stateOf(booted)).toMatchObject({
      state: 'drifted',
      reason: expect.stringMatching(
        /for the machine came up since: service "web": .* exited with 0$/,
      ),
    })
    const standing = world.ctx.upkeep.standing('shop')
    if (standing === null) throw new Error('It has no standing')
    world.ctx.upkeep.stand({ ...standing, boot: 'none' })
    expect(await stateOf(world)).toMatchObject({
      reason: expect.stringContaining('for Magos was at its containers since: service "web"'),
    })
    world.ctx.upkeep.forget('shop')
    expect(await stateOf(world)).toMatchObject({
      reason: expect.stringContaining(
        'for nobody remembers how its containers stood: service "web"',
      ),
    })
  })

  it('takes nobody for deploying where no Magos runs', async () => {
    const world = await running()
    world.history.begin({ stack: 'shop', commit: 'f'.repeat(40), inputs: 'i', at: 5 })
    expect((await status(world)).stacks).toMatchObject([{ state: 'deploying' }])
    expect(await status(world, 'none')).toMatchObject({
      worker: 'none',
      stacks: [
        {
          state: 'interrupted',
          reason: `Magos ended while it deployed commit ${'f'.repeat(12)}`,
          remedy: 'Start Magos, or bring it to its end with: magos sync shop',
        },
      ],
    })
  })

  it('tells no hold that is over, though no pass looked since', async () => {
    const world = await running()
    await world.ctx.holds.hold('shop', hold)
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({ state: 'held' })
    const openSource = async () => await Promise.resolve(world.git)
    await releaseRequested({ ...world.ctx, inbox: world.inbox, openSource }, 'shop', signal)
    expect(await stateOf(world)).toMatchObject({
      state: 'proven',
      reason: 'its hold is over, and the next pass looks at it',
    })
  })

  it('tells that what ran before runs on where nothing could be pulled', async () => {
    const world = await running()
    world.machine.behave(broken, 'pull-fails')
    world.registry.push({ registry: 'ghcr.io', repository: 'o/web' }, '2', digest(2))
    world.git.change({ 'shop/compose.yaml': shop.replace(web, broken) })
    await deploy(world)
    const runsOn = /; nothing was touched, and the last good state runs on \(\w{12}\)$/
    expect(await stateOf(world)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(runsOn),
    })
    world.machine.containers.clear()
    expect(await stateOf(world)).toMatchObject({
      reason: expect.stringMatching(
        /; what was proven does not run as it did: service "web": 1 of/,
      ),
    })
  })

  it('tells of containers that nobody remembers', async () => {
    const world = await running()
    world.history.forget('shop', null)
    expect(await stateOf(world)).toMatchObject({
      state: 'unknown',
      reason: 'its containers are here, and nobody remembers that they were proven',
    })
  })

  it('names what a stack waits for', async () => {
    const world = createWorld({
      'db/compose.yaml': compose(`db: {image: ${broken}}`),
      'shop/compose.yaml': shop,
      '.magos.yaml': 'stacks: {shop: {after: [db]}}\n',
    })
    world.machine.behave(broken, 'unhealthy')
    await deploy(world)
    expect(await stateOf(world)).toMatchObject({
      state: 'waiting',
      reason: expect.stringMatching(/^it comes after stack "db", which is failed/),
      remedy: 'Mend stack "db"; this one follows by itself',
    })
  })
})

const lay: Context['files']['lay'] = () =>
  Promise.reject(
    new MagosError('stack', 'Lay files: the directory is busy', { remedy: 'Close it' }),
  )

const refuseToRemove: Context['engine']['remove'] = () =>
  Promise.reject(new MagosError('stack', 'Remove: it is busy', { remedy: 'Stop it' }))

const all = { stack: null, asked: 'by-event' } as const

async function running(
  more: Readonly<Record<string, string>> = {},
  options: WorldOptions = {},
  unhealthy: readonly string[] = [],
): Promise<World> {
  const world = createWorld({ 'shop/compose.yaml': shop, ...more }, options)
  for (const image of unhealthy) world.machine.behave(image, 'unhealthy')
  await deploy(world)
  expect(Object.keys(containers(world))).toContain('shop-web-1')
  return world
}

async function stateOf(world: World, name = 'shop') {
  return (await status(world)).stacks.find((one) => one.name === name)
}

async function states(world: World): Promise<string[]> {
  return (await status(world)).stacks.map(({ name, state }) => `${name} ${state}`)
}
