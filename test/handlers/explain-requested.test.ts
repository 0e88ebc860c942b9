import { describe, expect, it } from 'vitest'
import { explainRequested, type ExplainContext } from '../../handlers/explain-requested.ts'
import { historyRequested } from '../../handlers/history-requested.ts'
import { imagePublished } from '../../handlers/image-published.ts'
import { revisionPushed } from '../../handlers/revision-pushed.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { Event, Origin } from '../../src/domain/event.ts'
import { createWorld, digest, signal, type World } from './world.ts'

const app = { registry: 'ghcr.io', repository: 'o/app' }
const line = (tag: string, number: number) => `ghcr.io/o/app:${tag}@${digest(number)}`
const shop = `services:\n  web:\n    image: ${line('1.0.0', 1)} # {"magos": {"policy": "semver"}}\n`
const delivery: Origin = { source: 'webhook', event: 'registry_package', delivery: 'd-1' }

describe('historyRequested()', () => {
  it('tells deployments newest first, with their event and images', async () => {
    const world = await updated()
    const { deployments } = historyRequested(world.ctx, { stack: null, limit: 10 })
    const [newest, first] = deployments
    expect(deployments).toHaveLength(2)
    expect(newest).toEqual({
      stack: 'shop',
      commit: world.git.log()[0]?.revision.commit,
      outcome: 'succeeded',
      reason: 'healthy and steady for 0.3 s',
      startedAt: expect.stringMatching(/^2026-01-01T/),
      endedAt: expect.stringMatching(/^2026-01-01T/),
      event: expect.stringMatching(
        /^a commit of Magos \(registry_package, commit \w{12}, delivery d-1\)$/,
      ),
      delivery: 'd-1',
      services: [
        {
          name: 'web',
          action: 'recreate',
          reasons: [`it shall run ${line('1.1.0', 2)}`],
          from: line('1.0.0', 1),
          to: line('1.1.0', 2),
        },
      ],
    })
    expect(first).toMatchObject({
      event: 'unknown',
      delivery: null,
      services: [{ action: 'create', from: null }],
    })
  })

  it('tells of one stack, and no more than asked', async () => {
    const world = await updated()
    const begun = { stack: 'blog', commit: 'c', inputs: 'i', at: 1 }
    world.history.begin(begun)
    const of = (stack: string | null, limit = 10) =>
      historyRequested(world.ctx, { stack, limit }).deployments.map((one) => one.stack)
    expect(of('shop')).toEqual(['shop', 'shop'])
    expect(of(null, 1)).toEqual(['blog'])
    expect(historyRequested(world.ctx, { stack: 'blog', limit: 1 }).deployments[0]).toMatchObject({
      outcome: null,
      endedAt: null,
      services: [],
    })
    expect(() => of('shpo')).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})

describe('explainRequested()', () => {
  it('tells what changed a stack last and why nothing newer is taken', async () => {
    const world = await updated()
    const answer = await explain(world)
    expect(answer).toMatchObject({
      stack: 'shop',
      state: 'proven',
      commit: world.git.log()[0]?.revision.commit,
      revision: world.git.log()[0]?.revision.commit,
      deployments: [{ delivery: 'd-1', services: [{ name: 'web', action: 'recreate' }] }],
      held: [],
      updates: [],
      current: [{ file: 'shop/compose.yaml', line: 3 }],
      words: '',
      unknown: [],
      remedies: [],
    })
  })

  it('tells a failure with its last words, what waits, and what a person can do', async () => {
    const world = await updated()
    world.registry.push(app, '1.2.0', digest(3))
    world.machine.behave(`ghcr.io/o/app@${digest(3)}`, 'unhealthy')
    await pass(world, { kind: 'image-published', repositories: 'all' })
    await pass(world, { kind: 'revision-pushed' })
    world.git.change({
      '.magos/quarantine.yaml': `- {image: ghcr.io/o/app, tag: 1.3.0}\n`,
    })
    world.registry.push(app, '1.3.0', digest(4))
    const answer = await explain(world)
    expect(answer.state).toBe('rolled-back')
    expect(answer.reason).toContain('git ahead')
    expect(answer.words).toBe('web: health check: no answer')
    const hold = { kind: 'operator', by: 'ada', reason: '', at: 1, tracked: null } as const
    await world.ctx.holds.hold('shop', hold)
    await pass(world, { kind: 'revision-pushed' })
    await world.ctx.holds.release('shop')
    const released = await explain(world)
    expect(released.deployments[0]?.outcome).toBe('held')
    expect(released.remedies).toContain(
      'Go back to what was proven before with: magos rollback shop',
    )
    expect(answer.deployments.map(({ outcome }) => outcome)).toEqual(['rolled-back', 'succeeded'])
    expect(answer.held).toMatchObject([
      { kind: 'waits', reason: expect.stringContaining('quarantined') },
    ])
    expect(answer.remedies).toEqual([
      'Commit a change, or try it again with: magos sync shop',
      'Go back to what was proven before with: magos rollback shop',
      expect.stringContaining('magos release ghcr.io/o/app:1.3.0'),
    ])
  })

  it('offers no way back where the failure changed no image', async () => {
    const world = await updated()
    world.machine.behave(`ghcr.io/o/app@${digest(2)}`, 'unhealthy')
    world.git.change({
      'shop/compose.yaml': `${shop.replace('1.0.0', '1.1.0').replace(digest(1), digest(2))}    user: "1"\n`,
    })
    await pass(world, { kind: 'revision-pushed' })
    const answer = await explain(world)
    expect(answer.deployments[0]).toMatchObject({ outcome: 'failed' })
    const again = 'Commit a change, or try it again with: magos sync shop'
    expect(answer.remedies).toEqual([again])
    world.git.change({
      'shop/compose.yaml': `${shop.replace('1.0.0', '1.1.0').replace(digest(1), digest(2))}  db: {image: "${line('1.0.0', 1)}"}\n`,
    })
    await pass(world, { kind: 'revision-pushed' })
    const added = await explain(world)
    expect(added.deployments[0]?.services).toMatchObject([{ name: 'db', from: null }, {}])
    expect(added.remedies).toEqual([again])
  })

  it('tells a hold and how it ends', async () => {
    const world = await updated()
    const hold = { kind: 'operator', by: 'ada', reason: 'moving', at: 1, tracked: null } as const
    await world.ctx.holds.hold('shop', hold)
    const answer = await explain(world)
    expect(answer).toMatchObject({ state: 'held', reason: expect.stringContaining('moving') })
    expect(answer.remedies).toEqual(['Let it go on with: magos release shop'])
  })

  it('tells what it remembers though git is away or lost the stack', async () => {
    const world = await updated()
    expect(await explain(world, { openSource: away })).toMatchObject({
      state: 'proven',
      revision: null,
      deployments: [{}],
      unknown: ['the repository was not asked: Cannot reach "github.com"'],
    })
    world.git.put({ 'README.md': '' })
    expect((await explain(world)).unknown).toEqual([
      'git has no stack "shop" for this host any more',
    ])
  })

  it('tells what was put right without a deployment', async () => {
    const world = await updated()
    expect((await explain(world)).mended).toBeNull()
    const [{ id = '' } = {}] = world.machine.containers.values()
    world.machine.die(id, 1)
    await pass(world, { kind: 'revision-pushed' })
    const answer = await explain(world)
    expect(answer).toMatchObject({
      state: 'proven',
      mended: {
        times: 1,
        since: expect.stringMatching(/^2026-/),
        at: expect.stringMatching(/^2026-/),
        reason: 'service "web": container shop-web-1 exited with 1',
      },
    })
    const failing = { stack: 'shop', inputs: 'i', mends: 1, since: 0, at: 1, reason: 'r' }
    world.ctx.upkeep.note({ ...failing, failures: 1 })
    expect((await explain(world)).mended).toBeNull()
  })

  it('tells of a stack that is gone from git and from here, as far as the past knows it', async () => {
    const world = await updated()
    for (const { id } of world.machine.containers.values()) world.machine.drop(id)
    world.git.put({ 'blog/compose.yaml': shop })
    await pass(world, { kind: 'revision-pushed' })
    expect(await explain(world)).toMatchObject({
      state: 'gone',
      reason: 'it left the repository, and nothing of it runs here',
      commit: null,
      deployments: [{ outcome: 'succeeded' }],
      remedies: [],
    })
    expect(await explain(world, { openSource: away })).toMatchObject({ state: 'unknown' })
  })

  it('throws `usage` for a stack that nobody knows, and what git says where only git could know', async () => {
    const world = await updated()
    await expect(explain(world, {}, 'shpo')).rejects.toMatchObject({ code: 'usage' })
    await expect(explain(world, { openSource: away }, 'shpo')).rejects.toMatchObject({
      code: 'network',
    })
  })

  it('knows a stack that was never deployed', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    world.registry.push(app, '1.0.0', digest(1))
    expect(await explain(world)).toMatchObject({ state: 'unknown', commit: null, deployments: [] })
  })

  it('tells what a pass has refused, with its place and what to do', async () => {
    const world = await updated()
    world.git.change({ 'shop/compose.yaml': `${shop}    env_file: ../../x\n` })
    await pass(world, { kind: 'revision-pushed' })
    const answer = await explain(world)
    expect(answer).toMatchObject({
      state: 'refused',
      file: 'shop/compose.yaml',
      line: 4,
      reason: expect.stringContaining('the last good state runs on'),
      remedies: [answer.remedy],
    })
    expect(answer.remedy).toEqual(expect.stringMatching(/./))
  })

  it('tells why what git says of a stack is refused', async () => {
    const world = createWorld({
      'shop/compose.yaml': shop,
      '.magos.yaml': 'stacks: {shop: {after: [nobody]}}\n',
    })
    world.registry.push(app, '1.0.0', digest(1))
    expect(await explain(world)).toMatchObject({
      state: 'unknown',
      refused: [{ stack: 'shop', reason: expect.stringContaining('no stack "nobody"') }],
    })
  })

  it('names no way back where nothing was ever proven', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    world.registry.push(app, '1.0.0', digest(1))
    world.machine.behave(line('1.0.0', 1), 'unhealthy')
    world.machine.behave(`ghcr.io/o/app@${digest(1)}`, 'unhealthy')
    await pass(world, { kind: 'revision-pushed' })
    expect(await explain(world)).toMatchObject({
      state: 'failed',
      commit: null,
      remedies: ['Commit a change, or try it again with: magos sync shop'],
    })
  })

  it('asks only after its own images, and notes nothing', async () => {
    const blog = shop.replaceAll('o/app', 'o/blog')
    const world = createWorld({ 'shop/compose.yaml': shop, 'blog/compose.yaml': blog })
    world.registry.push(app, '1.0.0', digest(1))
    world.registry.push(app, '1.1.0', digest(2))
    const answer = await explain(world)
    expect(answer.updates).toMatchObject([{ to: line('1.1.0', 2) }])
    expect(world.registry.asked().some((one) => one.includes('blog'))).toBe(false)
    expect(
      world.ctx.memory.firstSeen({ repository: 'ghcr.io/o/app', tag: '1.1.0', digest: digest(2) }),
    ).toBeNull()
  })
})

