import { describe, expect, it } from 'vitest'
import { planRequested } from '../../handlers/plan-requested.ts'
import { deployRevision } from '../../handlers/revision-pushed.ts'
import type { PlanAnswer } from '../../src/domain/answer/plan.ts'
import { isTouched, type Deployment } from '../../src/domain/deployment.ts'
import { compose, containers, createWorld, deploy, digest, signal } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const broken = `ghcr.io/o/web@${digest(2)}`
const db = `ghcr.io/o/db@${digest(5)}`
const shop = compose(`web: {image: ${web}}`, `db: {image: ${db}}`)
const next = shop.replace(web, broken)
const blog = compose(`blog: {image: ghcr.io/o/blog@${digest(7)}}`)
const hold = { kind: 'operator', by: 'ada', reason: 'moving', at: 1, tracked: null } as const

interface Scene {
  readonly title: string
  readonly options?: WorldOptions
  readonly files?: Readonly<Record<string, string>>
  /** Between the first deployment and the plan. */
  readonly happen: (world: World) => unknown
}

const SCENES: readonly Scene[] = [
  { title: 'nothing happened', happen: () => undefined },
  { title: 'a new image', happen: (world) => change(world, next) },
  {
    title: 'a container that died beside another',
    happen: (world) => world.machine.die(id(world, 'shop-web-1'), 1),
  },
  {
    title: 'a container that is gone beside another',
    happen: (world) => world.machine.drop(id(world, 'shop-web-1')),
  },
  {
    title: 'a container whose stop hangs, and a new image for another',
    happen: (world) => {
      world.machine.hang(id(world, 'shop-db-1'))
      change(world, next)
    },
  },
  { title: 'another image in its place', happen: (world) => replace(world, { image: broken }) },
  { title: 'labels that are gone', happen: (world) => replace(world, { labels: {} }) },
  { title: 'all of it stopped by hand', happen: stopAll },
  {
    title: 'all of it stopped by hand, and changed in git since',
    happen: (world) => {
      stopAll(world)
      change(world, next)
    },
  },
  {
    title: 'all of it stopped by hand, and updated by Magos since',
    happen: (world) => {
      stopAll(world)
      update(world)
    },
  },
  {
    title: 'all of it stopped by hand, held since, and then updated by Magos',
    happen: async (world) => {
      stopAll(world)
      await deploy(world)
      update(world)
    },
  },
  {
    title: 'all of it killed while nobody looked',
    happen: (world) => {
      for (const { id: container } of world.machine.observed('shop'))
        world.machine.die(container, 137)
    },
  },
  {
    title: 'drift that is only reported',
    options: { host: { drift: 'report' } },
    happen: (world) => world.machine.die(id(world, 'shop-web-1'), 1),
  },
  {
    title: 'drift that waits for its next try',
    happen: (world) => {
      world.machine.die(id(world, 'shop-web-1'), 1)
      note(world, 2)
    },
  },
  {
    title: 'drift that is given up',
    happen: (world) => {
      world.machine.die(id(world, 'shop-web-1'), 1)
      note(world, 5)
    },
  },
  {
    title: 'all of it stopped by hand, and held since',
    happen: async (world) => {
      stopAll(world)
      await deploy(world)
    },
  },
  {
    title: 'all of it stopped by hand, held since, and then changed in git',
    happen: async (world) => {
      stopAll(world)
      await deploy(world)
      change(world, next)
    },
  },
  {
    title: 'a file that no service reads, behind a stack that is refused',
    files: { '.magos.yaml': 'stacks: {shop: {after: [blog]}}\n', 'blog/compose.yaml': blog },
    happen: (world) => {
      world.git.change({ 'shop/NOTES': 'new\n', 'blog/compose.yaml': 'services: [\n' })
    },
  },
  {
    title: 'another reading of the same files by the provider',
    happen: (world) => {
      const { compose: provider } = world.ctx
      const resolve = provider.resolve.bind(provider)
      provider.resolve = async (request, asked) => {
        const document = await resolve(request, asked)
        const services = Object.entries(document.services)
        const other = services.map(([name, one]) => [name, { ...one, tty: true }])
        return { ...document, services: Object.fromEntries(other) }
      }
    },
  },
  { title: 'a hold of a person', happen: (world) => world.ctx.holds.hold('shop', hold) },
  {
    title: 'a hold of a person, and a change in git',
    happen: async (world) => {
      await world.ctx.holds.hold('shop', hold)
      change(world, next)
    },
  },
  {
    title: 'a state that failed before',
    happen: async (world) => {
      world.machine.behave(broken, 'unhealthy')
      change(world, next)
      await deploy(world)
    },
  },
  {
    title: 'a service that left',
    happen: (world) => change(world, compose(`web: {image: ${web}}`)),
  },
  {
    title: 'a file that does not parse',
    happen: (world) => change(world, 'services: [\n'),
  },
  {
    title: 'a stack that comes after one that is refused',
    files: { '.magos.yaml': 'stacks: {shop: {after: [blog]}}\n', 'blog/compose.yaml': blog },
    happen: (world) => {
      change(world, next)
      world.git.change({ 'blog/compose.yaml': 'services: [\n' })
    },
  },
  {
    title: 'a stack that comes after one that a person holds',
    files: { '.magos.yaml': 'stacks: {shop: {after: [blog]}}\n', 'blog/compose.yaml': blog },
    happen: async (world) => {
      change(world, next)
      await world.ctx.holds.hold('blog', hold)
    },
  },
  {
    title: 'a stack that left the repository',
    files: { 'blog/compose.yaml': blog },
    happen: (world) => world.git.change({ 'shop/compose.yaml': null }),
  },
]

