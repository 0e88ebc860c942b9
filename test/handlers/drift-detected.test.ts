import { describe, expect, it } from 'vitest'
import { driftDetected } from '../../handlers/drift-detected.ts'
import { releaseRequested } from '../../handlers/hold-requested.ts'
import { deployRevision } from '../../handlers/revision-pushed.ts'
import { withEvent, type Departure } from '../../src/domain/deploy/departure.ts'
import { MagosError } from '../../src/domain/error.ts'
import { dying } from './dying.ts'
import { status } from './status.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const db = `ghcr.io/o/db@${digest(2)}`
const shop = compose(`web: {image: ${web}}`, `db: {image: ${db}}`)
const blog = compose(`blog: {image: ghcr.io/o/blog@${digest(3)}}`)

async function running(options: WorldOptions = {}): Promise<World> {
  const world = createWorld({ 'shop/compose.yaml': shop, 'blog/compose.yaml': blog }, options)
  await deploy(world)
  return world
}

/** Somebody does something to the host, and the engine tells of it. */
async function after(world: World, act: () => void) {
  let departures: readonly Departure[] = []
  const listener = (event: Parameters<typeof withEvent>[1]) => {
    departures = withEvent(departures, event)
  }
  world.machine.listeners.add(listener)
  act()
  world.machine.listeners.delete(listener)
  return look(world, departures)
}

async function look(world: World, departures: readonly Departure[] = []) {
  const before = world.machine.calls.length
  const order = world.order.length
  const { answer, followUps } = await driftDetected(
    world.ctx,
    { kind: 'drift-detected', departures },
    signal,
  )
  return {
    deployments: answer.deployments,
    outcomes: outcomes(answer.deployments),
    followUps,
    // Whether names are answered for is asked at every sweep; network-care.test.ts has it.
    calls: world.machine.calls
      .slice(before)
      .filter((call) => !call.startsWith('watch ') && call !== 'nameless'),
    asked: world.order.slice(order),
  }
}

const id = (world: World, name: string) => containers(world)[name] ?? ''

function states({ machine }: World): Record<string, string> {
  return Object.fromEntries(machine.observed(null).map(({ name, state }) => [name, state]))
}

const ALL_RUN = { 'blog-blog-1': 'running', 'shop-db-1': 'running', 'shop-web-1': 'running' }

