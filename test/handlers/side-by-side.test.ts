import { describe, expect, it } from 'vitest'
import { commitReached } from '../../handlers/commit-reached.ts'
import type { Context } from '../../handlers/context.ts'
import { driftDetected } from '../../handlers/drift-detected.ts'
import { deployRevision, revisionPushed } from '../../handlers/revision-pushed.ts'
import { rollbackRequested } from '../../handlers/rollback-requested.ts'
import { syncRequested } from '../../handlers/sync-requested.ts'
import type { StackResult } from '../../handlers/stack-result.ts'
import { withEvent, type Departure } from '../../src/domain/deploy/departure.ts'
import { createLanes } from '../../src/work/lanes.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World } from './world.ts'

const web = (number: number) => compose(`web: {image: ghcr.io/o/web@${digest(number)}}`)
const blog = (number: number) => compose(`blog: {image: ghcr.io/o/blog@${digest(number)}}`)
const PUSHED = { kind: 'revision-pushed' } as const

/** Two stacks that run, and an engine in which deployments of `shop` hang until they are let go. */
async function hanging({ limit = 4, files = {}, host = {} } = {}) {
  const stacks = { 'shop/compose.yaml': web(1), 'blog/compose.yaml': blog(11) }
  const world = createWorld({ ...stacks, ...files }, { host })
  await deploy(world)
  world.raised.splice(0)
  const held: (() => void)[] = []
  const overlaps: string[] = []
  const inside = new Set<string>()
  const up: Context['compose']['up'] = async (request, asked) => {
    const { project } = request
    if (inside.has(project)) overlaps.push(project)
    inside.add(project)
    if (project === 'shop') await new Promise<void>((resolve) => held.push(resolve))
    try {
      return await world.ctx.compose.up(request, asked)
    } finally {
      inside.delete(project)
    }
  }
  const { ctx } = world
  const lanes = createLanes<StackResult>({ limit })
  const slow = (): Context => ({ ...ctx, compose: { ...ctx.compose, up }, lanes })
  return {
    world: {
      ...world,
      // Every event has a time of its own.
      get ctx() {
        return slow()
      },
    },
    overlaps,
    /** How often shop was let come up to here. */
    ups: () => held.length,
    letGo: (index: number) => held[index]?.(),
    begin: <Answer>(work: (ctx: Context) => Promise<Answer>) => follow(work(slow())),
    /** Begins it, and comes back once it goes no further by itself. */
    start: async <Answer>(work: (ctx: Context) => Promise<Answer>) => {
      const begun = follow(work(slow()))
      await settled()
      return begun
    },
  }
}

/** A pass hangs in the deployment of `shop`. */
async function shopHangs(options: Parameters<typeof hanging>[0] = {}) {
  const hung = await hanging(options)
  hung.world.git.change({ 'shop/compose.yaml': web(2) })
  return { ...hung, slow: await hung.start(pass) }
}

/** Work that is under way, and its answer once there is one. */
function follow<Answer>(work: Promise<Answer>) {
  const state: { answer: Answer | null; done: Promise<Answer> } = { answer: null, done: work }
  work.then(
    (answer) => (state.answer = answer),
    () => undefined,
  )
  return state
}

async function settled(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await new Promise<void>((next) => setImmediate(next))
}

const pass = (ctx: Context) => revisionPushed(ctx, PUSHED, signal)
const look = (departures: readonly Departure[] = []) => {
  return (ctx: Context) => driftDetected(ctx, { kind: 'drift-detected', departures }, signal)
}
const kinds = ({ followUps }: { followUps: readonly { event: { kind: string } }[] }) =>
  followUps.map(({ event }) => event.kind)
const imageOf = ({ machine }: World, service: string) =>
  [...machine.containers.values()].find((one) => one.service === service)?.image
const statuses = ({ raised }: World) =>
  raised.flatMap(({ event }) =>
    event.kind === 'report-due' && event.report.kind === 'status'
      ? [`${event.report.context} ${event.report.state}`]
      : [],
  )
