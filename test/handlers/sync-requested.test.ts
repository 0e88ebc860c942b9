import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { revisionPushed } from '../../handlers/revision-pushed.ts'
import { syncRequested } from '../../handlers/sync-requested.ts'
import type { Committer, Registry } from '../../src/ports.ts'
import { compose, containers, createWorld, digest, outcomes, signal } from './world.ts'
import type { World } from './world.ts'

const app = { registry: 'ghcr.io', repository: 'o/app' }
const annotated = (line: string) =>
  `services:\n  web:\n    image: ${line} # {"magos": {"policy": "semver"}}\n`
const other = compose(`blog: {image: ghcr.io/o/blog@${digest(7)}}`)

describe('syncRequested()', () => {
  it('checks, commits, deploys and proves in one pass', async () => {
    const world = shop()
    const { answer, followUps, next } = await sync(world)
    const [commit = ''] = answer.commits
    expect(next).toBe('done')
    expect(world.git.made.map(({ revision }) => revision.commit)).toEqual([commit])
    expect(answer).toMatchObject({ revision: commit, held: [] })
    expect(outcomes(answer.deployments)).toEqual(['blog succeeded', 'shop succeeded'])
    expect([...world.machine.containers.values()].map(({ image }) => image)).toContain(
      `ghcr.io/o/app:1.1.0@${digest(2)}`,
    )
    expect(followUps.map(({ event }) => event.kind)).toEqual([
      'report-due',
      'report-due',
      'report-due',
      'report-due',
      'report-due',
      'commit-reached',
    ])
  })

  it('waits for slow registries, so that its answer tells of all', async () => {
    const world = shop()
    const db = { registry: 'slow.lan', repository: 'o/db' }
    world.git.change({ 'db/compose.yaml': annotated(`slow.lan/o/db:1.0.0@${digest(3)}`) })
    world.registry.push(db, '1.0.0', digest(3))
    world.registry.push(db, '1.1.0', digest(4))
    const registry: Registry = {
      ...world.registry,
      async tags(name, asked) {
        if (name.registry === 'slow.lan') await setImmediate()
        return world.registry.tags(name, asked)
      },
    }
    const ctx = { ...world.ctx, registry, patience: () => AbortSignal.abort() }
    await sync({ ...world, ctx })
    expect(world.git.text('shop/compose.yaml')).toContain('1.1.0')
    expect(world.git.text('db/compose.yaml')).toContain('1.1.0')
  })

  it('deploys the head when there is nothing to commit, and says what is held', async () => {
    const world = shop()
    world.registry.fail(app, 'network')
    const { answer } = await sync(world)
    expect(answer.commits).toEqual([])
    expect(answer.held).toMatchObject([{ file: 'shop/compose.yaml', line: 3, kind: 'problem' }])
    expect(outcomes(answer.deployments)).toEqual(['blog succeeded', 'shop succeeded'])
  })

  it('asks to be run again when the branch moved, before anything is deployed', async () => {
    const world = shop()
    world.git.beforeSwap(() => world.git.change({ 'README.md': 'theirs' }))
    expect(await sync(world)).toMatchObject({ next: 'again', answer: { commits: [] } })
    expect(world.machine.calls).toEqual([])
    expect((await sync(world)).answer.commits).toHaveLength(1)
    expect(world.git.text('README.md')).toBe('theirs')
  })

  it('deploys only the stack that is named', async () => {
    const world = shop()
    const { answer } = await sync(world, 'shop')
    expect(outcomes(answer.deployments)).toEqual(['shop succeeded'])
    expect(Object.keys(containers(world))).toEqual(['shop-web-1'])
  })

  it('tries a state that failed again only for a person who names its stack', async () => {
    const world = shop()
    world.machine.behave(`ghcr.io/o/app@${digest(2)}`, 'unhealthy')
    expect(outcomes((await sync(world)).answer.deployments)).toContain('shop failed')
    world.machine.behave(`ghcr.io/o/app@${digest(2)}`, 'healthy')
    expect(outcomes((await sync(world)).answer.deployments)).toContain('shop failed')
    expect(outcomes((await sync(world, 'shop')).answer.deployments)).toEqual(['shop succeeded'])
  })

  it('takes back an update that failed, and lists it, in the same pass', async () => {
    const world = shop()
    world.registry.untag(app, '1.1.0')
    await sync(world)
    const proven = world.git.text('shop/compose.yaml')
    world.registry.push(app, '1.1.0', digest(2))
    world.machine.behave(`ghcr.io/o/app@${digest(2)}`, 'unhealthy')
    const { answer, followUps } = await sync(world)
    const [update = '', revert = ''] = answer.commits
    expect(
      world.git
        .log()
        .map(({ revision }) => revision.commit)
        .slice(0, 2),
    ).toEqual([revert, update])
    expect(answer.revision).toBe(revert)
    expect(world.git.text('shop/compose.yaml')).toBe(proven)
    expect(world.git.text('.magos/quarantine.yaml')).toContain(digest(2))
    expect(followUps.map(({ event }) => event.kind)).toContain('revision-pushed')
    expect(followUps.map(({ event }) => event.kind)).not.toContain('update-failed')
    expect(followUps.map(({ event }) => event.kind)).not.toContain('image-published')
    expect((await sync(world)).answer.commits).toEqual([])
  })

  it('leaves the event to others where the branch moves under the revert', async () => {
    const world = shop()
    world.registry.untag(app, '1.1.0')
    await sync(world)
    world.registry.push(app, '1.1.0', digest(2))
    world.machine.behave(`ghcr.io/o/app@${digest(2)}`, 'unhealthy')
    const committer: Committer = {
      commit(proposal, asked) {
        if (proposal.message.startsWith('revert')) world.git.change({ 'README.md': 'theirs' })
        return world.git.commit(proposal, asked)
      },
    }
    const event = { kind: 'sync-requested', stack: null } as const
    const { answer, followUps } = await syncRequested({ ...world.ctx, committer }, event, signal)
    expect(answer.commits).toHaveLength(1)
    expect(followUps.map((one) => one.event.kind)).toContain('update-failed')
  })

  describe('where an event that came before did the work', () => {
    const before = async (behaviour: 'healthy' | 'unhealthy' = 'healthy') => {
      const world = shop()
      world.registry.untag(app, '1.1.0')
      await sync(world)
      const askedAt = world.ctx.now
      const taken = world.git.text('shop/compose.yaml') ?? ''
      world.machine.behave(`ghcr.io/o/app@${digest(2)}`, behaviour)
      world.git.change({ 'shop/compose.yaml': taken.replaceAll(/image: \S+/g, `image: ${newer}`) })
      const origin = { source: 'webhook', event: 'push', delivery: 'd-1' } as const
      await revisionPushed({ ...world.ctx, origins: [origin] }, { kind: 'revision-pushed' }, signal)
      return { world, askedAt, taken }
    }
    const newer = `ghcr.io/o/app:1.1.0@${digest(2)}`

    it('tells what it did since the command was given, and nothing of what was before', async () => {
      const { world, askedAt } = await before()
      const event = { kind: 'sync-requested', stack: null, askedAt } as const
      const { answer } = await syncRequested(world.ctx, event, signal)
      expect(answer.deployments).toEqual([
        expect.objectContaining({ stack: 'blog', outcome: 'unchanged' }),
        {
          stack: 'shop',
          outcome: 'succeeded',
          services: [{ name: 'web', action: 'recreate', reasons: [`it shall run ${newer}`] }],
          reason:
            'done for a webhook (push, delivery d-1) while this command waited: healthy and steady for 0.3 s',
        },
      ])
      const later = { ...event, askedAt: world.ctx.now + 1 }
      const again = await syncRequested(world.ctx, later, signal)
      expect(outcomes(again.answer.deployments)).toEqual(['blog unchanged', 'shop unchanged'])
    })

    it('tells of a rollback though git wants the old state again', async () => {
      const { world, askedAt, taken } = await before('unhealthy')
      world.git.change({ 'shop/compose.yaml': taken })
      const event = { kind: 'sync-requested', stack: 'shop', askedAt } as const
      const { answer } = await syncRequested(world.ctx, event, signal)
      expect(answer.deployments).toMatchObject([
        { outcome: 'rolled-back', reason: expect.stringContaining('while this command waited') },
      ])
    })

    it('tells of containers that were put right meanwhile', async () => {
      const world = shop()
      world.registry.untag(app, '1.1.0')
      await sync(world)
      const askedAt = world.ctx.now
      const note = { stack: 'shop', inputs: 'i', mends: 1, since: 0, reason: 'web was gone' }
      world.ctx.upkeep.note({ ...note, failures: 0, at: askedAt + 1 })
      const event = { kind: 'sync-requested', stack: 'shop', askedAt } as const
      expect((await syncRequested(world.ctx, event, signal)).answer.deployments).toMatchObject([
        { outcome: 'succeeded', reason: 'put right while this command waited (web was gone)' },
      ])
      world.ctx.upkeep.note({ ...note, failures: 0, at: askedAt - 1 })
      expect((await syncRequested(world.ctx, event, signal)).answer.deployments).toMatchObject([
        { outcome: 'unchanged' },
      ])
    })
  })

  it('throws `usage` for an unknown stack before anything is asked or committed', async () => {
    const world = shop()
    await expect(sync(world, 'shpo')).rejects.toMatchObject({ code: 'usage' })
    expect(world.git.made).toEqual([])
    expect(world.registry.asked()).toEqual([])
    expect(world.machine.calls).toEqual([])
  })
})

function shop(): World {
  const world = createWorld({
    'shop/compose.yaml': annotated(`ghcr.io/o/app:1.0.0@${digest(1)}`),
    'blog/compose.yaml': other,
  })
  world.registry.push(app, '1.0.0', digest(1))
  world.registry.push(app, '1.1.0', digest(2))
  return world
}

function sync({ ctx }: World, stack: string | null = null) {
  return syncRequested(ctx, { kind: 'sync-requested', stack }, signal)
}