describe('driftDetected()', () => {
  it('looks once and asks nobody else where nothing drifted', async () => {
    const world = await running()
    expect(await look(world)).toEqual({
      deployments: [],
      outcomes: [],
      followUps: [],
      calls: ['observe'],
      asked: [],
    })
  })

  it('makes anew what was cut off its network by hand, and nothing else', async () => {
    const world = await running()
    const [one, other] = [id(world, 'shop-web-1'), id(world, 'shop-db-1')]
    world.machine.disconnect(one, 'shop_default')
    const seen = await look(world)
    expect(seen.outcomes).toEqual(['shop succeeded'])
    expect(seen.deployments[0]?.services).toContainEqual({
      name: 'web',
      action: 'recreate',
      reasons: ['container shop-web-1 does not hang on network "shop_default" any more'],
    })
    expect(id(world, 'shop-web-1')).not.toBe(one)
    expect(id(world, 'shop-db-1')).toBe(other)
    expect((await look(world)).calls).toEqual(['observe'])
  })

  it.each<[string, (world: World) => void]>([
    ['killed', (world) => world.machine.kill(id(world, 'shop-web-1'))],
    ['removed', (world) => world.machine.drop(id(world, 'shop-web-1'))],
    ['stopped beside others', (world) => world.machine.stop(id(world, 'shop-web-1'))],
    ['replaced by hand', (world) => replace(world, { labels: {} })],
    ['of another digest', (world) => replace(world, { image: `ghcr.io/o/web@${digest(9)}` })],
  ])('puts a container right that is %s, and leaves the others', async (_title, act) => {
    const world = await running()
    const before = containers(world)
    const { outcomes: came, calls } = await after(world, () => act(world))
    expect(came).toEqual(['shop succeeded'])
    expect(calls).toContain('up shop web')
    expect(states(world)).toEqual(ALL_RUN)
    expect(containers(world)).toMatchObject({
      'shop-db-1': before['shop-db-1'],
      'blog-blog-1': before['blog-blog-1'],
    })
    expect(
      world.machine
        .observed('shop')
        .map(({ image }) => image)
        .toSorted(),
    ).toEqual([db, web])
    expect((await look(world)).outcomes).toEqual([])
  })

  it('removes a container that is another than what was proven before it makes its own', async () => {
    const world = await running()
    const { calls } = await after(world, () => replace(world, { labels: {} }))
    expect(calls.filter((call) => /^(?:up|remove) /.test(call))).toEqual([
      'remove by-hand',
      'up shop web',
    ])
  })

  it('leaves what is being stopped to a person, and stops it before it is started', async () => {
    const world = await running()
    const hanging = id(world, 'shop-web-1')
    world.machine.hang(hanging)
    world.machine.drop(id(world, 'shop-db-1'))
    expect((await look(world)).outcomes).toEqual([])
    const calls = world.machine.calls.length
    const { deployments } = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'shop', asked: 'by-person' }, signal),
    )
    expect(outcomes(deployments)).toEqual(['shop succeeded'])
    const acts = world.machine.calls.slice(calls).filter((call) => /^(?:stop|up) /.test(call))
    expect(acts).toEqual([`stop ${hanging}`, 'up shop all'])
    expect(states(world)).toEqual(ALL_RUN)
  })

  it('puts right what Magos itself was stopping when it died, and asks nobody', async () => {
    const world = await running()
    const hanging = id(world, 'shop-web-1')
    world.machine.hang(hanging)
    const standing = world.ctx.upkeep.standing('shop')
    if (standing === null) throw new Error('Nothing stands')
    world.ctx.upkeep.stand({ ...standing, boot: 'none' })
    const { outcomes: came, calls } = await look(world)
    expect(came).toEqual(['shop succeeded'])
    expect(calls).toContain(`stop ${hanging}`)
    expect(states(world)).toEqual(ALL_RUN)
  })

  it('needs no repository but what is on the disk', async () => {
    const world = await running()
    const away = new MagosError('network', 'GitHub is away')
    const source = { ...world.ctx.source, head: () => Promise.reject(away) }
    world.machine.kill(id(world, 'shop-web-1'))
    const { answer } = await driftDetected(
      { ...world.ctx, source, now: Date.now() },
      { kind: 'drift-detected', departures: [] },
      signal,
    )
    expect(outcomes(answer.deployments)).toEqual(['shop succeeded'])
  })

  it('heals what was proven, not what git says since: that is another event’s', async () => {
    const world = await running()
    world.git.change({ 'shop/compose.yaml': compose(`web: {image: ghcr.io/o/web@${digest(7)}}`) })
    await after(world, () => world.machine.kill(id(world, 'shop-web-1')))
    expect(states(world)).toEqual(ALL_RUN)
    expect(
      world.machine
        .observed('shop')
        .map(({ image }) => image)
        .toSorted(),
    ).toEqual([db, web])
  })

  it('heals a stack that went ahead of this host at the commit that it went to', async () => {
    const world = await running()
    const ahead = `ghcr.io/o/web@${digest(7)}`
    world.git.change({
      'shop/compose.yaml': compose(`web: {image: ${ahead}}`, `db: {image: ${db}}`),
    })
    await deploy(world, (ctx) => deployRevision(ctx, { stack: 'shop', asked: 'by-person' }, signal))
    await after(world, () => {
      world.machine.kill(id(world, 'shop-web-1'))
      world.machine.kill(id(world, 'blog-blog-1'))
    })
    expect(states(world)).toEqual(ALL_RUN)
    expect(world.machine.observed('shop').map(({ image }) => image)).toContain(ahead)
  })

  it('takes nothing for somebody’s wish that it did itself before it was killed', async () => {
    const lives: unknown[] = []
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += 1) {
        const world = await running()
        const old = world.machine.containers.get(id(world, 'blog-blog-1'))
        if (old === undefined) throw new Error('There is no such container')
        world.machine.drop(old.id)
        world.machine.containers.set('by-hand', { ...old, id: 'by-hand', labels: {} })
        const { ctx, died } = dying(world.ctx, { at, when })
        const event = { kind: 'drift-detected', departures: [] } as const
        await driftDetected(ctx, event, signal).catch(() => undefined)
        const death = died()
        if (death === null) break
        await look(world)
        const state = states(world)['blog-blog-1']
        const held = await world.ctx.holds.held('blog')
        lives.push({ death, state, held, next: (await look(world)).calls })
      }
    }
    const well = { death: expect.any(String), state: 'running', held: null, next: ['observe'] }
    expect(lives).toEqual(lives.map(() => well))
    expect(lives.length).toBeGreaterThan(20)
  })

  it('looks again soon where a container is being stopped', async () => {
    const world = await running()
    const { engine } = world.ctx
    const departures: Departure[] = [
      { container: 'x', project: 'shop', service: 'db', how: 'stopped' },
      { container: 'y', project: 'blog', service: 'blog', how: 'died' },
    ]
    const ctx = {
      ...world.ctx,
      now: Date.now(),
      engine: {
        ...engine,
        observe: async () => {
          const state = await engine.observe(signal)
          const leaving = state.containers.map((one) =>
            one.service === 'web' ? { ...one, state: 'stopping' as const } : one,
          )
          return { ...state, containers: leaving }
        },
      },
    }
    const kind = 'drift-detected'
    const { answer, followUps } = await driftDetected(ctx, { kind, departures }, signal)
    expect(answer.deployments).toEqual([])
    expect(followUps).toEqual([
      {
        event: { kind, departures: departures.slice(0, 1), looks: 1 },
        origin: { source: 'own' },
      },
    ])
    const hanging = await driftDetected(ctx, { kind, departures, looks: 120 }, signal)
    expect(hanging.followUps).toEqual([])
    const swept = await driftDetected(ctx, { kind, departures: [] }, signal)
    expect(swept.followUps).toEqual([])
  })
})