/** Somebody kills a container, and the engine tells of it. */
function kill(world: World, name: string): readonly Departure[] {
  let departures: readonly Departure[] = []
  const listener = (event: Parameters<typeof withEvent>[1]) => {
    departures = withEvent(departures, event)
  }
  world.machine.listeners.add(listener)
  world.machine.kill(containers(world)[name] ?? '')
  world.machine.listeners.delete(listener)
  return departures
}
const stateOf = ({ machine }: World, name: string) =>
  machine.observed(null).find((one) => one.name === name)?.state

describe('a stack that takes long', () => {
  it('keeps no other from being put right', async () => {
    const { world, start, letGo, slow } = await shopHangs()
    const healing = await start(look(kill(world, 'blog-blog-1')))
    expect(stateOf(world, 'blog-blog-1')).toBe('running')
    // It waits for shop, which it will look at anew.
    expect([slow.answer, healing.answer]).toEqual([null, null])
    letGo(0)
    await slow.done
    const { answer, followUps } = await healing.done
    expect(outcomes(answer.deployments)).toEqual(['blog succeeded'])
    expect(followUps.map(({ event }) => event)).toEqual([
      { kind: 'drift-detected', departures: expect.anything(), looks: 1 },
    ])
  })

  it('keeps no other from being deployed, and tells of that at once', async () => {
    const { world, start, letGo, slow: first } = await shopHangs()
    world.git.change({ 'blog/compose.yaml': blog(12) })
    const second = await start(pass)
    expect(imageOf(world, 'blog')).toContain(digest(12))
    expect(statuses(world)).toContain('magos/nas/blog success')
    letGo(0)
    // Where it brought the host is for the newer pass to tell.
    expect(kinds(await first.done)).toEqual(['report-due'])
    const { followUps } = await second.done
    expect(followUps.at(-1)?.event).toEqual({
      kind: 'commit-reached',
      commit: (await world.git.head(signal)).commit,
    })
  })

  it('keeps no other from being reverted, where it failed', async () => {
    const { world, start, letGo } = await hanging()
    world.machine.behave(`ghcr.io/o/blog@${digest(12)}`, 'exits')
    world.git.change({ 'shop/compose.yaml': web(2), 'blog/compose.yaml': blog(12) })
    const slow = await start(pass)
    expect(slow.answer).toBeNull()
    expect(world.raised.map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ kind: 'update-failed', stack: 'blog' }),
    )
    letGo(0)
    expect(kinds(await slow.done)).not.toContain('update-failed')
  })

  it('keeps no person waiting who asks for another', async () => {
    const { world, letGo, slow } = await shopHangs()
    world.git.change({ 'blog/compose.yaml': blog(12) })
    const event = { kind: 'sync-requested', stack: 'blog' } as const
    const { answer } = await syncRequested(world.ctx, event, signal)
    expect(outcomes(answer.deployments)).toEqual(['blog succeeded'])
    expect(slow.answer).toBeNull()
    letGo(0)
    await slow.done
  })

  it('keeps nobody from rolling another back', async () => {
    const semver = '# {"magos": {"policy": "semver"}}'
    const tagged = (number: number, tag: string) =>
      `services:\n  app:\n    image: ghcr.io/o/app:${tag}@${digest(number)} ${semver}\n`
    const { world, start, letGo } = await hanging({
      files: { 'app/compose.yaml': tagged(21, '1.0.0') },
    })
    const app = { registry: 'ghcr.io', repository: 'o/app' }
    world.registry.push(app, '1.0.0', digest(21))
    world.registry.push(app, '1.1.0', digest(22))
    await syncRequested(world.ctx, { kind: 'sync-requested', stack: 'app' }, signal)
    expect(imageOf(world, 'app')).toContain(digest(22))
    world.git.change({ 'shop/compose.yaml': web(2) })
    const slow = await start(pass)
    const back = { kind: 'rollback-requested', stack: 'app', to: null, by: 'ann' } as const
    const { answer } = await rollbackRequested(world.ctx, back, signal)
    expect(outcomes(answer.deployments)).toEqual(['app succeeded'])
    expect(imageOf(world, 'app')).toContain(digest(21))
    expect(slow.answer).toBeNull()
    letGo(0)
    await slow.done
  })
})

