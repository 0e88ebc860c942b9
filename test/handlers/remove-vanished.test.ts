import { describe, expect, it } from 'vitest'
import { planRequested } from '../../handlers/plan-requested.ts'
import { deployRevision, revisionPushed } from '../../handlers/revision-pushed.ts'
import { removeVanished } from '../../handlers/steps/remove-vanished.ts'
import { viewRepository } from '../../handlers/steps/view-repository.ts'
import { MagosError } from '../../src/domain/error.ts'
import { seal } from '../fakes/memory-secrets.ts'
import { dying } from './dying.ts'
import { status } from './status.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World } from './world.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const
const GRACE = 3_600_000
const files = Object.fromEntries(
  NAMES.map((name, index) => [
    `${name}/compose.yaml`,
    compose(`web: {image: ghcr.io/o/${name}@${digest(index + 1)}}`),
  ]),
)

async function running(): Promise<World> {
  const world = createWorld(files)
  await deploy(world)
  return world
}

function leave(world: World, ...names: readonly string[]): void {
  world.git.change(Object.fromEntries(names.map((name) => [`${name}/compose.yaml`, null])))
}

const projects = (world: World) => Object.keys(containers(world)).map((name) => name.slice(0, 1))
const buried = (world: World) => world.ctx.tombstones.all().map(({ stack }) => stack)
const pass = async (world: World, ms = 0) => {
  await world.machine.clock.sleep(ms, signal)
  return deploy(world)
}

/** A directory whose port is the old one's. */
async function moved(): Promise<World> {
  const file = compose(`web: {image: ghcr.io/o/web@${digest(1)}, ports: ["127.0.0.1:8080:80"]}`)
  const world = createWorld({ ...files, 'old/compose.yaml': file })
  await deploy(world)
  world.git.change({ 'old/compose.yaml': null, 'new/compose.yaml': file })
  return world
}

/** The owner names the directory of a stack. */
async function pointAt(world: World, stack: string, former: string) {
  const path = `/memory/stacks/${former}`
  world.files.make(path)
  await world.files.adopt(stack, { directory: path, purpose: 'keep' }, signal)
}

async function raisedBy(world: World, ms: number): Promise<readonly string[]> {
  await world.machine.clock.sleep(ms, signal)
  const { followUps } = await revisionPushed(world.ctx, { kind: 'revision-pushed' }, signal)
  return [...followUps, ...world.raised.splice(0)].map(({ event }) => event.kind)
}

const kept = async (world: World) => [...(await world.ctx.lastGood.stacks())].join('')
const failing = (number: number) => {
  return { 'b/compose.yaml': compose(`web: {image: ghcr.io/o/bad@${digest(number)}}`) }
}

/** Projects that have their network. */
const networksOf = ({ machine }: World) =>
  [...machine.made.values()].map(({ name }) => name.replace('_default', ''))