describe('planRequested() tells what the next pass does', () => {
  it.each(SCENES)('of $title', async ({ options = {}, files = {}, happen }) => {
    const world = createWorld({ 'shop/compose.yaml': shop, ...files }, options)
    await deploy(world)
    await happen(world)
    const planned = await plan(world)
    const { deployments } = await deploy(world)
    expect(plannedIn(planned)).toEqual(doneIn(deployments))
    const refused = deployments.filter(({ file }) => file !== undefined).map(({ stack }) => stack)
    expect(planned.refused.map(({ stack }) => stack)).toEqual(refused)
  })
})

/** As another host would commit it. */
function update(world: World): void {
  const to = `Magos-Image: ghcr.io/o/web\nMagos-To: 1@${digest(2)}\nMagos-Host: attic\n`
  world.git.change({ 'shop/compose.yaml': next }, `chore: update web\n\n${to}`)
}

/** What a plan says becomes of the shop. */
function plannedIn({ stacks, refused }: PlanAnswer) {
  const planned = stacks.find(({ name }) => name === 'shop')
  const refusal = refused.find(({ stack }) => stack === 'shop')
  const { held, failed, waits } = planned ?? {}
  if ([held, failed, waits, refusal].some((one) => one !== undefined)) return 'left alone'
  const services = planned?.services.filter(isTouched) ?? []
  return services.length === 0 ? 'unchanged' : services
}

/** What became of it; no pass tells of a stack that left. */
function doneIn(deployments: readonly Deployment[]) {
  const done = deployments.find(({ stack }) => stack === 'shop')
  if (done === undefined || done.outcome === 'unchanged') return 'unchanged'
  return done.outcome === 'succeeded' ? done.services.filter(isTouched) : 'left alone'
}

