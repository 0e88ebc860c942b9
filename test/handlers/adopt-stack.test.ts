import { describe, expect, it } from 'vitest'
import { planRequested } from '../../handlers/plan-requested.ts'
import { compose, containers, createWorld, deploy, digest, signal } from './world.ts'
import type { World } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const HOME = '/home/ada/shop'

/** A stack that a person started in a directory of theirs. */
function started(labels: Readonly<Record<string, string>> = {}, adopting = ['shop']): World {
  const files = { 'shop/compose.yaml': compose(`web: {image: ${web}, volumes: ["./data:/data"]}`) }
  const world = createWorld(files, { host: { adopting } })
  world.files.make(HOME)
  world.machine.containers.set('by-hand', {
    id: 'by-hand',
    name: 'shop-web-1',
    project: 'shop',
    service: 'web',
    image: web,
    definition: 'by hand',
    labels: { 'com.docker.compose.project.working_dir': HOME, ...labels },
    restarts: 'no',
    startedAt: world.machine.clock.now(),
    stopped: null,
    ports: [],
    imageId: '',
  })
  return world
}

describe('adoptStack()', () => {
  it('deploys from the directory in which the stack was started', async () => {
    const world = started()
    const { deployments } = await deploy(world)
    expect(deployments).toMatchObject([
      {
        stack: 'shop',
        outcome: 'succeeded',
        services: [
          { name: 'web', action: 'recreate', reasons: ['its container was not made by Magos'] },
        ],
      },
    ])
    expect(world.files.home('shop')).toBe(HOME)
    const [container] = world.machine.containers.values()
    expect(container?.labels).toMatchObject({ 'magos.home': HOME })
    expect(container?.definition).toContain(`"source":"${HOME}/data"`)
    expect((await deploy(world)).calls).toEqual(['observe'])
  })

  it('is planned without writing anything down', async () => {
    const world = started()
    const { stacks } = await planRequested(world.ctx, null, signal)
    expect(stacks).toMatchObject([
      { name: 'shop', services: [{ name: 'web', action: 'recreate' }] },
    ])
    expect(world.files.home('shop')).not.toBe(HOME)
    expect(containers(world)).toEqual({ 'shop-web-1': 'by-hand' })
  })

  it.each([
    [
      'a directory that is gone',
      { 'com.docker.compose.project.working_dir': '/gone' },
      '"/gone" is not there any more',
    ],
    [
      'no directory',
      { 'com.docker.compose.project.working_dir': '' },
      'does not tell the directory',
    ],
  ])('holds the stack with the reason where it has %s', async (_title, labels, reason) => {
    const world = started(labels)
    const expected = {
      reason: expect.stringContaining(reason),
      remedy: expect.stringContaining('stacks: {shop: {directory: PATH}}'),
    }
    expect((await deploy(world)).deployments).toMatchObject([{ outcome: 'held', ...expected }])
    const { refused } = await planRequested(world.ctx, null, signal)
    expect(refused).toMatchObject([{ stack: 'shop', ...expected }])
    expect(containers(world)).toEqual({ 'shop-web-1': 'by-hand' })
  })

  it('leaves the stack alone until its owner wants it adopted', async () => {
    const world = started({}, [])
    expect((await deploy(world)).deployments).toMatchObject([
      { outcome: 'held', remedy: expect.stringContaining('{directory: adopt}') },
    ])
    expect(world.files.home('shop')).not.toBe(HOME)
    expect(containers(world)).toEqual({ 'shop-web-1': 'by-hand' })
  })
})