const kept = compose(`web: {image: ${web}, restart: always}`)

/** Nobody told the engine to. */
function killedAway({ machine }: World, container: string): void {
  machine.die(container, 137)
}

const stopAll = (world: World) => () => {
  world.machine.stop(id(world, 'shop-web-1'))
  world.machine.stop(id(world, 'shop-db-1'))
}

describe('driftDetected() of a stack that somebody stopped', () => {
  it('holds it and leaves it stopped, in every later pass', async () => {
    const world = await running()
    const { outcomes: came } = await after(world, stopAll(world))
    expect(came).toEqual(['shop held'])
    expect(await world.ctx.holds.held('shop')).toMatchObject({ kind: 'stopped-by-hand' })
    expect((await look(world)).calls).toEqual(['observe'])
    expect(outcomes((await deploy(world)).deployments)).toEqual(['blog unchanged', 'shop held'])
    expect(states(world)).toMatchObject({ 'shop-web-1': 'exited', 'shop-db-1': 'exited' })
  })

  it('holds it also where nobody saw the events, and where all was removed', async () => {
    const world = await running()
    stopAll(world)()
    world.machine.drop(id(world, 'shop-db-1'))
    expect(outcomes((await deploy(world)).deployments)).toContain('shop held')
  })

  it.each<[string, string, (world: World, container: string) => void]>([
    ['killed by a kernel, which its engine remembers', 'succeeded', killedAway],
    [
      'killed by a kernel, as its engine has forgotten',
      'held',
      (world, container) => {
        world.machine.memory = 'forgets'
        killedAway(world, container)
      },
    ],
    ['at its own end', 'succeeded', ({ machine }, container) => machine.die(container, 0)],
    ['killed by the engine', 'succeeded', ({ machine }, container) => machine.kill(container)],
    ['stopped', 'held', ({ machine }, container) => machine.stop(container)],
    [
      'stopped, and complains of it',
      'held',
      ({ machine }, container) => {
        machine.stop(container)
        const one = machine.containers.get(container)
        if (one !== undefined) machine.containers.set(container, { ...one, stopped: 1 })
      },
    ],
  ])('judges a server that went while nobody looked: %s: %s', async (_how, outcome, act) => {
    const world = await running()
    act(world, id(world, 'blog-blog-1'))
    const told = (await status(world)).stacks.find(({ name }) => name === 'blog')
    expect(told?.reason.includes('so the next pass holds it')).toBe(outcome === 'held')
    expect((await look(world)).calls).toContain('past events')
    expect((await world.ctx.holds.held('blog')) !== null).toBe(outcome === 'held')
    expect(states(world)['blog-blog-1']).toBe(outcome === 'held' ? 'exited' : 'running')
  })

  it('starts what its engine was to start and leaves down, once it had its time for that', async () => {
    const world = createWorld({ 'shop/compose.yaml': kept })
    await deploy(world)
    const { machine, ctx } = world
    const container = id(world, 'shop-web-1')
    const seen = await after(world, () => machine.dieForGood(container, 1))
    expect(seen.outcomes).toEqual([])
    const [again] = seen.followUps
    expect(again?.event).toMatchObject({ kind: 'drift-detected', looks: 1 })
    const departures = again?.event.kind === 'drift-detected' ? again.event.departures : []
    expect(departures).toMatchObject([{ container, how: 'died' }])
    // Nobody saw it, but the engine has.
    expect((await look(world)).outcomes).toEqual(['shop unchanged'])
    await machine.clock.sleep(10_000, signal)
    expect((await look(world, departures)).outcomes).toEqual(['shop succeeded'])
    expect(states(world)['shop-web-1']).toBe('running')
    machine.dieForGood(id(world, 'shop-web-1'), 1)
    await machine.clock.sleep(10_000, signal)
    expect((await look(world)).outcomes).toEqual(['shop succeeded'])
    machine.stop(id(world, 'shop-web-1'))
    await machine.clock.sleep(10_000, signal)
    expect((await look(world)).outcomes).toEqual(['shop held'])
    expect(await ctx.holds.held('shop')).toMatchObject({ kind: 'stopped-by-hand' })
  })

  it('asks nothing of the past where its containers were seen to go, or some run', async () => {
    const world = await running()
    const seen = await after(world, stopAll(world))
    expect(seen.outcomes).toEqual(['shop held'])
    expect(seen.calls).not.toContain('past events')
    const other = await running()
    killedAway(other, id(other, 'shop-web-1'))
    expect((await look(other)).calls).not.toContain('past events')
  })

  it('takes a one-shot that ended long ago for no sign against it', async () => {
    const world = createWorld({
      'shop/compose.yaml': compose(`web: {image: ${web}}`, 'job: {image: ghcr.io/o/job:1}'),
    })
    world.machine.behave('ghcr.io/o/job:1', 'ends')
    await deploy(world)
    world.machine.die(id(world, 'shop-job-1'), 0)
    world.machine.stop(id(world, 'shop-web-1'))
    expect((await look(world)).outcomes).toEqual(['shop held'])
  })

  it('brings it back where its only container was killed', async () => {
    const world = await running()
    const { outcomes: came } = await after(world, () =>
      world.machine.kill(id(world, 'blog-blog-1')),
    )
    expect(came).toEqual(['blog succeeded'])
    expect(states(world)).toEqual(ALL_RUN)
  })

  it('ends the hold when the stack changes in git, and starts all of it', async () => {
    const world = await running()
    await after(world, stopAll(world))
    const file = compose(`web: {image: ghcr.io/o/web@${digest(7)}}`, `db: {image: ${db}}`)
    world.git.change({ 'shop/compose.yaml': file })
    expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
    expect(states(world)).toEqual(ALL_RUN)
  })

  it('starts all of it when it is released', async () => {
    const world = await running()
    await after(world, stopAll(world))
    const asked = { ...world.ctx, inbox: world.inbox, now: 1, openSource: () => Promise.reject() }
    await releaseRequested(asked, 'shop', signal)
    expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
    expect(states(world)).toEqual(ALL_RUN)
    expect((await look(world)).outcomes).toEqual([])
  })

  it('holds nothing while the machine goes down', async () => {
    const machine = { isEnding: async () => await Promise.resolve(true) }
    const world = await running({ machine })
    const { outcomes: came } = await after(world, stopAll(world))
    expect(came).toEqual(['shop unchanged'])
    expect(await world.ctx.holds.held('shop')).toBeNull()
  })

  it('is no stop by hand where a person asks for the stack', async () => {
    const world = await running()
    stopAll(world)()
    const { deployments } = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'shop', asked: 'by-person' }, signal),
    )
    expect(outcomes(deployments)).toEqual(['shop succeeded'])
    expect(states(world)).toEqual(ALL_RUN)
  })
})

