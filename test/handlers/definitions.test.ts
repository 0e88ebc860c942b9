import { describe, expect, it } from 'vitest'
import { driftDetected } from '../../handlers/drift-detected.ts'
import { planRequested } from '../../handlers/plan-requested.ts'
import { revisionPushed } from '../../handlers/revision-pushed.ts'
import type { Context } from '../../handlers/context.ts'
import { dying, Killed, type Death } from './dying.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World } from './world.ts'

const image = (number: number) => `ghcr.io/o/app@${digest(number)}`

interface Written {
  readonly back?: string
  readonly data?: string
  readonly web?: number
}

/** `web` and `db` are on the network `back`, `side` is on the project's own; `db` has a volume. */
const shop = ({ back = '', data = '', web = 1 }: Written = {}) =>
  `${compose(
    `web: {image: ${image(web)}, networks: [back, default]}`,
    `db: {image: ${image(2)}, networks: [back], volumes: ["data:/data"]}`,
    `side: {image: ${image(3)}}`,
  )}networks: {back: {${back}}}\nvolumes: {data: {${data}}}\n`

async function running(written: Written = {}): Promise<World> {
  const world = createWorld({ 'shop/compose.yaml': shop(written) })
  expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
  return world
}

const change = ({ git }: World, written: Written) =>
  git.change({ 'shop/compose.yaml': shop(written) })

const isInternal = ({ machine }: World) => machine.made.get('network shop_back')?.network?.internal

const mark = ({ machine }: World, made: string) =>
  machine.made.get(made)?.labels['magos.definition']

/** As Magos made it before it left marks. */
function unmark({ machine }: World): void {
  for (const [key, one] of machine.made) {
    const { 'magos.definition': _mark, ...labels } = one.labels
    machine.made.set(key, { ...one, labels })
  }
}

/** Kills a deployment there, starts again, and tells what became of it. */
async function liveOn(death: Death) {
  const world = await running()
  change(world, { back: 'internal: true' })
  const { ctx, died } = dying(world.ctx, death)
  const thrown = await pass(ctx).catch((error: unknown) => error)
  const step = died()
  if (step === null) return { step, end: null }
  if (!(thrown instanceof Killed)) throw new Error(`Survived ${step}`, { cause: thrown })
  world.history.interrupted(world.ctx.now)
  await deploy(world)
  const alive = world.machine.observed('shop').filter(({ state }) => state === 'running')
  const { calls } = await deploy(world)
  const next = calls.join() === 'observe' ? 'nothing to do' : `${step}: ${calls.join()}`
  const how = isInternal(world) === true ? 'internal' : `${step}: not internal`
  return { step, end: `${how}, ${alive.length} running, ${next}` }
}

function pass(ctx: Context) {
  return revisionPushed(ctx, { kind: 'revision-pushed' }, signal)
}

const nothing = () => Promise.resolve([])

/** Calls since then that change something. */
const acts = (world: World, since: number) =>
  world.machine.calls.slice(since).filter((call) => /^(?:up|remove|stop|network rm) /.test(call))

