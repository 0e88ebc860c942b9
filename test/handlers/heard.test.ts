import { describe, expect, it } from 'vitest'
import { createHeard, nothingHeard, type Answers, type Heard } from '../../handlers/heard.ts'
import { imagePublished } from '../../handlers/image-published.ts'
import { proposalsDue } from '../../handlers/proposals-due.ts'
import { syncRequested } from '../../handlers/sync-requested.ts'
import type { Origin } from '../../src/domain/event.ts'
import { createWorld, digest, signal, type World } from './world.ts'

const app = { registry: 'ghcr.io', repository: 'o/app' }
const db = { registry: 'ghcr.io', repository: 'o/db' }
const appName = 'ghcr.io/o/app'

describe('imagePublished() after a webhook', () => {
  it('asks once for hint and poll together, and again in the poll after that', async () => {
    const { world, asked } = await polled()
    world.registry.push(app, '1.1.0', digest(2))
    expect((await hint(world)).answer.commits).toHaveLength(1)
    expect(asked()).toEqual([
      `tags ${appName}`,
      `digest ${appName}:1.1.0`,
      `manifest ${appName}@${digest(2)}`,
    ])
    expect((await poll(world)).answer).toMatchObject({ commits: [], held: [] })
    expect(asked()).toEqual(['tags ghcr.io/o/db'])
    await poll(world)
    expect(asked()).toEqual([`tags ${appName}`, 'tags ghcr.io/o/db'])
  })

  it('asks in the poll where the hint brought no news: its tag may not be listed yet', async () => {
    const { world, asked } = await polled()
    await hint(world)
    expect(asked()).toEqual([`tags ${appName}`])
    world.registry.push(app, '1.1.0', digest(2))
    expect((await poll(world)).answer.commits).toHaveLength(1)
  })

  it('asks in the poll after a hint that was doubled', async () => {
    const { world, asked } = await polled()
    world.registry.push(app, '1.1.0', digest(2))
    await hint(world)
    await hint(world)
    asked()
    world.registry.push(app, '1.2.0', digest(3))
    expect((await poll(world)).answer.commits).toHaveLength(1)
  })

  it('serves no second poll, whatever became of the line meanwhile', async () => {
    const { world, asked } = await polled()
    world.registry.push(app, '1.1.0', digest(2))
    await hint(world)
    const text = world.git.text('one/compose.yaml') ?? ''
    world.git.change({ 'one/compose.yaml': 'services: {}\n' })
    await poll(world)
    world.git.change({ 'one/compose.yaml': text })
    asked()
    await poll(world)
    expect(asked()).toContain(`tags ${appName}`)
  })

  it.each<readonly [string, readonly Origin[]]>([
    ['a start', [{ source: 'start' }]],
    ['a poll that a webhook joined', [{ source: 'poll' }, { source: 'webhook' }]],
    ['new rights of the App', [{ source: 'own' }]],
    ['nobody knows whom', []],
  ])('asks for %s, and in the poll after it', async (_title, origins) => {
    const { world, asked } = await polled()
    world.registry.push(app, '1.1.0', digest(2))
    await hint(world)
    asked()
    await publish(world, 'all', origins)
    expect(asked()).toContain(`tags ${appName}`)
    await poll(world)
    expect(asked()).toContain(`tags ${appName}`)
  })

  it('asks for a person', async () => {
    const { world, asked } = await polled()
    world.registry.push(app, '1.1.0', digest(2))
    await hint(world)
    asked()
    const ctx = { ...world.ctx, origins: [{ source: 'operator' }] as const }
    await syncRequested(ctx, { kind: 'sync-requested', stack: null }, signal)
    expect(asked()).toContain(`tags ${appName}`)
  })

  it('decides anew in the poll: a policy that changed picks from what the hint was told', async () => {
    const { world, asked } = await polled('"range": "<1.1"')
    world.registry.push(app, '1.1.0', digest(2))
    expect((await hint(world)).answer.commits).toEqual([])
    world.git.change({ 'one/compose.yaml': lines('"range": "<2"') })
    asked()
    expect((await poll(world)).answer.commits).toHaveLength(1)
    expect(asked()).not.toContain(`tags ${appName}`)
    expect(world.git.text('one/compose.yaml')).toContain(`1.1.0@${digest(2)}`)
  })

  it('decides anew in the poll: what was too young is taken once its time has come', async () => {
    const { world, asked } = await polled('"minAge": "1h"')
    world.registry.push(app, '1.1.0', digest(2))
    expect((await hint(world)).answer.held).toMatchObject([{ kind: 'waits' }])
    asked()
    const now = world.ctx.now + 2 * 3_600_000
    const later = { ...world, ctx: { ...world.ctx, now } }
    expect((await poll(later)).answer.commits).toHaveLength(1)
    expect(asked().toSorted()).toEqual([`manifest ${appName}@${digest(2)}`, 'tags ghcr.io/o/db'])
  })

  it('asks in the poll where the registry failed the hint', async () => {
    const { world, asked } = await polled()
    world.registry.push(app, '1.1.0', digest(2))
    await hint(world)
    world.registry.fail(app, 'unauthorized', 1)
    await hint(world)
    asked()
    await poll(world)
    expect(asked()).toContain(`tags ${appName}`)
  })

  it('knows a tag that moved: its digest is asked for once, the list in the poll too', async () => {
    const { world, asked } = await polled('"moved": "follow"')
    world.registry.push(app, '1.0.0', digest(7))
    expect((await hint(world)).answer.commits).toHaveLength(1)
    asked()
    await poll(world)
    expect(asked()).toEqual([`tags ${appName}`, 'tags ghcr.io/o/db'])
    await poll(world)
    expect(asked()).toContain(`digest ${appName}:1.0.0`)
  })
})