function reboot(world: World): World {
  for (const one of world.machine.observed(null)) world.machine.stop(one.id)
  const ctx = Object.defineProperty(
    { ...world.ctx, machine: { ...world.ctx.machine, boot: 'second' } },
    'now',
    { get: () => world.ctx.now },
  )
  return { ...world, ctx }
}

describe('driftDetected() after a boot', () => {
  it('starts and proves every stack, and then rests', async () => {
    const world = reboot(await running())
    expect((await look(world)).outcomes).toEqual(['blog succeeded', 'shop succeeded'])
    expect(states(world)).toEqual(ALL_RUN)
    expect((await look(world)).calls).toEqual(['observe'])
  })

  it('starts what was proven last where git says what is refused', async () => {
    const first = await running()
    first.git.change({ 'shop/compose.yaml': 'services: [' })
    expect(outcomes((await deploy(first)).deployments)).toContain('shop rolled-back')
    const world = reboot(first)
    expect((await look(world)).outcomes).toEqual(['blog succeeded', 'shop rolled-back'])
    expect(states(world)).toEqual(ALL_RUN)
    expect((await look(world)).calls).toEqual(['observe'])
    world.machine.kill(id(world, 'shop-web-1'))
    expect((await look(world)).deployments).toMatchObject([
      { outcome: 'rolled-back', reason: expect.stringContaining('the last good state runs on') },
    ])
    expect(states(world)).toEqual(ALL_RUN)
    await after(world, stopAll(world))
    expect(await world.ctx.holds.held('shop')).toMatchObject({ kind: 'stopped-by-hand' })
    expect(states(world)).toMatchObject({ 'shop-web-1': 'exited' })
    await deploy(world)
    expect(states(world)).toMatchObject({ 'shop-web-1': 'exited' })
  })

  it.each([
    ['two stacks of one project', { 'x/compose.yaml': `name: shop\n${blog}` }, 'blog succeeded'],
    ['settings that do not read', { '.magos.yaml': 'stacks: [' }, 'blog rolled-back'],
  ])(
    'keeps what was proven last where the repository refuses it: %s',
    async (_why, files, other) => {
      const first = await running()
      first.git.change(files)
      const pass = await deploy(first)
      expect(outcomes(pass.deployments)).toContain('shop rolled-back')
      const world = reboot(first)
      const booted = (await look(world)).outcomes
      expect(booted).toEqual([other, 'shop rolled-back'])
      expect(states(world)).toEqual(ALL_RUN)
      expect((await look(world)).calls).toEqual(['observe'])
      const healed = await after(world, () => world.machine.kill(id(world, 'shop-web-1')))
      expect(healed.deployments).toMatchObject([
        { stack: 'shop', reason: expect.stringContaining('the last good state runs on') },
      ])
      expect(states(world)).toEqual(ALL_RUN)
      const now = await status(world)
      expect(now.stacks.find(({ name }) => name === 'shop')).toMatchObject({
        state: 'refused',
      })
    },
  )

  it('leaves a stack that the repository refuses where a person holds it', async () => {
    const first = await running()
    first.git.change({ '.magos.yaml': 'stacks: [' })
    const hold = { kind: 'operator', by: 'ann', reason: '', at: 1, tracked: null } as const
    await first.ctx.holds.hold('shop', hold)
    expect(outcomes((await deploy(first)).deployments)).toContain('shop held')
    const world = reboot(first)
    expect((await look(world)).outcomes).toEqual(['blog rolled-back'])
    expect(outcomes((await deploy(world)).deployments)).toContain('shop held')
    expect(states(world)).toMatchObject({ 'shop-web-1': 'exited', 'blog-blog-1': 'running' })
  })

  it('leaves what is held', async () => {
    const first = await running()
    await after(first, () => {
      first.machine.stop(id(first, 'shop-web-1'))
      first.machine.stop(id(first, 'shop-db-1'))
    })
    const world = reboot(first)
    expect((await look(world)).outcomes).toEqual(['blog succeeded'])
    expect(states(world)).toMatchObject({ 'shop-web-1': 'exited', 'blog-blog-1': 'running' })
  })

  it('proves a stack whose containers the engine started itself', async () => {
    const world = await running()
    const ctx = Object.defineProperty(
      { ...world.ctx, machine: { ...world.ctx.machine, boot: 'second' } },
      'now',
      { get: () => world.ctx.now },
    )
    const { answer } = await driftDetected(ctx, { kind: 'drift-detected', departures: [] }, signal)
    expect(answer.deployments).toMatchObject([
      { stack: 'blog', outcome: 'unchanged', reason: expect.stringMatching(/^proven again: /) },
      { stack: 'shop', outcome: 'unchanged' },
    ])
  })
})