function away(): Promise<never> {
  return Promise.reject(new MagosError('network', 'Cannot reach "github.com"'))
}

/** 1.0.0 was deployed, then a delivery brought 1.1.0. */
async function updated(): Promise<World> {
  const world = createWorld({ 'shop/compose.yaml': shop })
  world.registry.push(app, '1.0.0', digest(1))
  await pass(world, { kind: 'revision-pushed' })
  world.registry.push(app, '1.1.0', digest(2))
  const followUps = await pass(world, { kind: 'image-published', repositories: 'all' }, [delivery])
  const pushed = followUps.find(({ event }) => event.kind === 'revision-pushed')
  await pass(world, { kind: 'revision-pushed' }, pushed === undefined ? [] : [pushed.origin])
  return world
}

async function pass({ ctx }: World, event: Event, origins: readonly Origin[] = []) {
  const at = { ...ctx, origins }
  const handled =
    event.kind === 'image-published'
      ? await imagePublished(at, event, signal)
      : await revisionPushed(at, { kind: 'revision-pushed' }, signal)
  return handled.followUps
}

function explain(world: World, changes: Partial<ExplainContext> = {}, stack = 'shop') {
  const openSource = async () => await Promise.resolve(world.git)
  const worker = 'running' as const
  const ctx = { ...world.ctx, inbox: world.inbox, worker, openSource, ...changes }
  return explainRequested(ctx, stack, signal)
}
