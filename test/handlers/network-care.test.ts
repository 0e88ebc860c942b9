import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { driftDetected } from '../../handlers/drift-detected.ts'
import { MagosError } from '../../src/domain/error.ts'
import { Killed } from './dying.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const web = `{image: "ghcr.io/o/web@${digest(1)}", ports: ["8080:80"]}`
const db = `{image: "ghcr.io/o/db@${digest(2)}"}`
const DOOR = '127.0.0.1:8080'

async function running(options: WorldOptions = {}, settings = ''): Promise<World> {
  const files = { 'shop/compose.yaml': compose(`web: ${web}`, `db: ${db}`) }
  const world = createWorld(
    settings === '' ? files : { ...files, '.magos.yaml': settings },
    options,
  )
  await deploy(world)
  return world
}

/** What a sweep does to the host, and what it says. */
async function sweep(world: World) {
  const before = world.machine.calls.length
  const lines = world.lines.length
  const { answer } = await driftDetected(
    world.ctx,
    { kind: 'drift-detected', departures: [] },
    signal,
  )
  return {
    outcomes: outcomes(answer.deployments),
    did: world.machine.calls
      .slice(before)
      .filter((call) => /^(?:reconnect|restart|remove|up) /.test(call)),
    said: world.lines.slice(lines).map(({ message }) => message),
  }
}

const id = (world: World) => containers(world)['shop-web-1'] ?? ''
const other = (world: World) => containers(world)['shop-db-1'] ?? ''

/** The port takes connections again once the engine did that. */
function heals(world: World, call: 'reconnect' | 'restart' | 'up'): void {
  const { calls } = world.machine
  world.prober.answer(DOOR, 'connection refused')
  const push = calls.push.bind(calls)
  calls.push = (...made) => {
    if (made.some((one) => one.startsWith(`${call} `))) world.prober.answer(DOOR, null)
    return push(...made)
  }
}

/** Containers are up long enough for their silence to mean something. */
async function pass(world: World, ms: number): Promise<void> {
  await world.machine.clock.sleep(ms, signal)
}