describe('planRequested()', () => {
  it('tells drift as what it is, and what is done about it', async () => {
    const world = await running()
    world.machine.die(id(world, 'shop-web-1'), 137)
    expect((await plan(world)).stacks).toEqual([
      {
        name: 'shop',
        services: [
          { name: 'db', action: 'keep', reasons: ['nothing about it changed'] },
          {
            name: 'web',
            action: 'keep',
            and: ['start'],
            reasons: ['container shop-web-1 exited with 137: it is started'],
          },
        ],
      },
    ])
    replace(world, { image: broken, stopped: null })
    expect((await plan(world)).stacks[0]?.services[1]).toMatchObject({
      action: 'recreate',
      reasons: [expect.stringContaining('shop-web-1 is not what was proven')],
    })
  })

  it('puts right for a person who names the stack what a pass leaves as it is', async () => {
    const world = await running()
    stopAll(world)
    expect((await plan(world)).stacks[0]?.waits).toEqual({
      reason: 'all of its containers were stopped or removed, so that a pass holds it',
      remedy: 'Put it right now with: magos sync shop',
    })
    const named = await plan(world, 'shop')
    expect(named.stacks[0]).not.toHaveProperty('waits')
    expect(named.stacks[0]?.services).toMatchObject([{ and: ['start'] }, { and: ['start'] }])
  })

  it('refuses the stack that holds the container which Magos runs in', async () => {
    const world = await running()
    const machine = { ...world.ctx.machine, container: id(world, 'shop-web-1').slice(0, 12) }
    change(world, next)
    const { stacks, refused } = await plan({ ...world, ctx: { ...world.ctx, machine } })
    expect(stacks).toEqual([])
    expect(refused).toEqual([
      {
        stack: 'shop',
        reason: 'container shop-web-1 of project "shop" is the one that Magos itself runs in',
        remedy: expect.stringContaining('outside of the repository'),
      },
    ])
  })

  it('waits for a stop that is under way, but for a person who names the stack', async () => {
    const world = await running()
    world.machine.hang(id(world, 'shop-web-1'))
    world.machine.drop(id(world, 'shop-db-1'))
    expect((await plan(world)).stacks[0]?.waits).toEqual({
      reason: 'container shop-web-1 is being stopped',
    })
    const named = await plan(world, 'shop')
    expect(named.stacks[0]).not.toHaveProperty('waits')
    expect(named.stacks[0]?.services).toMatchObject([{ action: 'create' }, { and: ['start'] }])
  })

  it('names what a stack waits for', async () => {
    const files = { '.magos.yaml': 'stacks: {shop: {after: [blog]}}\n', 'blog/compose.yaml': blog }
    const world = await running(files)
    change(world, next)
    expect((await plan(world)).stacks.map(({ waits }) => waits)).toEqual([undefined, undefined])
    world.machine.behave(`ghcr.io/o/blog@${digest(7)}`, 'unhealthy')
    world.git.change({ 'blog/compose.yaml': blog.replace('blog: {', 'blog: {tty: true, ') })
    await deploy(world)
    expect((await plan(world)).stacks[1]?.waits).toEqual({
      reason: expect.stringMatching(/^it comes after stack "blog", which failed: /),
      remedy: 'Mend stack "blog"; this one follows by itself',
    })
    expect((await plan(world, 'shop')).stacks[0]?.waits?.reason).toContain('which failed: ')
  })

  it('tries what was given up again for a person who names the stack', async () => {
    const world = await running()
    world.machine.die(id(world, 'shop-web-1'), 1)
    note(world, 5)
    expect((await plan(world)).stacks[0]?.waits?.reason).toContain('given up after 5 tries')
    expect((await plan(world, 'shop')).stacks[0]).not.toHaveProperty('waits')
  })

  it('makes anew what a failure left broken, and tells of a restore that is due', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    world.machine.behave(web, 'unhealthy')
    await deploy(world)
    expect((await plan(world, 'shop')).stacks[0]?.services[1]).toEqual({
      name: 'web',
      action: 'recreate',
      reasons: ['its container failed before'],
    })
    world.history.restore('shop', { restored: 'due', restoring: '' })
    expect((await plan(world)).stacks[0]?.failed).toMatch(
      /; the last good state is restored by the next pass$/,
    )
  })

  it('plans stacks behind those that they come after, whatever their names', async () => {
    const world = createWorld({
      'a/compose.yaml': blog,
      'z/compose.yaml': 'services: [\n',
      '.magos.yaml': 'stacks: {a: {after: [z]}}\n',
    })
    expect((await plan(world)).stacks[0]?.waits?.reason).toMatch(
      /^it comes after stack "z", which is refused: /,
    )
  })

  it('takes no stack for one that left while .magos.yaml cannot be read', async () => {
    const world = await running()
    world.git.put({ '.magos.yaml': 'stacks: [\n' })
    const { stacks } = await plan(world)
    expect(stacks).toMatchObject([
      { name: 'shop', waits: { reason: expect.stringContaining('.magos.yaml:2:1: ') } },
    ])
    const reasons = ['it seems to have left the repository']
    expect(stacks[0]?.services.map((one) => [one.action, one.reasons])).toEqual([
      ['keep', reasons],
      ['keep', reasons],
    ])
  })

  it('tells that the last good state does not run as it did', async () => {
    const world = await running()
    world.machine.behave(broken, 'unhealthy')
    change(world, next)
    await deploy(world)
    expect((await plan(world)).stacks[0]?.failed).toMatch(/is unhealthy.*rolled back to/)
    world.machine.drop(id(world, 'shop-web-1'))
    expect((await plan(world)).stacks[0]?.failed).toMatch(
      /; the last good state does not run as it did: service "web": 1 of its containers are gone$/,
    )
  })

  it('removes what left the repository when its grace is over, and not before', async () => {
    const world = await running({ 'blog/compose.yaml': blog })
    world.git.change({ 'shop/compose.yaml': null })
    const [, left] = (await plan(world)).stacks
    expect(left?.services.map(({ name, action }) => `${action} ${name}`)).toEqual([
      'keep db',
      'keep web',
    ])
    await deploy(world)
    await world.machine.clock.sleep(world.ctx.host.grace, signal)
    expect((await plan(world)).stacks[1]).toEqual({
      name: 'shop',
      services: ['db', 'web'].map((name) => {
        return { name, action: 'remove', reasons: ['it left the repository'] }
      }),
    })
    await world.ctx.holds.hold('shop', hold)
    expect((await plan(world)).stacks[1]?.held).toMatch(/^held by ada/)
    expect((await plan(world, 'blog')).stacks).toHaveLength(1)
  })

  it('tells of those that left together what confirms it', async () => {
    const names = ['a', 'b', 'c', 'd']
    const world = createWorld(
      Object.fromEntries(names.map((name) => [`${name}/compose.yaml`, blog])),
    )
    await deploy(world)
    world.git.put({ 'a/compose.yaml': blog })
    const { stacks } = await plan(world)
    expect(stacks.map(({ name }) => name)).toEqual(names)
    expect(stacks[1]?.services).toMatchObject([
      { action: 'keep', reasons: ['it left the repository'] },
    ])
    expect(stacks[1]?.waits?.remedy).toContain('magos sync --confirm-removals')
    const confirmed = { stack: null, asked: 'by-event', removals: 'confirmed' } as const
    await deploy(world, (ctx) => deployRevision(ctx, confirmed, signal))
    expect((await plan(world)).stacks[1]).not.toHaveProperty('waits')
  })
})

async function running(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = createWorld({ 'shop/compose.yaml': shop, ...more })
  await deploy(world)
  return world
}

function plan({ ctx }: World, stack: string | null = null) {
  return planRequested(ctx, stack, signal)
}

function id(world: World, name: string): string {
  return containers(world)[name] ?? ''
}

function change({ git }: World, text: string): void {
  git.change({ 'shop/compose.yaml': text })
}

function stopAll(world: World): void {
  for (const name of ['shop-web-1', 'shop-db-1']) world.machine.stop(id(world, name))
}

function replace({ machine }: World, changes: Partial<Parameters<typeof machine.emit>[1]>): void {
  for (const one of machine.containers.values()) {
    if (one.service === 'web') machine.containers.set(one.id, { ...one, ...changes })
  }
}

function note({ ctx, history }: World, failures: number): void {
  const inputs = history.proven('shop')?.inputs ?? ''
  const { now: at } = ctx
  ctx.upkeep.note({ stack: 'shop', inputs, failures, mends: 0, since: 0, at, reason: 'it exits' })
}
