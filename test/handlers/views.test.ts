import { describe, expect, it } from 'vitest'
import { viewRepository } from '../../handlers/steps/view-repository.ts'
import { createViews } from '../../handlers/views.ts'
import type { Source } from '../../src/ports.ts'
import { compose, createWorld, deploy, digest, outcomes, type World } from './world.ts'

const image = (version: string) => `ghcr.io/o/app:${version}@${digest(Number(version.at(-1)))}`
const stack = (version: string) => compose(`web: {image: "${image(version)}", env_file: app.env}`)

/** The same world, and what is read of its repository. */
function watched(world: World, read: string[]): World {
  const { source } = world.ctx
  const watching: Source = {
    ...source,
    tree: (revision, signal) => {
      read.push('tree')
      return source.tree(revision, signal)
    },
    read: (entry, signal) => {
      read.push(entry.path)
      return source.read(entry, signal)
    },
  }
  return { ...world, ctx: { ...world.ctx, source: watching } }
}

describe('viewRepository()', () => {
  it('reads a commit once, so that a pass with nothing to do asks for the head and the engine alone', async () => {
    const read: string[] = []
    const files = { 'shop/compose.yaml': stack('1.0.1'), 'shop/app.env': 'A=1\n' }
    const world = watched(createWorld(files), read)
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    read.length = 0
    const asked = world.order.length
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop unchanged'])
    expect({ read, asked: world.order.slice(asked), calls }).toEqual({
      read: [],
      asked: ['head'],
      calls: ['observe'],
    })
  })

  it('reads what the next commit holds', async () => {
    const world = createWorld({ 'shop/compose.yaml': stack('1.0.1'), 'shop/app.env': 'A=1\n' })
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': stack('1.0.2') })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    const images = [...world.machine.containers.values()].map((container) => container.image)
    expect(images).toEqual([image('1.0.2')])
  })

  it('looks anew at files that git does not hold', async () => {
    const world = createWorld({ 'shop/compose.yaml': stack('1.0.1') })
    world.files.write('shop', 'app.env', 'A=1\n')
    await deploy(world)
    world.files.write('shop', 'app.env', 'A=2\n')
    const { deployments } = await deploy(world)
    expect(deployments.map(({ services }) => services)).toEqual([
      [expect.objectContaining({ name: 'web', action: 'recreate' })],
    ])
  })
})

describe('createViews()', () => {
  it('forgets the oldest view beyond those it keeps', async () => {
    const world = createWorld({ 'shop/compose.yaml': stack('1.0.1') })
    const views = createViews({ keep: 1 })
    const ctx = { ...world.ctx, views, now: 1 }

    const { signal } = new AbortController()
    const first = await world.git.head(signal)
    await viewRepository(ctx, first, signal)
    expect(views.recall(first.commit)?.revision).toEqual(first)
    world.git.change({ 'shop/compose.yaml': stack('1.0.2') })
    await viewRepository(ctx, await world.git.head(signal), signal)
    expect(views.recall(first.commit)).toBeNull()
  })
})