describe('a network whose definition changed', () => {
  it('is made anew with what hangs on it, and nothing else is touched', async () => {
    const world = await running()
    const before = containers(world)
    change(world, { back: 'internal: true' })
    const { stacks } = await planRequested(world.ctx, null, signal)
    expect(stacks[0]?.services).toMatchObject([
      { name: 'db', action: 'recreate' },
      { name: 'side', action: 'keep' },
      { name: 'web', action: 'recreate' },
    ])
    expect(stacks[0]?.services[2]?.reasons).toContain('network "shop_back" changed: internal')
    const since = world.machine.calls.length
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    const old = [before['shop-web-1'], before['shop-db-1']].join(' ')
    expect(acts(world, since).slice(0, 3)).toEqual([
      `remove ${old}`,
      'network rm shop',
      'up shop web db',
    ])
    expect(isInternal(world)).toBe(true)
    expect(containers(world)['shop-side-1']).toBe(before['shop-side-1'])
    expect((await deploy(world)).calls).toEqual(['observe'])
  })

  it('is seen without a mark, too, and without any other change', async () => {
    const world = await running({ back: 'internal: true' })
    unmark(world)
    const made = world.machine.made.get('network shop_back')
    if (made === undefined) throw new Error('there is no such network')
    const network = { internal: false, ipv6: false, ranges: [] }
    world.machine.made.set('network shop_back', { ...made, network })
    change(world, { back: 'internal: true', web: 4 })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    expect(isInternal(world)).toBe(true)
    expect(mark(world, 'network shop_back')).toMatch(/^internal=[0-9a-f]{12}$/)
  })

  it('comes back as it was where what shall run on it fails', async () => {
    const world = await running()
    const before = mark(world, 'network shop_back')
    world.machine.behave(image(9), 'unhealthy')
    change(world, { back: 'internal: true', web: 9 })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop rolled-back'])
    expect(isInternal(world)).toBe(false)
    expect(mark(world, 'network shop_back')).toBe(before)
    expect(world.machine.observed('shop').map(({ state }) => state)).toEqual(
      Array.from({ length: 3 }, () => 'running'),
    )
  })

  it('is what git says by the next pass, whenever a process dies', async () => {
    const steps = new Set<string>()
    const ends = new Set<unknown>()
    for (let at = 1; ; at += 1) {
      const lives = [await liveOn({ at, when: 'before' }), await liveOn({ at, when: 'after' })]
      const [life] = lives
      if (life === undefined || life.step === null) break
      steps.add(life.step)
      for (const one of lives) ends.add(one.end)
    }
    expect([...ends]).toEqual(['internal, 3 running, nothing to do'])
    expect(steps).toContain('engine.removeNetworks')
    expect(steps).toContain('compose.up')
  })

  it('stays, and all of the stack, while containers of others hang on it', async () => {
    const world = await running()
    const before = containers(world)
    const [one] = world.machine.containers.values()
    if (one === undefined) throw new Error('there is no container')
    const hangsOn = ['shop_back']
    const guest = { ...one, id: 'guest', name: 'guest', project: 'other', labels: {}, hangsOn }
    world.machine.containers.set('guest', guest)
    change(world, { back: 'internal: true' })
    const since = world.machine.calls.length
    const { deployments } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'held',
      reason:
        'network "shop_back" is not as it is defined (internal), and containers of others hang on it: guest',
      remedy: expect.stringContaining('podman network disconnect shop_back guest'),
    })
    expect(acts(world, since)).toEqual([])
    expect(containers(world)).toMatchObject(before)
    const { stacks, refused } = await planRequested(world.ctx, null, signal)
    expect([stacks, refused[0]?.reason]).toEqual([[], deployments[0]?.reason])
  })

  it('fails its deployment where it cannot be removed', async () => {
    const world = await running()
    change(world, { back: 'internal: true' })
    const ctx = { ...world.ctx, engine: { ...world.ctx.engine, removeNetworks: nothing } }
    const { deployments } = await deploy(world, () => pass(ctx))
    expect(deployments[0]?.reason).toContain('Make network "shop_back" anew: it cannot be removed')
    expect(outcomes(deployments)).toEqual(['shop rolled-back'])
    expect(world.machine.observed('shop')).toHaveLength(3)
  })

  it('is left to whom it was made for', async () => {
    const world = await running()
    const made = world.machine.made.get('network shop_back')
    if (made === undefined) throw new Error('there is no such network')
    const labels = { ...made.labels, 'com.docker.compose.project': 'other' }
    world.machine.made.set('network shop_back', { ...made, labels })
    change(world, { back: 'internal: true' })
    expect((await deploy(world)).deployments[0]).toMatchObject({
      outcome: 'held',
      remedy: 'Say "external: true" of it, or define it under another name',
    })
  })
})

