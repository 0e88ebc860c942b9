import { describe, expect, it } from 'vitest'
import type { Context } from '../../handlers/context.ts'
import { planRequested } from '../../handlers/plan-requested.ts'
import { compose, containers, createWorld, deploy, digest, signal } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const shop = compose(`web: {image: ${web}}`, `db: {image: ghcr.io/o/db@${digest(5)}}`)
const blog = compose(`blog: {image: ghcr.io/o/blog@${digest(7)}}`)
const files = { 'shop/compose.yaml': shop, 'blog/compose.yaml': blog }

describe('planRequested()', () => {
  it('tells each service’s action and why', async () => {
    const world = createWorld(files)
    await deploy(world)
    world.machine.containers.delete(containers(world)['blog-blog-1'] ?? '')
    const changed = compose(
      `web: {image: ghcr.io/o/web@${digest(2)}, tty: true}`,
      'cache: {image: redis}',
    )
    const { commit } = world.git.change({ 'shop/compose.yaml': changed })
    expect(await planRequested(world.ctx, null, signal)).toEqual({
      revision: commit,
      stacks: [
        {
          name: 'blog',
          services: [{ name: 'blog', action: 'create', reasons: ['1 of its containers are gone'] }],
          waits: {
            reason: 'all of its containers were stopped or removed, so that a pass holds it',
            remedy: 'Put it right now with: magos sync blog',
          },
        },
        {
          name: 'shop',
          services: [
            { name: 'cache', action: 'create', reasons: ['it has no container'] },
            { name: 'db', action: 'remove', reasons: ['it is no longer in the compose file'] },
            {
              name: 'web',
              action: 'recreate',
              reasons: ['its configuration changed', `it shall run ghcr.io/o/web@${digest(2)}`],
            },
          ],
        },
      ],
      refused: [],
    })
  })

  it('plans the other stacks where one meets something unforeseen', async () => {
    const world = createWorld(files)
    const resolve: Context['compose']['resolve'] = async (request, asked) => {
      if (request.project === 'shop') throw new TypeError('planted')
      return world.ctx.compose.resolve(request, asked)
    }
    const ctx = { ...world.ctx, compose: { ...world.ctx.compose, resolve } }
    const { stacks, refused } = await planRequested(ctx, null, signal)
    expect(stacks.map(({ name }) => name)).toEqual(['blog'])
    expect(refused).toEqual([{ stack: 'shop', reason: 'planted' }])
  })

  it('lays nothing, runs nothing and remembers nothing', async () => {
    const world = createWorld(files)
    await planRequested(world.ctx, null, signal)
    expect(world.machine.calls.toSorted()).toEqual([
      'definitions',
      'definitions',
      'observe',
      'provider',
      'provider',
      'resolve blog',
      'resolve shop',
    ])
    expect(world.files.reports).toEqual([])
    expect(world.history.deployments(9)).toEqual([])
    expect(world.git.log()).toHaveLength(1)
  })

  it('keeps what is as it shall be', async () => {
    const world = createWorld(files)
    await deploy(world)
    const { stacks } = await planRequested(world.ctx, 'blog', signal)
    expect(stacks).toEqual([
      {
        name: 'blog',
        services: [{ name: 'blog', action: 'keep', reasons: ['nothing about it changed'] }],
      },
    ])
  })

  it('tells stacks that are refused with their place, and plans the others', async () => {
    const world = createWorld({
      ...files,
      'shop/compose.yaml': compose('web: {image: a, env_file: ../../x}'),
      'a/b/compose.yaml': shop,
      'a-b/compose.yaml': shop,
    })
    const { stacks, refused } = await planRequested(world.ctx, null, signal)
    expect(stacks.map(({ name }) => name)).toEqual(['blog'])
    expect(refused.map(({ stack, file, line }) => [stack, file, line])).toEqual([
      ['a-b', 'a-b/compose.yaml', undefined],
      ['a-b', 'a/b/compose.yaml', undefined],
      ['shop', 'shop/compose.yaml', 2],
    ])
  })

  it('tells a stack that a deployment would hold', async () => {
    const world = createWorld(files)
    await deploy(world)
    world.history.forget('shop', null)
    for (const container of world.machine.containers.values()) {
      if (container.project !== 'shop') continue
      world.machine.containers.set(container.id, { ...container, labels: {} })
    }
    const { stacks, refused } = await planRequested(world.ctx, null, signal)
    expect(stacks.map(({ name }) => name)).toEqual(['blog'])
    expect(refused[0]?.reason).toBe(
      'project "shop" has containers that Magos did not make: shop-web-1, shop-db-1',
    )
    expect(refused[0]?.remedy).toContain('directory: PATH')
  })

  it('throws `usage` for an unknown stack, and for one of another host', async () => {
    const world = createWorld({ ...files, '.magos.yaml': 'stacks: {shop: {hosts: [pi]}}\n' })
    for (const stack of ['shpo', 'shop']) {
      await expect(planRequested(world.ctx, stack, signal)).rejects.toMatchObject({
        code: 'usage',
        message: `Cannot find stack "${stack}" on this host: there are blog`,
      })
    }
  })

  it('throws `engine` when there is none to ask', async () => {
    const world = createWorld(files)
    world.machine.reach('away')
    await expect(planRequested(world.ctx, null, signal)).rejects.toMatchObject({ code: 'engine' })
  })
})