describe('mendNetworks()', () => {
  it('does nothing where every port connects and every name is answered for', async () => {
    const world = await running()
    expect(await sweep(world)).toEqual({ outcomes: [], did: [], said: [] })
  })

  it('connects what cannot be reached to its networks anew, and leaves the others', async () => {
    const world = await running()
    heals(world, 'reconnect')
    const { did, said } = await sweep(world)
    expect(did).toEqual([`reconnect ${id(world)}`])
    expect(said).toContain('Network put right: connected to its networks anew')
    expect((await sweep(world)).did).toEqual([])
  })

  it('does so where nobody answers for names', async () => {
    const world = await running()
    world.machine.networks.nameless.add(other(world))
    expect((await sweep(world)).did).toEqual([`reconnect ${other(world)}`])
    expect((await sweep(world)).did).toEqual([])
  })

  it('stops nothing that may still be coming up', async () => {
    const world = await running()
    heals(world, 'restart')
    expect((await sweep(world)).did).toEqual([`reconnect ${id(world)}`])
  })

  it('leaves a stack to whoever works at it', async () => {
    const world = await running()
    heals(world, 'reconnect')
    const { promise, resolve } = Promise.withResolvers<void>()
    const { lanes } = world.ctx
    const turn = { stack: 'shop', look: lanes.glance(), kind: 'keep' } as const
    const working = lanes.seize(turn, () => promise, signal)
    expect((await sweep(world)).did).toEqual([])
    resolve()
    await working
    expect((await sweep(world)).did).toEqual([`reconnect ${id(world)}`])
  })

  it('begins once there is room for another stack to be acted on', async () => {
    const world = await running()
    heals(world, 'reconnect')
    const { promise, resolve } = Promise.withResolvers<void>()
    const { lanes } = world.ctx
    const others = ['a', 'b', 'c', 'd'].map((stack) => {
      const turn = { stack, look: lanes.glance(), kind: 'keep' } as const
      return lanes.seize(turn, (act) => act(() => promise), signal)
    })
    const swept = sweep(world)
    for (let turns = 0; turns < 5; turns += 1) await setImmediate()
    expect(world.machine.calls.filter((call) => call.startsWith('reconnect'))).toEqual([])
    resolve()
    await Promise.all(others)
    expect((await swept).did).toEqual([`reconnect ${id(world)}`])
  })

  it('restarts what stays silent', async () => {
    const world = await running()
    await pass(world, 60_000)
    heals(world, 'restart')
    const { did, said } = await sweep(world)
    expect(did).toEqual([`reconnect ${id(world)}`, `restart ${id(world)}`])
    expect(said).toContain('Network put right: started anew')
  })

  it('makes anew what no restart helps, and proves it', async () => {
    const world = await running()
    await pass(world, 60_000)
    const [before, beside] = [id(world), other(world)]
    heals(world, 'up')
    const { did, outcomes: came } = await sweep(world)
    expect(did.slice(0, 3)).toEqual([
      `reconnect ${before}`,
      `restart ${before}`,
      `remove ${before}`,
    ])
    expect(came).toEqual(['shop succeeded'])
    expect(id(world)).not.toBe(before)
    expect(other(world)).toBe(beside)
  })

  it('removes nothing that nobody would make anew', async () => {
    const world = await running()
    world.git.change({ 'shop/compose.yaml': 'services: [' })
    await deploy(world)
    await pass(world, 60_000)
    const before = id(world)
    world.prober.answer(DOOR, 'connection refused')
    expect((await sweep(world)).did).toEqual([`reconnect ${before}`, `restart ${before}`])
    expect(id(world)).toBe(before)
  })

  it('takes nothing for somebody’s wish that it did itself before it was killed', async () => {
    for (const step of ['restart', 'remove'] as const) {
      const world = await running()
      await pass(world, 60_000)
      world.machine.stop(other(world))
      await sweep(world)
      world.prober.answer(DOOR, 'connection refused')
      const { engine } = world.ctx
      const killed = async (ids: readonly string[]) => {
        await Promise.resolve()
        for (const one of ids) world.machine.stop(one)
        throw new Killed(step)
      }
      const ctx = { ...world.ctx, now: world.ctx.now, engine: { ...engine, [step]: killed } }
      const event = { kind: 'drift-detected', departures: [] } as const
      await expect(driftDetected(ctx, event, signal)).rejects.toThrow(Killed)
      world.machine.stop(other(world))
      world.prober.answer(DOOR, null)
      await pass(world, 10_000)
      await sweep(world)
      expect(await world.ctx.holds.held('shop')).toBeNull()
      expect(world.machine.observed('shop').map(({ state }) => state)).toEqual([
        'running',
        'running',
      ])
    }
  })

  it('goes on with the others where the engine refuses', async () => {
    const world = await running()
    world.git.put({ 'blog/compose.yaml': compose(`blog: {image: "ghcr.io/o/blog@${digest(3)}"}`) })
    await deploy(world)
    await pass(world, 60_000)
    const blog = containers(world)['blog-blog-1'] ?? ''
    world.machine.networks.nameless.add(blog)
    world.prober.answer(DOOR, 'connection refused')
    const { engine } = world.ctx
    const reconnected: string[] = []
    const ctx = {
      ...world.ctx,
      now: world.ctx.now,
      engine: {
        ...engine,
        restart: async () => Promise.reject(new MagosError('stack', 'Restart: it will not')),
        reconnect: (ids: readonly string[], asked: AbortSignal) => {
          reconnected.push(...ids)
          return engine.reconnect(ids, asked)
        },
      },
    }
    // The later in the order of names comes first here, so that it is the one behind.
    const standings = () => world.ctx.upkeep.standings().toReversed()
    const upkeep = { ...world.ctx.upkeep, standings }
    const event = { kind: 'drift-detected', departures: [] } as const
    await driftDetected({ ...ctx, upkeep }, event, signal)
    expect(new Set(reconnected)).toEqual(new Set([id(world), blog]))
    expect(world.ctx.upkeep.trouble('shop')).toMatchObject({ failures: 1 })
  })

  it('gives up on what nothing helps, after so many tries', async () => {
    const world = await running()
    world.prober.answer(DOOR, 'connection refused')
    const did: number[] = []
    for (let round = 0; round < 12; round += 1) {
      await pass(world, 700_000)
      did.push((await sweep(world)).did.length)
    }
    expect(did[0]).toBeGreaterThan(0)
    expect(did.slice(-3)).toEqual([0, 0, 0])
  })

  it('leaves ports alone that are said to be ignored', async () => {
    const settings = 'stacks:\n  shop:\n    probes:\n      web: {ports: ignore}\n'
    const world = await running({}, settings)
    world.prober.answer(DOOR, 'connection refused')
    expect((await sweep(world)).did).toEqual([])
  })

  it('only tells where drift is only reported', async () => {
    const world = await running({ host: { drift: 'report' } })
    heals(world, 'reconnect')
    const { did, said } = await sweep(world)
    expect(did).toEqual([])
    expect(said.join()).toContain('only reported')
  })

  it('says why a container cannot be connected anew', async () => {
    const world = await running()
    heals(world, 'restart')
    world.machine.networks.refusals.set(id(world), 'its network "shop_default" is gone')
    expect((await sweep(world)).said).toContain(
      'Cannot be connected to its network anew: its network "shop_default" is gone',
    )
  })
})
