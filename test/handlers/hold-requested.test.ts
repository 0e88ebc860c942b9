import { describe, expect, it } from 'vitest'
import { holdRequested, releaseRequested } from '../../handlers/hold-requested.ts'
import { planRequested } from '../../handlers/plan-requested.ts'
import { MagosError } from '../../src/domain/error.ts'
import { status } from './status.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const web2 = `ghcr.io/o/web@${digest(2)}`
const shop = compose(`web: {image: ${web}}`)

describe('holdRequested()', () => {
  it('holds a stack and says by whom, since when and why', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    const answer = await hold(world)
    const hours = (await world.ctx.holds.held('shop'))?.at ?? 0
    expect(answer).toEqual({
      stack: 'shop',
      outcome: 'held',
      reason: `held by ada since ${new Date(hours).toISOString()}: moving house`,
      before: null,
    })
  })

  it('keeps what was said of a stack that is held already, and tells both', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    const { reason: first } = await hold(world)
    const ctx = { ...asked(world), now: world.ctx.now + 60_000 }
    const ask = { stack: 'shop', by: 'bob', reason: 'the disk is full' }
    const both = await holdRequested(ctx, ask, signal)
    const later = new Date(ctx.now).toISOString()
    expect(both.reason).toBe(`${first}; also by bob since ${later}: the disk is full`)
    expect(both.before).toBe(first)
    expect((await releaseRequested(ctx, 'shop', signal)).reason).toBe(both.reason)
  })

  it('refuses reasons without end, and keeps the hold', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await hold(world)
    const before = await world.ctx.holds.held('shop')
    const ask = { stack: 'shop', by: 'ada', reason: 'x'.repeat(4000) }
    await expect(holdRequested(asked(world), ask, signal)).rejects.toMatchObject({ code: 'usage' })
    expect(await world.ctx.holds.held('shop')).toEqual(before)
  })

  it('throws `usage` for a stack that this host does not have, and holds nothing', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await expect(hold(world, 'shpo')).rejects.toMatchObject({
      code: 'usage',
      message: 'Cannot find stack "shpo" on this host: there are shop',
    })
    expect(await world.ctx.holds.all()).toEqual(new Map())
  })

  it('refuses to release what is neither stack nor image, and says how images are named', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await expect(releaseRequested(asked(world), 'shpo', signal)).rejects.toMatchObject({
      code: 'usage',
      message: 'Cannot find stack "shpo" on this host: there are shop',
      remedy: expect.stringContaining('shpo:TAG'),
    })
  })

  it('needs no repository for a stack that was deployed here before', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    const ask = { stack: 'shop', by: 'ada', reason: '' }
    const answer = await holdRequested({ ...asked(world), openSource: away }, ask, signal)
    expect(answer.outcome).toBe('held')
    await expect(
      holdRequested({ ...asked(world), openSource: away }, { ...ask, stack: 'shpo' }, signal),
    ).rejects.toMatchObject({ code: 'network' })
  })

  it('keeps everything as it is, whatever git says, and says so in every answer', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    const before = [containers(world), world.files.list('shop')]
    await hold(world)
    for (const text of [shop.replace(web, web2), 'services: [broken']) {
      world.git.change({ 'shop/compose.yaml': text })
      const { deployments, calls } = await deploy(world)
      expect(deployments).toMatchObject([
        { stack: 'shop', outcome: 'held', hold: 'operator', services: [] },
      ])
      expect(deployments[0]?.reason).toMatch(/^held by ada since .*: moving house$/)
      expect(deployments[0]?.remedy).toBe('Let it go on with: magos release shop')
      expect(calls).toEqual(['observe'])
    }
    expect([containers(world), world.files.list('shop')]).toEqual(before)
    expect((await status(world)).stacks).toMatchObject([{ name: 'shop', state: 'held' }])
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    const plan = await planRequested(world.ctx, null, signal)
    expect(plan.stacks[0]).toMatchObject({ name: 'shop', services: [{ action: 'recreate' }] })
    expect(plan.stacks[0]?.held).toMatch(/^held by ada/)
  })

  it('is told once a commit as pending, and as over after the release', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    await hold(world)
    expect((await deploy(world)).reports.map(({ state }) => state)).toEqual(['pending', 'pending'])
    expect((await deploy(world)).reports).toEqual([])
    await releaseRequested(asked(world), 'shop', signal)
    const { deployments, reports } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop unchanged'])
    expect(reports.map(({ state }) => state)).toEqual(['success', 'success'])
  })

  it('forgets no failure: the release tries nothing again', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    world.machine.behave(web2, 'unhealthy')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    await deploy(world)
    await hold(world)
    await deploy(world)
    expect(world.history.aside('shop')).toMatchObject({ outcome: 'held' })
    await releaseRequested(asked(world), 'shop', signal)
    const { calls, reports } = await deploy(world)
    expect(calls).toEqual(['observe'])
    expect(reports.map(({ state }) => state)).toEqual(['failure', 'failure'])
    expect(world.history.aside('shop')).toBeNull()
    expect((await deploy(world)).reports).toEqual([])
  })

  it('leaves the other stacks alone', async () => {
    const blog = compose(`blog: {image: ghcr.io/o/blog@${digest(7)}}`)
    const world = createWorld({ 'shop/compose.yaml': shop, 'blog/compose.yaml': blog })
    await hold(world)
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog succeeded', 'shop held'])
  })
})

