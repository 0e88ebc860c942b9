import { describe, expect, it } from 'vitest'
import { compose, containers, createWorld, deploy, digest } from './world.ts'

const files = {
  'shop/compose.yaml': compose(`web: {image: ghcr.io/o/web@${digest(1)}}`),
  'blog/compose.yaml': compose(`blog: {image: ghcr.io/o/blog@${digest(2)}}`),
}

describe('ownContainer()', () => {
  it.each([
    ['its whole id', 64],
    ['the beginning of its id', 12],
  ])('has the stack refused that holds Magos, by %s, and no other', async (_title, length) => {
    const first = createWorld(files)
    await deploy(first)
    const before = containers(first)
    const own = (before['shop-web-1'] ?? '').slice(0, length)
    const ctx = Object.defineProperty(
      { ...first.ctx, machine: { ...first.ctx.machine, container: own } },
      'now',
      { get: () => first.ctx.now },
    )
    first.git.change({
      'shop/compose.yaml': compose(`web: {image: ghcr.io/o/web@${digest(7)}}`),
      'blog/compose.yaml': compose(`blog: {image: ghcr.io/o/blog@${digest(8)}}`),
    })
    const { deployments } = await deploy({ ...first, ctx })
    expect(deployments).toMatchObject([
      { stack: 'blog', outcome: 'succeeded' },
      {
        stack: 'shop',
        outcome: 'failed',
        reason: 'container shop-web-1 of project "shop" is the one that Magos itself runs in',
        remedy: expect.stringContaining('outside of the repository'),
      },
    ])
    expect(containers(first)['shop-web-1']).toBe(before['shop-web-1'])
  })
})