describe('removeVanished()', () => {
  it('removes its networks with it, and nobody else’s', async () => {
    const world = await running()
    leave(world, 'b')
    await pass(world)
    expect(networksOf(world)).toEqual([...NAMES])
    await pass(world, GRACE + 1_000)
    expect(networksOf(world)).toEqual(['a', 'c', 'd', 'e'])
  })

  it.each([
    ['its port', 'ports: ["127.0.0.1:8080:80"]'],
    ['its name', 'container_name: old-web-1'],
  ])('has a directory that was moved wait for %s, which the old one has', async (_what, line) => {
    const image = `ghcr.io/o/web@${digest(1)}`
    const file = compose(`web: {image: ${image}, ${line}}`)
    const world = createWorld({ ...files, 'old/compose.yaml': file })
    await deploy(world)
    const { 'old-web-1': before } = containers(world)
    world.git.change({ 'old/compose.yaml': null, 'new/compose.yaml': file })
    const { deployments } = await pass(world)
    expect(outcomes(deployments)).toContain('new held')
    const held = deployments.find(({ stack }) => stack === 'new')
    expect(held?.reason).toContain('it waits for stack "old", which left the repository')
    expect(held?.remedy).toContain('stacks: {new: {directory: /memory/stacks/old}}')
    expect(Object.values(containers(world))).toContain(before)
    await pass(world, GRACE + 1_000)
    expect(Object.values(containers(world))).not.toContain(before)
    expect(outcomes((await pass(world, 1)).deployments)).toContain('new succeeded')
  })

  it('never runs a moved directory beside the old one on the same data', async () => {
    const world = await running()
    world.git.change({ 'b/compose.yaml': null, 'f/compose.yaml': files['b/compose.yaml'] ?? '' })
    await pointAt(world, 'f', 'b')
    const { 'b-web-1': before } = containers(world)
    const held = (await pass(world)).deployments.find(({ stack }) => stack === 'f')
    expect(held).toMatchObject({
      outcome: 'held',
      reason:
        'it waits for stack "b", which left the repository: container b-web-1 works in its directory',
      remedy: 'Wait until that one is removed after its grace, or remove its containers: b-web-1',
    })
    expect(containers(world)).toMatchObject({ 'b-web-1': before })
    expect(Object.keys(containers(world))).not.toContain('f-web-1')
    await pass(world, GRACE + 1_000)
    expect(Object.keys(containers(world))).not.toContain('b-web-1')
    expect(outcomes((await pass(world, 1)).deployments)).toContain('f succeeded')
  })

  it('takes over the containers of a moved directory whose project keeps its name', async () => {
    const file = `name: data\n${compose(`web: {image: ghcr.io/o/b@${digest(2)}, ports: ["127.0.0.1:8080:80"]}`)}`
    const world = createWorld({ ...files, 'b/compose.yaml': file })
    await deploy(world)
    world.git.change({ 'b/compose.yaml': null, 'f/compose.yaml': file })
    expect(outcomes((await pass(world)).deployments)).toContain('f held')
    await pointAt(world, 'f', 'b')
    const ctx = {
      ...world.ctx,
      now: world.ctx.now,
      host: { ...world.ctx.host, directories: { f: '/memory/stacks/b' } },
    }
    const { answer } = await deployRevision(ctx, { stack: null, asked: 'by-event' }, signal)
    expect(answer.deployments.find(({ stack }) => stack === 'f')).toMatchObject({
      outcome: 'succeeded',
      services: [{ action: 'recreate', reasons: ['its container was made for stack "b"'] }],
    })
    expect(outcomes((await pass(world)).deployments)).toEqual(
      ['a', 'c', 'd', 'e', 'f'].map((name) => `${name} unchanged`),
    )
    expect(await kept(world)).toBe('abcdef')
  })

  it('has what waited for a stack looked at again as soon as that one is gone', async () => {
    const world = await moved()
    expect(await raisedBy(world, 0)).not.toContain('revision-pushed')
    const kinds = await raisedBy(world, GRACE + 1_000)
    expect(kinds.filter((kind) => kind === 'revision-pushed')).toHaveLength(1)
    expect(await raisedBy(world, 1)).not.toContain('revision-pushed')
    expect(world.history.proven('new')).not.toBeNull()
  })

  it.each([
    ['nobody waits', null],
    ['a person holds what else waits', 'c'],
  ])('has nothing looked at again where %s', async (_title, held) => {
    const world = await running()
    const hold = { kind: 'operator', by: 'ada', reason: '', at: 0, tracked: null } as const
    if (held !== null) await world.ctx.holds.hold(held, hold)
    leave(world, 'b')
    await pass(world)
    expect(await raisedBy(world, GRACE + 1_000)).not.toContain('revision-pushed')
    expect(world.history.proven('b')).toBeNull()
  })

  it('brings up what waited in the same pass for somebody who waits for the answer', async () => {
    const world = await moved()
    await pass(world)
    await world.machine.clock.sleep(GRACE + 1_000, signal)
    const ctx = { ...world.ctx, now: world.ctx.now + GRACE }
    const { answer, followUps } = await deployRevision(
      ctx,
      { stack: null, asked: 'by-event' },
      signal,
    )
    expect(outcomes(answer.deployments)).toEqual([
      ...['a', 'b', 'c', 'd', 'e'].map((name) => `${name} unchanged`),
      'new succeeded',
      'old succeeded',
    ])
    expect(followUps.map(({ event }) => event.kind)).not.toContain('revision-pushed')
  })

  it('lets a directory that was moved come up beside the old one where nothing is in its way', async () => {
    const world = await running()
    leave(world, 'b')
    world.git.change({ 'f/compose.yaml': compose(`web: {image: ghcr.io/o/b@${digest(2)}}`) })
    expect(outcomes((await pass(world)).deployments)).toContain('f succeeded')
  })

  it('removes the networks of one whose containers are gone already', async () => {
    const world = await running()
    leave(world, 'b')
    await pass(world)
    world.machine.drop(containers(world)['b-web-1'] ?? '')
    await pass(world, 1)
    expect(networksOf(world)).toEqual(['a', 'c', 'd', 'e'])
    expect(world.history.proven('b')).toBeNull()
  })

  it('leaves the networks of a project that another stack has now', async () => {
    const world = await running()
    leave(world, 'b')
    world.git.change({ 'f/compose.yaml': 'name: b\n' + compose('web: {image: a}') })
    world.machine.drop(containers(world)['b-web-1'] ?? '')
    await pass(world, 1)
    expect(world.machine.calls).not.toContainEqual('network rm b')
    expect(world.history.proven('f')).toMatchObject({ project: 'b' })
  })

  it('lets a stack run on for its grace, and then removes its containers alone', async () => {
    const world = await running()
    leave(world, 'b')
    expect(outcomes((await pass(world)).deployments)).not.toContain('b held')
    expect(buried(world)).toEqual(['b'])
    expect((await status(world)).stacks.find(({ name }) => name === 'b')).toMatchObject({
      state: 'vanished',
      reason: expect.stringMatching(/^left the repository: its containers go after 20/),
    })
    await pass(world, GRACE - 1_000)
    expect(projects(world)).toEqual([...NAMES])
    const { calls } = await pass(world, 2_000)
    expect(calls.filter((call) => call.startsWith('remove'))).toHaveLength(1)
    expect(projects(world)).toEqual(['a', 'c', 'd', 'e'])
    expect(buried(world)).toEqual([])
    expect(world.files.list('b')).not.toEqual({})
  })

  it('forgets it when the stack comes back, before and after it was removed', async () => {
    const world = await running()
    leave(world, 'b')
    await pass(world)
    world.git.put(files)
    await pass(world, GRACE + 1_000)
    expect(buried(world)).toEqual([])
    expect(projects(world)).toEqual([...NAMES])
    leave(world, 'b')
    await pass(world)
    await pass(world, GRACE + 1_000)
    world.git.put(files)
    expect(outcomes((await pass(world)).deployments)).toContain('b succeeded')
    expect(projects(world).toSorted()).toEqual([...NAMES])
  })

  it('leaves the containers of a stack that was renamed to tell where its data is', async () => {
    const file = `name: data\n${files['b/compose.yaml']}`
    const world = createWorld({ ...files, 'b/compose.yaml': file })
    await deploy(world)
    world.git.change({ 'b/compose.yaml': null, 'new/compose.yaml': file })
    expect(outcomes((await pass(world)).deployments)).toContain('new held')
    expect(outcomes((await pass(world, GRACE + 1_000)).deployments)).toContain('new held')
    expect(Object.keys(containers(world))).toContain('data-web-1')
  })

  it('takes a stack that went to another host for one that vanished', async () => {
    const world = await running()
    world.git.change({ '.magos.yaml': 'stacks: {b: {hosts: [cellar]}}\n' })
    await pass(world)
    expect(buried(world)).toEqual(['b'])
  })

  it('believes three of five only when a person confirms it', async () => {
    const world = await running()
    leave(world, 'a', 'b', 'c')
    const { deployments } = await pass(world)
    expect(outcomes(deployments)).toEqual([
      'a held',
      'b held',
      'c held',
      'd unchanged',
      'e unchanged',
    ])
    expect(deployments[0]?.remedy).toContain('magos sync --confirm-removals')
    expect(buried(world)).toEqual([])
    await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: null, asked: 'by-event', removals: 'confirmed' }, signal),
    )
    expect(buried(world)).toEqual(['a', 'b', 'c'])
    await pass(world, GRACE + 1_000)
    expect(projects(world)).toEqual(['d', 'e'])
  })

  it.each([
    ['a broken .magos.yaml', { '.magos.yaml': 'stacks: [\n' }],
    ['a setting in .magos.yaml that is refused', { '.magos.yaml': 'stacks: {b: {hosts: 7}}\n' }],
  ])('believes nothing of a repository with %s', async (_title, content) => {
    const { 'a/compose.yaml': a = '', 'b/compose.yaml': b = '' } = files
    // Two are never too many at once.
    const world = createWorld({ 'a/compose.yaml': a, 'b/compose.yaml': b })
    await deploy(world)
    world.git.put(content)
    await pass(world)
    expect(buried(world)).toEqual([])
    world.git.put({ 'a/compose.yaml': a })
    await pass(world)
    expect(buried(world)).toEqual(['b'])
  })

  it('tells why nobody believes that stacks left, and nothing of it once that is mended', async () => {
    const { 'a/compose.yaml': a = '', 'b/compose.yaml': b = '' } = files
    const world = createWorld({ 'a/compose.yaml': a, 'b/compose.yaml': b, 'c/compose.yaml': '[' })
    await deploy(world)
    world.git.put({ 'a/compose.yaml': a, '.magos.yaml': 'stacks: {a: {after: [gone]}}\n' })
    const told = {
      reason: expect.stringMatching(
        /^it seems to have left the repository, but nobody .*: \.magos\.yaml:1:\d+: .*"gone"$/,
      ),
      remedy: 'Correct .magos.yaml; until then it is left as it is',
    }
    expect((await planRequested(world.ctx, null, signal)).stacks).toMatchObject([
      { name: 'b', services: [{ action: 'keep' }], waits: told },
    ])
    const { deployments } = await pass(world)
    expect(outcomes(deployments)).toEqual(['a rolled-back', 'b held', 'c held'])
    expect(deployments.slice(1)).toMatchObject([told, told])
    const states = async () =>
      (await status(world)).stacks.map(({ name, state }) => `${name} ${state}`)
    expect(await states()).toEqual(['a refused', 'b waiting', 'c waiting'])
    const hold = { kind: 'operator', by: 'ada', reason: '', at: 0, tracked: null } as const
    await world.ctx.holds.hold('b', hold)
    expect(outcomes((await pass(world)).deployments)).toEqual(['a rolled-back', 'c held'])
    await world.ctx.holds.release('b')
    world.git.put({ 'a/compose.yaml': a })
    await pass(world)
    expect(await states()).toEqual(['a proven', 'b vanished'])
    world.git.put({ 'a/compose.yaml': a, '.magos.yaml': 'stacks: {a: {after: [gone]}}\n' })
    // Its grace runs since it was believed, and nothing is said of it anew.
    expect(outcomes((await pass(world)).deployments)).toEqual(['a rolled-back'])
  })

  it('lets the last stack go like any other', async () => {
    const world = createWorld({ 'a/compose.yaml': files['a/compose.yaml'] ?? '' })
    await deploy(world)
    world.git.put({ 'README.md': 'empty\n' })
    await pass(world)
    expect(buried(world)).toEqual(['a'])
    expect(projects(world)).toEqual(['a'])
    await pass(world, GRACE)
    expect(projects(world)).toEqual([])
  })

  it('believes nothing of one stack that cannot be read', async () => {
    const world = await running()
    world.git.change({ 'b/compose.yaml': 'services: [\n' })
    await pass(world)
    expect(buried(world)).toEqual([])
  })

  it('leaves a held stack, and containers of another data directory', async () => {
    const world = await running()
    await world.ctx.holds.hold('b', {
      kind: 'operator',
      by: 'ada',
      reason: '',
      at: 0,
      tracked: null,
    })
    const other = [...world.machine.containers.values()].find(({ project }) => project === 'c')
    if (other === undefined) throw new Error('There is no such container')
    const labels = { ...other.labels, 'magos.home': '/elsewhere/c' }
    world.machine.containers.set(other.id, { ...other, labels })
    leave(world, 'b', 'c')
    await pass(world)
    await pass(world, GRACE + 1_000)
    expect(projects(world)).toEqual([...NAMES])
    expect(buried(world)).toEqual(['b'])
  })

  it('tells of one that cannot be removed, and goes on with the others', async () => {
    const world = await running()
    leave(world, 'b')
    await pass(world)
    const engine = {
      ...world.ctx.engine,
      remove: () => Promise.reject(new MagosError('stack', 'Remove containers: it is busy')),
    }
    await world.machine.clock.sleep(GRACE + 1_000, signal)
    const ctx = { ...world.ctx, engine, now: world.ctx.now + GRACE }
    const { answer } = await deployRevision(ctx, { stack: null, asked: 'by-event' }, signal)
    expect(outcomes(answer.deployments)).toContain('a unchanged')
    expect(world.lines.at(-1)?.message).toContain(
      'cannot be removed: Remove containers: it is busy',
    )
    expect(buried(world)).toEqual(['b'])
  })
})