describe('driftDetected() of what will not converge', () => {
  it('tries later each time, gives up, and tells so; a person may ask again', async () => {
    const world = await running()
    world.machine.behave(web, 'unhealthy')
    world.machine.drop(id(world, 'shop-web-1'))
    const first = await look(world)
    expect(first.deployments).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('service "web" is unhealthy') },
    ])
    expect(first.followUps.map(({ event }) => event.kind)).toContain('report-due')
    const again = await look(world)
    expect(again.calls).toEqual(['observe', 'observe'])
    expect(again.followUps).toEqual([])
    for (let tries = 0; tries < 10; tries += 1) {
      await world.machine.clock.sleep(700_000, signal)
      await look(world)
    }
    const { deployments, calls } = await look(world)
    expect(calls).toEqual(['observe', 'observe'])
    expect(deployments[0]?.reason).toContain('given up after 5 tries: service "web" is unhealthy')
    world.machine.behave(web, 'healthy')
    const byPerson = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'shop', asked: 'by-person' }, signal),
    )
    expect(outcomes(byPerson.deployments)[0]).toMatch(/^shop (unchanged|succeeded)$/)
    expect((await look(world)).calls).toEqual(['observe'])
  })

  it('makes anew what starting did not help', async () => {
    const world = await running()
    world.machine.behave(web, 'exits')
    const before = id(world, 'shop-web-1')
    await look(world)
    await world.machine.clock.sleep(10_000, signal)
    const { calls } = await look(world)
    expect(calls.some((call) => call.startsWith('remove '))).toBe(true)
    expect(id(world, 'shop-web-1')).not.toBe(before)
  })
})