describe('events of one stack', () => {
  it('never overlap; what runs is finished, and of those that wait the newest runs', async () => {
    const { world, begin, ups, letGo, overlaps } = await hanging()
    const passes = []
    for (const number of [2, 3, 4]) {
      world.git.change({ 'shop/compose.yaml': web(number) })
      passes.push(begin(pass))
      await settled()
    }
    // The second has nothing else to do.
    expect(passes.map(({ answer }) => answer !== null)).toEqual([false, true, false])
    expect(passes[1]?.answer?.answer.deployments.map(({ stack }) => stack)).toEqual(['blog'])
    letGo(0)
    await settled()
    expect([ups(), imageOf(world, 'web')]).toEqual([2, expect.stringContaining(digest(2))])
    letGo(1)
    await Promise.all(passes.map(({ done }) => done))
    expect([ups(), imageOf(world, 'web')]).toEqual([2, expect.stringContaining(digest(4))])
    expect(overlaps).toEqual([])
  })

  it('answer a person with what the newest of them did', async () => {
    const { world, start, letGo, ups, slow: first } = await shopHangs()
    const person = await start((ctx) =>
      syncRequested(ctx, { kind: 'sync-requested', stack: 'shop' }, signal),
    )
    world.git.change({ 'shop/compose.yaml': web(3) })
    const newest = await start(pass)
    letGo(0)
    await settled()
    letGo(1)
    await Promise.all([first.done, newest.done])
    const { answer, followUps } = await person.done
    expect(outcomes(answer.deployments)).toEqual(['shop succeeded'])
    expect(kinds({ followUps })).toEqual([])
    expect([ups(), imageOf(world, 'web')]).toEqual([2, expect.stringContaining(digest(3))])
  })

  it('look anew at a host that another one changed meanwhile', async () => {
    const { start, letGo, ups, slow: first } = await shopHangs()
    const second = await start(pass)
    letGo(0)
    const [, again] = await Promise.all([first.done, second.done])
    // Seen as it was before the first one, it would have been made once more.
    expect(outcomes(again.answer.deployments)).toEqual(['blog unchanged', 'shop unchanged'])
    expect(ups()).toBe(1)
  })

  it('never go back to an older commit', async () => {
    const { world, begin, letGo } = await hanging({ limit: 1 })
    const passes = []
    for (const files of [
      { 'shop/compose.yaml': web(2) },
      { 'blog/compose.yaml': blog(12) },
      { 'blog/compose.yaml': blog(13) },
    ]) {
      world.git.change(files)
      passes.push(begin(pass))
      await settled()
    }
    letGo(0)
    await Promise.all(passes.map(({ done }) => done))
    const made = world.history.deployments(9).filter(({ stack }) => stack === 'blog')
    // The older of the two waited for room, and left that to the newer.
    expect(made.map(({ commit }) => commit)).toHaveLength(2)
    expect(imageOf(world, 'blog')).toContain(digest(13))
    expect(outcomes((await deploy(world)).deployments)).toEqual([
      'blog unchanged',
      'shop unchanged',
    ])
  })

  it('leave a stack alone that was held while they waited for room', async () => {
    const { world, start, letGo, slow } = await shopHangs({ limit: 1 })
    world.git.change({ 'blog/compose.yaml': blog(12) })
    const waits = await start(pass)
    const hold = { kind: 'operator', by: 'ann', reason: '', at: 1, tracked: null } as const
    await world.ctx.holds.hold('blog', hold)
    letGo(0)
    await slow.done
    const { answer } = await waits.done
    expect(outcomes(answer.deployments)).toEqual(['blog held', 'shop unchanged'])
    expect(imageOf(world, 'blog')).toContain(digest(11))
  })

  it('heal no stack that was held while they waited for room', async () => {
    const { world, start, letGo, slow } = await shopHangs({ limit: 1 })
    const healing = await start(look(kill(world, 'blog-blog-1')))
    const hold = { kind: 'operator', by: 'ann', reason: '', at: 1, tracked: null } as const
    await world.ctx.holds.hold('blog', hold)
    letGo(0)
    await Promise.all([slow.done, healing.done])
    expect(stateOf(world, 'blog-blog-1')).toBe('exited')
  })

  it('come behind a stack that is deployed by somebody else just now', async () => {
    const settings = 'stacks: {blog: {after: [shop]}}\n'
    const { world, start, letGo } = await hanging({ files: { '.magos.yaml': settings } })
    world.git.change({ 'shop/compose.yaml': web(2), 'blog/compose.yaml': blog(12) })
    const slow = await start(pass)
    const person = await start((ctx) =>
      syncRequested(ctx, { kind: 'sync-requested', stack: 'blog' }, signal),
    )
    expect(imageOf(world, 'blog')).toContain(digest(11))
    letGo(0)
    await slow.done
    expect(outcomes((await person.done).answer.deployments)).toHaveLength(1)
    expect(imageOf(world, 'blog')).toContain(digest(12))
  })

  it('leave to a newer pass also what comes after a stack that they left', async () => {
    const settings = 'stacks: {blog: {after: [shop]}}\n'
    const { world, begin, letGo } = await hanging({ files: { '.magos.yaml': settings } })
    const passes = []
    for (const number of [2, 3, 4]) {
      world.git.change({ 'shop/compose.yaml': web(number), 'blog/compose.yaml': blog(number) })
      passes.push(begin(pass))
      await settled()
    }
    expect(passes[1]?.answer?.answer.deployments).toEqual([])
    expect(imageOf(world, 'blog')).toContain(digest(11))
    letGo(0)
    await settled()
    letGo(1)
    await Promise.all(passes.map(({ done }) => done))
    expect(imageOf(world, 'blog')).toContain(digest(4))
  })
})