describe('removeVanished() beside a newer look', () => {
  it('buries nothing, for to that one the stack may be there again', async () => {
    const world = await running()
    leave(world, 'b')
    const { lanes, engine } = world.ctx
    const old = await lanes.look('host', () => world.git.head(signal), signal)
    const view = await viewRepository(world.ctx, old.seen, signal)
    const observed = await engine.observe(signal)
    const vanishing = { look: old.look, observed, removals: 'guarded' } as const
    world.git.put(files)
    const { look } = await lanes.look('host', () => world.git.head(signal), signal)
    expect(await removeVanished(world.ctx, view, vanishing, signal)).toEqual([])
    expect(buried(world)).toEqual([])
    // The same look as the newest buries it.
    await removeVanished(world.ctx, view, { ...vanishing, look }, signal)
    expect(buried(world)).toEqual(['b'])
  })
})

describe('removeVanished() and last good states', () => {
  it('keeps that of a stack for its grace, and forgets it with the containers', async () => {
    const world = await running()
    leave(world, 'b')
    await pass(world, 1)
    await pass(world, GRACE - 1_000)
    expect(await kept(world)).toBe('abcde')
    await pass(world, 2_000)
    expect(await kept(world)).toBe('acde')
    expect(world.history.proven('b')).toBeNull()
    expect(buried(world)).toEqual([])
  })

  it('rolls a stack back to it that comes back within the grace and fails', async () => {
    const world = await running()
    const { 'b-web-1': container = '' } = containers(world)
    leave(world, 'b')
    // Not even a pass that finds nothing of it any more.
    world.machine.drop(container)
    await pass(world)
    expect(world.history.proven('b')).toBeNull()
    expect(buried(world)).toEqual(['b'])
    world.machine.behave(`ghcr.io/o/bad@${digest(20)}`, 'unhealthy')
    world.git.change(failing(20))
    expect(outcomes((await pass(world, GRACE - 1_000)).deployments)).toContain('b rolled-back')
    expect(buried(world)).toEqual([])
    expect(world.machine.observed('b').map(({ image }) => image)).toEqual([
      `ghcr.io/o/b@${digest(2)}`,
    ])
  })

  it('takes a stack that comes after the grace for another one', async () => {
    const world = await running()
    leave(world, 'b')
    world.machine.drop(containers(world)['b-web-1'] ?? '')
    await pass(world)
    await pass(world, GRACE - 1_000)
    expect(await kept(world)).toBe('abcde')
    await pass(world, 2_000)
    expect(await kept(world)).toBe('acde')
    expect(buried(world)).toEqual([])
    world.machine.behave(`ghcr.io/o/bad@${digest(20)}`, 'unhealthy')
    world.git.change(failing(20))
    expect(outcomes((await pass(world)).deployments)).toContain('b failed')
  })

  it('forgets what older passes left behind, and nothing that is there, runs or is held', async () => {
    const world = await running()
    const hold = { kind: 'operator', by: 'ada', reason: '', at: 0, tracked: null } as const
    await world.ctx.holds.hold('c', hold)
    world.machine.drop(containers(world)['c-web-1'] ?? '')
    leave(world, 'b', 'c')
    world.history.forget('b', null)
    world.ctx.upkeep.forget('b')
    world.machine.drop(containers(world)['b-web-1'] ?? '')
    const { deployments } = await pass(world)
    expect(outcomes(deployments)).not.toContain('b unchanged')
    await pass(world, GRACE + 1_000)
    expect(await kept(world)).toBe('acde')
  })

  it('goes on where that cannot be removed, says so, and tries again', async () => {
    const world = await running()
    leave(world, 'b')
    await pass(world)
    const fault = new MagosError('storage', 'Remove "b": no space')
    const lastGood = { ...world.ctx.lastGood, forget: () => Promise.reject(fault) }
    await world.machine.clock.sleep(GRACE + 1_000, signal)
    const ctx = { ...world.ctx, lastGood, now: world.ctx.now }
    const { answer } = await deployRevision(ctx, { stack: null, asked: 'by-event' }, signal)
    expect(outcomes(answer.deployments)).toContain('b succeeded')
    expect(world.lines.map(({ message }) => message)).toContain(
      'Last good state of a stack that is gone cannot be removed: Remove "b": no space',
    )
    expect(buried(world)).toEqual(['b'])
    await pass(world)
    expect(await kept(world)).toBe('acde')
    expect(buried(world)).toEqual([])
  })

  it('loses nothing of it before the containers are gone, and forgets all of it after a kill', async () => {
    const deaths: string[] = []
    const early: string[] = []
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at < 100; at += 1) {
        const world = await running()
        leave(world, 'b')
        await pass(world)
        await world.machine.clock.sleep(GRACE + 1_000, signal)
        const { ctx, died } = dying(world.ctx, { at, when })
        await revisionPushed(ctx, { kind: 'revision-pushed' }, signal).catch(() => undefined)
        const death = died()
        if (death === null) break
        deaths.push(death)
        const isThere = containers(world)['b-web-1'] !== undefined
        if (isThere && (await kept(world)) !== 'abcde') early.push(death)
        await pass(world)
        expect(await kept(world)).toBe('acde')
        expect([buried(world), world.history.proven('b')]).toEqual([[], null])
      }
    }
    expect(early).toEqual([])
    expect(deaths).toContain('lastGood.forget')
    expect(deaths).toContain('history.forget')
  })

  it('lets its images go, and no decrypted file of it stay', async () => {
    const world = createWorld({
      ...files,
      'b/compose.yaml': compose(
        `web: {image: ghcr.io/o/b@${digest(2)}, volumes: ['./key.txt:/key.txt']}`,
      ),
      'b/key.txt': seal('planted'),
    })
    await deploy(world)
    expect([...world.secretFiles.laid.keys()]).toHaveLength(1)
    world.git.change({ 'b/compose.yaml': null, 'b/key.txt': null })
    await pass(world)
    expect([...world.secretFiles.laid.keys()]).toHaveLength(1)
    await pass(world, GRACE + 1_000)
    expect([...world.secretFiles.laid.keys()]).toEqual([])
    await pass(world, GRACE)
    expect([...world.machine.images]).not.toContain(`ghcr.io/o/b@${digest(2)}`)
    expect([...world.machine.images]).toContain(`ghcr.io/o/a@${digest(1)}`)
  })
})
