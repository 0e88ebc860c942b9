import { describe, expect, it } from 'vitest'
import { driftDetected } from '../../handlers/drift-detected.ts'
import { releaseRequested } from '../../handlers/hold-requested.ts'
import type { Ancestry } from '../../src/ports.ts'
import { compose, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const db = `ghcr.io/o/db@${digest(2)}`
const shop = compose(`web: {image: ${web}}`, `db: {image: ${db}}`)
const other = compose(`web: {image: ${web}, tty: true}`, `db: {image: ${db}}`)
const updated = `ghcr.io/o/web@${digest(7)}`
const FILE = 'shop/compose.yaml'

async function stopped(): Promise<World> {
  const world = createWorld({ [FILE]: shop, 'shop/other.yaml': other })
  await deploy(world)
  stopAll(world)
  await driftDetected(world.ctx, { kind: 'drift-detected', departures: [] }, signal)
  expect(await world.ctx.holds.held('shop')).toMatchObject({ kind: 'stopped-by-hand' })
  return world
}

function stopAll({ machine }: World): void {
  for (const { id } of machine.observed(null)) machine.stop(id)
}

/** What another host of Magos writes below its commits. */
function message(to: string, more = ''): string {
  return `chore: update web\n\nMagos-Image: ghcr.io/o/web\nMagos-To: 1@${to}\n${more}Magos-Host: attic\n`
}

function update({ git }: World, to = 7): void {
  const text = git.text(FILE) ?? ''
  const file = text.replace(/web@sha256:[0-9a-f]+/u, `web@${digest(to)}`)
  git.change({ [FILE]: file }, message(digest(to)))
}

/** As where a variable stands in more than the image. */
function updateMore({ git }: World): void {
  const file = shop.replace(web, updated).replace('web: {', 'web: {labels: {v: "7"}, ')
  git.change({ [FILE]: file }, message(digest(7)))
}

async function came(world: World): Promise<string | undefined> {
  return outcomes((await deploy(world)).deployments)[0]
}

function runs({ machine }: World): readonly string[] {
  const up = machine.observed(null).filter(({ state }) => state === 'running')
  return up.map(({ image }) => image).toSorted()
}

describe('a stack that somebody stopped', () => {
  it('stays stopped where Magos updates it, and takes the newest state once it is released', async () => {
    const world = await stopped()
    update(world, 6)
    expect(await came(world)).toBe('shop held')
    update(world)
    expect(await came(world)).toBe('shop held')
    expect(runs(world)).toEqual([])
    const asked = { ...world.ctx, inbox: world.inbox, now: 1, openSource: () => Promise.reject() }
    await releaseRequested(asked, 'shop', signal)
    expect(await came(world)).toBe('shop succeeded')
    expect(runs(world)).toEqual([db, updated])
  })

  it('asks neither provider nor history again where nothing came since', async () => {
    const world = await stopped()
    update(world)
    await came(world)
    const looks: string[] = []
    const ancestry: Ancestry = {
      ...world.git,
      between: async (from) => {
        looks.push(from)
        return await Promise.resolve(null)
      },
    }
    Object.assign(world.ctx, { ancestry })
    expect((await deploy(world)).calls).toEqual(['observe'])
    expect(looks).toEqual([])
  })

  it.each<[string, string, (world: World) => unknown]>([
    ['what no service reads', 'held', ({ git }) => git.change({ 'shop/NOTES': 'mine\n' })],
    ['another stack', 'held', ({ git }) => git.change({ 'blog/NOTES': 'mine\n' })],
    [
      'what no service reads, beside an update',
      'held',
      (world) => {
        world.git.change({ 'shop/NOTES': 'mine\n' })
        update(world)
      },
    ],
    ['nothing, and Magos more than an image', 'held', updateMore],
    [
      'what no service reads, seen before Magos changed more than an image',
      'held',
      async (world) => {
        world.git.change({ 'shop/NOTES': 'mine\n' })
        await deploy(world)
        updateMore(world)
      },
    ],
    [
      'nothing, and it came by a history that was written anew',
      'held',
      ({ git }) => git.replace({ [FILE]: shop, 'shop/NOTES': 'mine\n' }),
    ],
    [
      'an image',
      'succeeded',
      ({ git }) => git.change({ [FILE]: shop.replace(web, updated) }, 'chore: by Magos, says Ada'),
    ],
    [
      'an image in a history that was written anew',
      'succeeded',
      ({ git }) => git.replace({ [FILE]: shop.replace(web, updated) }),
    ],
    [
      'another image to what Magos wrote elsewhere',
      'succeeded',
      (world) => {
        update(world)
        world.git.change({ [FILE]: shop.replace(db, `ghcr.io/o/db@${digest(7)}`) })
      },
    ],
    [
      'a service, beside an update',
      'succeeded',
      (world) => {
        update(world)
        const file = world.git.text(FILE) ?? ''
        world.git.change({ [FILE]: file.replace('db: {', 'db: {tty: true, ') })
        update(world, 8)
      },
    ],
    [
      'the very service that Magos updates',
      'succeeded',
      (world) => {
        update(world)
        const file = world.git.text(FILE) ?? ''
        world.git.change({ [FILE]: file.replace('web: {', 'web: {tty: true, ') })
      },
    ],
    [
      'which files the stack is made of',
      'succeeded',
      ({ git }) => git.change({ '.magos.yaml': 'stacks: {shop: {files: [other.yaml]}}\n' }),
    ],
    [
      'a service’s name',
      'succeeded',
      ({ git }) => git.change({ [FILE]: shop.replace('db:', 'rows:') }),
    ],
    ['the project', 'held', ({ git }) => git.change({ [FILE]: `name: other\n${shop}` })],
    [
      'what was updated before, by a rollback',
      'succeeded',
      ({ git }) => {
        const file = shop.replace(web, updated)
        git.change({ [FILE]: file }, message(digest(7), 'Magos-Reverts: abc\n'))
      },
    ],
  ])('comes to what it should where somebody changed %s: %s', async (_what, outcome, change) => {
    const world = await stopped()
    await change(world)
    expect(await came(world)).toBe(`shop ${outcome}`)
    expect(runs(world).length).toBe(outcome === 'held' ? 0 : 2)
  })

  it('stays stopped where a person merges what Magos proposed', async () => {
    const world = await stopped()
    const { git } = world
    const base = await git.head(signal)
    updateMore(world)
    const proposed = await git.head(signal)
    const merged = git.change({ 'blog/NOTES': 'mine\n' }, 'Merge pull request #7')
    const ancestry: Ancestry = {
      ...git,
      between: async () =>
        await Promise.resolve([
          { revision: merged, parents: [base.commit, proposed.commit], message: 'Merge' },
          { revision: proposed, parents: [base.commit], message: message(digest(7)) },
        ]),
    }
    Object.assign(world.ctx, { ancestry })
    expect(await came(world)).toBe('shop held')
  })

  it('is started where a person releases it while that is found out', async () => {
    const world = await stopped()
    const ancestry: Ancestry = {
      ...world.git,
      between: async (...asked) => {
        await world.ctx.holds.release('shop')
        return world.git.between(...asked)
      },
    }
    Object.assign(world.ctx, { ancestry })
    update(world)
    expect(await came(world)).toBe('shop succeeded')
  })

  it('stays held by what a person says while that is found out', async () => {
    const world = await stopped()
    const { holds } = world.ctx
    const hold = { kind: 'operator', by: 'ada', reason: '', at: 5, tracked: null } as const
    const ancestry: Ancestry = {
      ...world.git,
      between: async (...asked) => {
        await holds.hold('shop', hold)
        return world.git.between(...asked)
      },
    }
    Object.assign(world.ctx, { ancestry })
    world.git.change({ [FILE]: shop.replace(web, updated) })
    expect(await came(world)).toBe('shop held')
    expect(await holds.held('shop')).toEqual(hold)
  })

  it('is held where an update came before anybody saw that it was stopped', async () => {
    const world = createWorld({ [FILE]: shop })
    await deploy(world)
    stopAll(world)
    update(world)
    expect(await came(world)).toBe('shop held')
    expect(await world.ctx.holds.held('shop')).toMatchObject({ kind: 'stopped-by-hand' })
    world.git.change({ [FILE]: shop.replace(db, `ghcr.io/o/db@${digest(9)}`) })
    expect(await came(world)).toBe('shop succeeded')
  })

  it('is started where somebody changed it before anybody saw that it was stopped', async () => {
    const world = createWorld({ [FILE]: shop })
    await deploy(world)
    stopAll(world)
    world.git.change({ [FILE]: shop.replace(web, updated) })
    expect(await came(world)).toBe('shop succeeded')
  })
})