describe('a stack that was stopped by hand', () => {
  it.each([
    [
      'a service',
      (world: World) => world.git.change({ 'shop/compose.yaml': shop.replaceAll('web:', 'www:') }),
      'succeeded',
    ],
    [
      'what none reads',
      (world: World) => world.git.change({ 'shop/README.md': '# New\n' }),
      'held',
    ],
    ['its own .env', (world: World) => world.files.write('shop', '.env', 'A=2\n'), 'held'],
    ['nothing', () => undefined, 'held'],
  ])('is held until it changes in git: %s changed', async (_title, change, outcome) => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    await world.ctx.holds.hold('shop', {
      kind: 'stopped-by-hand',
      by: 'magos',
      reason: 'every container was stopped',
      at: world.ctx.now,
      tracked: await trackedOf(world),
    })
    expect((await deploy(world)).deployments).toMatchObject([
      { outcome: 'held', hold: 'stopped-by-hand' },
    ])
    change(world)
    expect((await deploy(world)).deployments[0]?.outcome).toBe(outcome)
    expect((await world.ctx.holds.held('shop')) === null).toBe(outcome !== 'held')
  })
})

describe('releaseRequested()', () => {
  it('ends the hold and has a daemon look at once', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await hold(world)
    expect(await releaseRequested(asked(world), 'shop', signal)).toMatchObject({
      outcome: 'released',
    })
    expect(world.inbox.pending().map(({ event }) => event.kind)).toEqual(['revision-pushed'])
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
  })

  it('says that nothing was held, and bothers no daemon', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    expect(await releaseRequested(asked(world), 'shop', signal)).toEqual({
      stack: 'shop',
      outcome: 'not-held',
      reason: '',
    })
    expect(world.inbox.pending()).toEqual([])
  })
})

function away(): Promise<never> {
  return Promise.reject(new MagosError('network', 'GitHub is away'))
}

function asked(world: World) {
  const { history, holds, upkeep, views, host, now } = world.ctx
  const openSource = async () => await Promise.resolve(world.ctx.source)
  return { history, holds, upkeep, views, host, now, inbox: world.inbox, openSource }
}

function hold(world: World, stack = 'shop') {
  return holdRequested(asked(world), { stack, by: 'ada', reason: 'moving house' }, signal)
}

async function trackedOf(world: World): Promise<string> {
  const { readStack } = await import('../../handlers/steps/read-stack.ts')
  const { viewRepository } = await import('../../handlers/steps/view-repository.ts')
  const view = await viewRepository(world.ctx, await world.git.head(signal), signal)
  const [stack] = view.stacks
  if (stack === undefined) throw new Error('No stack')
  return (await readStack(world.ctx, view, stack, signal)).tracked
}
