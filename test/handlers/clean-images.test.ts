import { describe, expect, it } from 'vitest'
import { cleanImages } from '../../handlers/steps/clean-images.ts'
import { formatImageReference } from '../../src/domain/image-reference.ts'
import { compose, createWorld, deploy, digest, signal } from './world.ts'
import type { World } from './world.ts'

const image = (number: number) => `ghcr.io/o/web@${digest(number)}`
const file = (number: number) => ({
  'shop/compose.yaml': compose(`web: {image: ${image(number)}}`),
})

/** A pass long enough after the last for what is idle to go. */
async function later(world: World) {
  await world.machine.clock.sleep(4_000_000, signal)
  return deploy(world)
}

const here = ({ machine }: World) => [...machine.images].toSorted()

async function updated(keepImages = 1): Promise<World> {
  const world = createWorld(file(1), { host: { keepImages } })
  await deploy(world)
  world.git.change(file(2))
  await deploy(world)
  return world
}

describe('cleanImages()', () => {
  it('removes an image that nothing needs any more, and the last good one stays', async () => {
    const world = await updated()
    expect(here(world)).toEqual([image(1), image(2)])
    await later(world)
    expect(here(world)).toEqual([image(2)])
    expect((await later(world)).calls).toEqual(['observe'])
  })

  it('keeps as many as the owner wants', async () => {
    const world = await updated(2)
    await later(world)
    expect(here(world)).toEqual([image(1), image(2)])
  })

  it('touches nothing that it did not pull', async () => {
    const world = createWorld(file(1))
    world.machine.images.add(image(1))
    world.machine.images.add(image(9))
    await deploy(world)
    world.git.change(file(2))
    await deploy(world)
    await later(world)
    expect(here(world)).toEqual([image(1), image(2), image(9)])
  })

  it('keeps the last good image while git is ahead of it, and what another project runs', async () => {
    const world = await updated()
    const [container] = world.machine.containers.values()
    if (container === undefined) throw new Error('There is no container')
    const other = { ...container, id: 'other', project: 'other', image: image(1), labels: {} }
    world.machine.containers.set('other', other)
    world.machine.behave(image(3), 'unhealthy')
    world.git.change(file(3))
    await deploy(world)
    await later(world)
    expect(here(world)).toEqual([image(1), image(2)])
  })

  it('does not even ask the engine to remove what a container of anybody runs', async () => {
    const world = await updated()
    const [container] = world.machine.containers.values()
    if (container === undefined) throw new Error('There is no container')
    const other = { ...container, id: 'other', project: 'other', image: image(1), labels: {} }
    world.machine.containers.set('other', other)
    const { calls } = await later(world)
    expect(calls.filter((call) => call.includes(image(1)))).toEqual([])
    expect(here(world)).toEqual([image(1), image(2)])
    world.machine.containers.delete('other')
    await later(world)
    expect(here(world)).toEqual([image(2)])
  })

  it('waits while an image of a stack cannot be had', async () => {
    const world = await updated()
    const name = { registry: 'ghcr.io', repository: 'o/web' }
    world.registry.push(name, '3', digest(3))
    world.machine.behave(image(3), 'pull-fails')
    world.git.change(file(3))
    await deploy(world)
    await later(world)
    expect(here(world)).toEqual([image(1), image(2)])
  })

  it('leaves to the engine what somebody else uses, and forgets nothing', async () => {
    const world = await updated()
    const engine = {
      ...world.ctx.engine,
      removeImage: async () => await Promise.resolve('kept' as const),
    }
    const ctx = Object.defineProperty({ ...world.ctx, engine }, 'now', { get: () => world.ctx.now })
    await later({ ...world, ctx })
    expect(world.ctx.pulledImages.all().map((one) => one.image)).toEqual([image(1), image(2)])
  })

  it('waits for another day while somebody acts on a stack, or cleans', async () => {
    const world = await updated()
    await world.machine.clock.sleep(4_000_000, signal)
    const { promise, resolve } = Promise.withResolvers<void>()
    const { lanes } = world.ctx
    const turn = { stack: 'blog', look: lanes.glance(), kind: 'pass' } as const
    const acting = lanes.seize(turn, (act) => act(() => promise), signal)
    await cleanImages(world.ctx, signal)
    expect(here(world)).toEqual([image(1), image(2)])
    resolve()
    await acting
    const removed: string[] = []
    const { engine } = world.ctx
    const ctx = {
      ...world.ctx,
      now: world.ctx.now,
      engine: {
        ...engine,
        removeImage(reference: Parameters<typeof engine.removeImage>[0]) {
          removed.push(formatImageReference(reference))
          return engine.removeImage(reference, signal)
        },
      },
    }
    await Promise.all([cleanImages(ctx, signal), cleanImages(ctx, signal)])
    expect(removed).toEqual([image(1)])
    expect(here(world)).toEqual([image(2)])
  })

  it('lets nobody act while it cleans', async () => {
    const world = await updated()
    await world.machine.clock.sleep(4_000_000, signal)
    const { lanes } = world.ctx
    const turn = { stack: 'blog', look: lanes.glance(), kind: 'pass' } as const
    const seen: (readonly string[])[] = []
    const act = async () => void seen.push(here(world))
    const cleaning = cleanImages(world.ctx, signal)
    await Promise.all([lanes.seize(turn, (enter) => enter(act), signal), cleaning])
    expect(seen).toEqual([[image(2)]])
  })
})