describe('a look at the host', () => {
  it('is taken anew of a stack that somebody works at, with all that was seen of it', async () => {
    const { world, start, letGo, slow } = await shopHangs()
    const quiet = await start(look())
    const seen = await start(look(kill(world, 'shop-web-1')))
    expect(seen.answer?.followUps).toEqual([])
    letGo(0)
    await slow.done
    expect((await quiet.done).followUps.map(({ event }) => event)).toMatchObject([
      { kind: 'drift-detected', departures: [{ service: 'web', how: 'killed' }], looks: 1 },
    ])
  })

  it('is taken anew though nothing was seen', async () => {
    const { start, letGo, slow } = await shopHangs()
    const quiet = await start(look())
    letGo(0)
    await slow.done
    expect((await quiet.done).followUps.map(({ event }) => event)).toEqual([
      { kind: 'drift-detected', departures: [], looks: 1 },
    ])
  })
})

describe('a stack that left the repository', () => {
  it('is left alone while somebody works at it, and goes with the next pass', async () => {
    const { world, letGo, slow } = await shopHangs({ host: { grace: 0 } })
    world.git.change({ 'shop/compose.yaml': null })
    await pass(world.ctx)
    await pass(world.ctx)
    expect(stateOf(world, 'shop-web-1')).toBe('running')
    letGo(0)
    await slow.done
    expect(stateOf(world, 'shop-web-1')).toBe('running')
    await pass(world.ctx)
    expect(stateOf(world, 'shop-web-1')).toBeUndefined()
  })

  it('is not removed by a pass that a newer one came after', async () => {
    const { world, start, letGo } = await hanging({ host: { grace: 0 } })
    world.git.change({ 'blog/compose.yaml': null, 'shop/compose.yaml': web(2) })
    const slow = await start(pass)
    world.git.change({ 'blog/compose.yaml': blog(11) })
    const newer = await start(pass)
    letGo(0)
    await Promise.all([slow.done, newer.done])
    expect(world.ctx.tombstones.all()).toEqual([])
    expect(stateOf(world, 'blog-blog-1')).toBe('running')
  })
})

