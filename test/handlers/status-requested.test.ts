import { describe, expect, it } from 'vitest'
import { status } from './status.ts'
import { compose, createWorld, deploy, digest, signal } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const broken = `ghcr.io/o/web@${digest(2)}`
const shop = compose(`web: {image: ${web}}`, 'plain: {image: nginx}')

describe('statusRequested()', () => {
  it('tells of a host on which nothing ran yet', async () => {
    expect(await status(createWorld({}))).toEqual({
      revision: null,
      pending: 0,
      worker: 'running',
      stacks: [],
    })
  })

  it('tells what runs, pinned or not, which commit was proven and when', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    const { commit } = await world.git.head(signal)
    await deploy(world)
    await world.inbox.accept({ kind: 'revision-pushed' }, { source: 'poll' })
    const { revision, pending, stacks } = await status(world)
    expect({ revision, pending }).toEqual({ revision: commit, pending: 1 })
    expect(stacks).toEqual([
      {
        name: 'shop',
        state: 'proven',
        reason: '',
        commit,
        at: new Date(world.history.proven('shop')?.at ?? 0).toISOString(),
        services: [
          { name: 'plain', state: 'running', health: 'healthy', image: 'nginx', pin: 'unpinned' },
          { name: 'web', state: 'running', health: 'healthy', image: web, pin: 'pinned' },
        ],
      },
    ])
  })

  it('tells a proven image as it was written, with the tag that the engine forgets', async () => {
    const tagged = `ghcr.io/o/web:1.4.2@${digest(1)}`
    const world = createWorld({ 'shop/compose.yaml': compose(`web: {image: "${tagged}"}`) })
    await deploy(world)
    const seenAs = async (digests: readonly ReturnType<typeof digest>[]) => {
      const { at, containers } = await world.ctx.engine.observe(signal)
      const others = containers.map((one) => Object.assign({}, one, { image: web, digests }))
      const engine = { ...world.ctx.engine, observe: async () => ({ at, containers: others }) }
      const { stacks } = await status({ ...world, ctx: { ...world.ctx, engine } })
      return stacks[0]?.services[0]?.image
    }
    expect(await seenAs([digest(1)])).toBe(tagged)
    expect(await seenAs([digest(2)])).toBe(web)
  })

  it('tells a failure with the commit that was proven before', async () => {
    const { world, commit } = await breakShop()
    expect((await status(world)).stacks[0]).toMatchObject({
      state: 'rolled-back',
      reason: expect.stringContaining('rolled back, git ahead: service "web" is unhealthy'),
      commit,
    })
  })

  it('tells no failure that is over', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    world.machine.behave(broken, 'pull-fails')
    world.registry.push({ registry: 'ghcr.io', repository: 'o/web' }, '2', digest(2))
    world.git.change({ 'shop/compose.yaml': shop.replace(web, broken) })
    await deploy(world)
    expect((await status(world)).stacks[0]?.state).toBe('failed')
    const { commit } = world.git.change({ 'shop/compose.yaml': shop })
    await deploy(world)
    expect((await status(world)).stacks[0]).toMatchObject({ state: 'proven', reason: '', commit })
  })

  it('tells of a stack that was refused and never ran', async () => {
    const world = createWorld({
      'shop/compose.yaml': compose('web: {image: a, env_file: ../../x}'),
    })
    await deploy(world)
    expect((await status(world)).stacks).toMatchObject([
      { name: 'shop', state: 'refused', commit: null, services: [] },
    ])
  })

  it('leaves out the containers of other people, and asks nobody but the engine', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    for (const container of world.machine.containers.values()) {
      world.machine.containers.set(container.id, { ...container, labels: {} })
    }
    const before = [world.machine.calls.length, world.order.length]
    expect((await status(world)).stacks).toMatchObject([
      {
        name: 'shop',
        state: 'drifted',
        services: [
          { name: 'plain', state: 'missing' },
          { name: 'web', state: 'missing', image: web, pin: 'pinned' },
        ],
      },
    ])
    expect([world.machine.calls.length, world.order.length]).toEqual([
      Number(before[0]) + 1,
      before[1],
    ])
  })

  it('takes an image that is only an id for unpinned', async () => {
    const world = createWorld({})
    const observed = {
      id: 'a',
      name: 'shop-web-1',
      project: 'shop',
      service: 'web',
      state: 'running',
      health: 'none',
      exitCode: 0,
      restartCount: 0,
      startedAt: 1,
      image: 'a'.repeat(64),
      digests: [],
      labels: { 'magos.stack': 'shop' },
      imageId: 'a'.repeat(64),
      restarts: 'no',
      joins: [],
      ports: [],
    } as const
    const engine = { ...world.ctx.engine, observe: async () => ({ at: 1, containers: [observed] }) }
    const { stacks } = await status({ ...world, ctx: { ...world.ctx, engine } })
    expect(stacks[0]?.services[0]?.pin).toBe('unpinned')
  })
})

async function breakShop() {
  const world = createWorld({ 'shop/compose.yaml': shop })
  const { commit } = await world.git.head(signal)
  await deploy(world)
  world.machine.behave(broken, 'unhealthy')
  world.git.change({ 'shop/compose.yaml': shop.replace(web, broken) })
  await deploy(world)
  return { world, commit }
}