describe('driftDetected() where drift is only reported', () => {
  it('touches nothing and tells once', async () => {
    const world = await running({ host: { drift: 'report', drifts: { blog: 'heal' } } })
    world.machine.kill(id(world, 'shop-web-1'))
    world.machine.kill(id(world, 'blog-blog-1'))
    const blogs: Departure = {
      container: id(world, 'blog-blog-1'),
      project: 'blog',
      service: 'blog',
      how: 'killed',
    }
    const first = await look(world, [blogs])
    expect(first.outcomes).toEqual(['blog succeeded', 'shop held'])
    expect(first.deployments[1]).toMatchObject({
      reason: expect.stringContaining('container shop-web-1 exited with 137'),
      remedy: 'Put it right with: magos sync shop',
    })
    expect(states(world)).toMatchObject({ 'shop-web-1': 'exited' })
    const second = await look(world)
    expect(second.followUps).toEqual([])
    expect(world.lines.filter(({ message }) => message.includes('only reported'))).toHaveLength(1)
    const { deployments } = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'shop', asked: 'by-person' }, signal),
    )
    expect(outcomes(deployments)).toEqual(['shop succeeded'])
  })

  it('touches nothing behind a try that a person asked for and that failed', async () => {
    const world = await running({ host: { drift: 'report' } })
    world.machine.behave(web, 'exits')
    world.machine.drop(id(world, 'shop-web-1'))
    const { deployments } = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'shop', asked: 'by-person' }, signal),
    )
    expect(outcomes(deployments)).toEqual(['shop failed'])
    await world.machine.clock.sleep(10_000, signal)
    expect((await look(world)).calls.filter((call) => /^(?:up|remove) /.test(call))).toEqual([])
  })
})

function replace(world: World, more: Partial<{ labels: Record<string, string>; image: string }>) {
  const { machine } = world
  const old = machine.containers.get(id(world, 'shop-web-1'))
  if (old === undefined) throw new Error('There is no such container')
  machine.drop(old.id)
  machine.containers.set('by-hand', { ...old, id: 'by-hand', definition: 'by hand', ...more })
}