describe('proposalsDue() after a webhook', () => {
  it('asks once for hint and poll together, and again in the poll after that', async () => {
    const { world, asked } = await polled('"mode": "pr"')
    await due(world, 'all', 'poll')
    world.registry.push(app, '1.1.0', digest(2))
    asked()
    await due(world, [appName], 'own')
    expect(asked()).toContain(`tags ${appName}`)
    await due(world, 'all', 'poll')
    expect(asked()).toEqual([])
    await due(world, 'all', 'poll')
    expect(asked()).toContain(`tags ${appName}`)
  })

  it('takes from the commits nothing that they were told, and gives them nothing', async () => {
    const { world, asked } = await polled()
    world.git.change({ 'two/compose.yaml': lines('"mode": "pr"') })
    await due(world, 'all', 'poll')
    world.registry.push(app, '1.1.0', digest(2))
    await hint(world)
    await due(world, [appName], 'own')
    asked()
    await poll(world)
    await due(world, 'all', 'poll')
    expect(asked()).not.toContain(`tags ${appName}`)
  })
})

describe('createHeard()', () => {
  const first = answers(['a', 'b'], { a: 1 })

  it.each<readonly [string, Answers, Answers]>([
    ['a longer list', answers(['a', 'b', 'c'], {}), answers(['a', 'b', 'c'], {})],
    ['another list of one length', answers(['a', 'c'], {}), answers(['a', 'c'], {})],
    ['a shorter list', answers(['a'], {}), answers(['a'], {})],
    ['the list in another order', answers(['b', 'a'], {}), nothingHeard],
    ['the same', first, nothingHeard],
    ['a digest that moved', answers(['a', 'b'], { a: 2 }), answers(null, { a: 2 })],
    ['a digest that nobody asked for before', answers(['a', 'b'], { b: 2 }), nothingHeard],
    [
      'a new list with a new digest and an old one',
      answers(['a', 'c'], { a: 1, c: 3 }),
      answers(['a', 'c'], { c: 3 }),
    ],
    ['nothing', nothingHeard, nothingHeard],
  ])('serves of %s what is news', (_title, told, served) => {
    const heard = createHeard()
    note(heard, 'all', first)
    note(heard, ['x'], told)
    expect(recall(heard)).toEqual(served)
  })

  it('takes nothing for news where nothing was known', () => {
    const heard = createHeard()
    note(heard, ['x'], first)
    expect(recall(heard)).toEqual(nothingHeard)
  })

  it('serves nothing that a poll found itself', () => {
    const heard = createHeard()
    note(heard, 'all', first)
    note(heard, 'all', answers(['c'], {}))
    expect(recall(heard)).toEqual(nothingHeard)
  })

  it('keeps no more than it may: of what goes nothing is served', () => {
    const heard = createHeard({ most: 8 })
    note(heard, 'all', first)
    note(heard, ['x'], answers(['c'], {}))
    note(heard, ['y'], answers(['a', 'b', 'c', 'd', 'e', 'f'], {}))
    expect(recall(heard)).toEqual(nothingHeard)
  })
})

function answers(
  tags: readonly string[] | null,
  digests: Readonly<Record<string, number>>,
): Answers {
  const named = Object.entries(digests).map(([tag, number]) => [tag, digest(number)] as const)
  return { tags, digests: new Map(named) }
}

function note(heard: Heard, repositories: readonly string[] | 'all', told: Answers): void {
  const hearing = heard.begin({ repositories, origins: [{ source: 'poll' }] })
  const [name = 'x'] = repositories === 'all' ? [] : repositories
  hearing.recall(name)
  hearing.note(name, told)
}

function recall(heard: Heard): Answers {
  return heard.begin({ repositories: 'all', origins: [{ source: 'poll' }] }).recall('x')
}

function lines(keys = ''): string {
  const rest = keys === '' ? '' : `, ${keys}`
  return `services:
  web:
    image: ghcr.io/o/app:1.0.0@${digest(1)} # {"magos": {"policy": "semver"${rest}}}
  db:
    image: ghcr.io/o/db:2.0.0@${digest(5)} # {"magos": {"policy": "semver"}}
`
}

/** A world whose first poll has been; `asked` is what was asked since it was last called. */
async function polled(keys = '') {
  const world = createWorld({ 'one/compose.yaml': lines(keys) })
  world.registry.push(app, '1.0.0', digest(1))
  world.registry.push(db, '2.0.0', digest(5))
  await poll(world)
  let before = world.registry.asked().length
  const asked = (): readonly string[] => {
    const since = world.registry.asked().slice(before)
    before += since.length
    return since
  }
  return { world, asked }
}

function poll(world: World) {
  return publish(world, 'all', [{ source: 'poll' }])
}

function due({ ctx }: World, repositories: readonly string[] | 'all', source: Origin['source']) {
  const event = { kind: 'proposals-due', repositories, branches: [] } as const
  return proposalsDue({ ...ctx, origins: [{ source }] }, event, signal)
}

function hint(world: World) {
  return publish(world, [appName], [{ source: 'webhook' }])
}

function publish(
  { ctx }: World,
  repositories: readonly string[] | 'all',
  origins: readonly Origin[],
) {
  return imagePublished({ ...ctx, origins }, { kind: 'image-published', repositories }, signal)
}