describe('a container that was disconnected by hand', () => {
  it('is made anew by a deployment that would keep it', async () => {
    const world = await running()
    const { 'shop-db-1': db = '' } = containers(world)
    world.machine.disconnect(db, 'shop_back')
    change(world, { web: 4 })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    expect(containers(world)['shop-db-1']).not.toBe(db)
    expect(world.machine.observed('shop').map(({ networks }) => networks)).toContainEqual([
      'shop_back',
    ])
  })

  it('is made anew by a sweep where it hangs on another network instead', async () => {
    const world = await running()
    const { 'shop-db-1': id = '' } = containers(world)
    const db = world.machine.containers.get(id)
    if (db === undefined) throw new Error('there is no such container')
    world.machine.containers.set(id, { ...db, hangsOn: ['mine'] })
    const event = { kind: 'drift-detected', departures: [] } as const
    const { answer } = await driftDetected(world.ctx, event, signal)
    expect(outcomes(answer.deployments)).toEqual(['shop succeeded'])
    expect(Object.keys(containers(world))).toContain('shop-db-1')
    expect(containers(world)['shop-db-1']).not.toBe(id)
  })
})

describe('a volume whose definition changed', () => {
  const nfs = 'driver_opts: {type: nfs, device: ":/srv", o: addr=nas}'

  it('holds its stack before anything is touched, until it is gone', async () => {
    const world = await running()
    const before = containers(world)
    change(world, { data: nfs, back: 'internal: true', web: 4 })
    const since = world.machine.calls.length
    const { deployments } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'held',
      reason:
        'volume "shop_data" is not as it is defined (driver_opts), and what it holds is not thrown away',
      remedy:
        'Take the change back, or define it under another name; or save what it holds, then: podman rm --force shop-db-1 && podman volume rm shop_data',
    })
    expect(acts(world, since)).toEqual([])
    expect(containers(world)).toEqual(before)
    world.machine.drop(before['shop-db-1'] ?? '')
    world.machine.made.delete('volume shop_data')
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    expect(world.machine.made.get('volume shop_data')?.options).toMatchObject({ type: 'nfs' })
  })

  it('holds nothing once the change is taken back', async () => {
    const world = await running()
    change(world, { data: nfs })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop held'])
    change(world, {})
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop unchanged'])
  })
})

describe('networks and volumes that are as they are defined', () => {
  it('keep their mark, and stay without one where they were made so', async () => {
    const world = await running()
    const marks = () => [...world.machine.made.values()].map(({ labels }) => labels)
    const before = marks()
    unmark(world)
    const unmarked = marks()
    const containersBefore = containers(world)
    change(world, { web: 4 })
    const seen: unknown[] = []
    const up: World['ctx']['compose']['up'] = async (request, asked) => {
      seen.push(request.document['networks'], request.document['volumes'])
      return await world.ctx.compose.up(request, asked)
    }
    const ctx = { ...world.ctx, compose: { ...world.ctx.compose, up } }
    await deploy(world, () => pass(ctx))
    expect(JSON.stringify(seen)).not.toContain('magos.definition')
    expect(marks()).toEqual(unmarked)
    expect(containers(world)['shop-db-1']).toBe(containersBefore['shop-db-1'])
    expect(before.every((labels) => labels['magos.definition'] !== undefined)).toBe(true)
  })

  it('are told to the provider as they are where a stack is put right', async () => {
    const world = await running({ back: 'internal: true' })
    const seen: unknown[] = []
    const up: World['ctx']['compose']['up'] = async (request, asked) => {
      seen.push(request.document['networks'])
      return await world.ctx.compose.up(request, asked)
    }
    world.machine.drop(containers(world)['shop-web-1'] ?? '')
    const ctx = { ...world.ctx, compose: { ...world.ctx.compose, up } }
    await driftDetected(ctx, { kind: 'drift-detected', departures: [] }, signal)
    expect(seen).toMatchObject([
      { back: { labels: { 'magos.definition': mark(world, 'network shop_back') } } },
    ])
  })
})