describe('somebody who waits for an answer', () => {
  it('looks again where a newer look was worked off before it came to the stack', async () => {
    const { world } = await hanging()
    world.git.change({ 'blog/compose.yaml': blog(12) })
    const { lanes } = world.ctx
    const old = await lanes.look('stack', () => world.git.head(signal), signal)
    world.git.change({ 'blog/compose.yaml': blog(13) })
    await deploy(world)
    const before = containers(world)
    const { answer } = await deployRevision(
      world.ctx,
      { stack: 'blog', asked: 'by-person', looked: { look: old.look, seen: old.seen } },
      signal,
    )
    expect(outcomes(answer.deployments)).toEqual(['blog unchanged'])
    expect(answer.revision).toBe((await world.git.head(signal)).commit)
    expect(containers(world)).toEqual(before)
  })

  it('is told of what a hint did that came with the request', async () => {
    const { world, begin } = await hanging()
    world.git.change({ 'blog/compose.yaml': blog(12) })
    const askedAt = world.ctx.now
    const person = begin((ctx) =>
      syncRequested(ctx, { kind: 'sync-requested', stack: null, askedAt }, signal),
    )
    const hint = begin(pass)
    const [{ answer }] = await Promise.all([person.done, hint.done])
    expect(outcomes(answer.deployments)).toEqual(['blog succeeded', 'shop unchanged'])
    const made = world.history.deployments(9).filter(({ stack }) => stack === 'blog')
    expect(made).toHaveLength(2)
  })
})

describe('a pass that a newer one came after', () => {
  it('heals at the commit that each stack was brought to, not at the last whole pass', async () => {
    const { world, start, letGo } = await hanging()
    world.machine.behave(`ghcr.io/o/blog@${digest(12)}`, 'exits')
    world.git.change({ 'shop/compose.yaml': web(2), 'blog/compose.yaml': blog(12) })
    const slow = await start(pass)
    expect(world.history.failed('blog')).toMatchObject({ restored: 'done' })
    const healing = await start(look(kill(world, 'blog-blog-1')))
    expect(stateOf(world, 'blog-blog-1')).toBe('running')
    // At the commit before, all would seem to be well again.
    expect(world.history.failed('blog')?.at).toBeGreaterThan(world.history.proven('blog')?.at ?? 0)
    letGo(0)
    const { followUps } = await slow.done
    for (const { event } of followUps) {
      if (event.kind === 'commit-reached') await commitReached(world.ctx, event)
    }
    expect(outcomes((await healing.done).answer.deployments)).toEqual(['blog rolled-back'])
  })

  it('removes no image that a deployment needs', async () => {
    const { world, start, letGo } = await hanging()
    const [old, idle] = [9, 8].map((number) => `ghcr.io/o/web@${digest(number)}`)
    for (const image of [old ?? '', idle ?? '']) {
      world.machine.images.add(image)
      world.ctx.pulledImages.note({ image, at: 1 })
    }
    world.git.change({ 'shop/compose.yaml': web(9) })
    const slow = await start(pass)
    world.git.change({ 'README.md': 'new\n' })
    const newer = await start(pass)
    const clean = await start((ctx) =>
      syncRequested(ctx, { kind: 'sync-requested', stack: null }, signal),
    )
    expect(world.machine.calls).not.toContainEqual(expect.stringMatching(/^rmi /))
    letGo(0)
    await Promise.all([slow.done, newer.done, clean.done])
    expect(imageOf(world, 'web')).toContain(digest(9))
    await deploy(world)
    expect(world.machine.calls.filter((call) => call.startsWith('rmi '))).toEqual([`rmi ${idle}`])
  })
})
