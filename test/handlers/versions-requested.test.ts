import { describe, expect, it } from 'vitest'
import { versionsRequested } from '../../handlers/versions-requested.ts'
import type { VersionsRequested } from '../../src/domain/event.ts'
import { parseQuarantine } from '../../src/domain/quarantine/parse.ts'
import { createWorld, digest, signal, type World } from './world.ts'

const FILE = '.magos/quarantine.yaml'
const compose = `services:\n  web:\n    image: ghcr.io/o/app:1.0.0@${digest(1)}\n`

describe('versionsRequested()', () => {
  it.each([
    ['ghcr.io/o/app:1.1.0', { tag: '1.1.0', digest: null }],
    [`ghcr.io/o/app@${digest(2)}`, { tag: null, digest: digest(2) }],
    [`ghcr.io/o/app:1.1.0@${digest(2)}`, { tag: '1.1.0', digest: digest(2) }],
  ])('holds %s by a commit of the list alone', async (image, version) => {
    const world = homelab()
    const before = world.git.log()[0]?.revision.commit
    const { answer, followUps } = await ask(world, { image })
    const commit = world.git.made[0]?.revision.commit
    expect(answer).toEqual({
      revision: commit,
      commits: [commit],
      image: 'ghcr.io/o/app',
      outcome: 'held',
      versions: [{ ...version, reason: entries(world)[0]?.reason }],
    })
    expect(entries(world)).toEqual([
      {
        image: 'ghcr.io/o/app',
        ...version,
        host: 'nas',
        commit: before,
        reason: 'it leaks',
        at: expect.stringMatching(/^2026-01-01T/),
      },
    ])
    expect(world.git.text('shop/compose.yaml')).toBe(compose)
    expect(followUps.map(({ event }) => event.kind)).toEqual(['revision-pushed'])
    expect(world.git.made[0]?.message).toMatch(
      /^chore: hold ghcr\.io\/o\/app \S+\n\nit leaks, says ada\n\nMagos-Image: ghcr\.io\/o\/app\nMagos-Hold: \S+\nMagos-Host: nas\n$/,
    )
  })

  it('holds what is held already without a commit', async () => {
    const world = homelab()
    await ask(world, { image: 'ghcr.io/o/app:1.1.0' })
    const again = await ask(world, { image: 'ghcr.io/o/app:1.1.0' })
    expect(again.answer).toMatchObject({ outcome: 'unchanged', commits: [] })
    expect(world.git.made).toHaveLength(1)
  })

  it.each([
    ['ghcr.io/o/app:1.1.0', ['1.2.0', '1.2.0']],
    ['ghcr.io/o/app:1.2.0', ['1.1.0']],
    [`ghcr.io/o/app:1.2.0@${digest(3)}`, ['1.1.0', '1.2.0']],
    ['ghcr.io/o/app', []],
  ])('releases %s, keeps the rest, and looks at the image again', async (image, left) => {
    const world = homelab()
    const held = ['app:1.1.0', `app:1.2.0@${digest(3)}`, `app:1.2.0@${digest(4)}`]
    for (const one of held) await ask(world, { image: `ghcr.io/o/${one}` })
    const { answer, followUps } = await ask(world, { action: 'release', image })
    expect(answer.outcome).toBe('released')
    expect(answer.versions).toHaveLength(3 - left.length)
    expect(entries(world).map(({ tag }) => tag)).toEqual(left)
    expect(followUps.map(({ event }) => event)).toEqual([
      { kind: 'revision-pushed' },
      { kind: 'image-published', repositories: ['ghcr.io/o/app'] },
    ])
  })

  it('releases an image that no stack runs any more, as long as it is listed', async () => {
    const world = homelab()
    world.git.change({ [FILE]: '- {image: ghcr.io/o/old, tag: "1"}\n' })
    const { answer } = await ask(world, { action: 'release', image: 'ghcr.io/o/old' })
    expect(answer.outcome).toBe('released')
  })

  it('releases nothing where nothing is listed', async () => {
    const { answer } = await ask(homelab(), { action: 'release', image: 'ghcr.io/o/app' })
    expect(answer).toMatchObject({ outcome: 'unchanged', commits: [] })
  })

  it.each<[string, Partial<VersionsRequested>, string]>([
    ['usage', { image: 'ghcr.io/o/ap:1' }, 'no stack of this host runs "ghcr.io/o/ap"'],
    ['usage', { action: 'release', image: 'shop/web' }, 'does not list it'],
    ['usage', { image: 'ghcr.io/o/app' }, 'it names no version'],
    ['reference', { image: 'ghcr.io/o/app:' }, 'the tag is empty'],
  ])('throws `%s` for %j and writes nothing', async (code, changes, message) => {
    const world = homelab()
    await expect(ask(world, changes)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
    expect(world.git.made).toEqual([])
  })

  it('throws `edit` for a list that it does not understand, and where the branch forbids it', async () => {
    const world = homelab()
    world.git.answerNext({ outcome: 'held', reason: 'a ruleset forbids it', remedy: 'Let it' })
    const image = 'ghcr.io/o/app:1.1.0'
    await expect(ask(world, { image })).rejects.toMatchObject({ code: 'edit', remedy: 'Let it' })
    world.git.change({ [FILE]: 'nonsense\n' })
    await expect(ask(world, { image })).rejects.toMatchObject({ code: 'edit' })
  })

  it('plans again when the branch moved', async () => {
    const world = homelab()
    world.git.beforeSwap(() => world.git.change({ 'README.md': 'theirs' }))
    const image = 'ghcr.io/o/app:1.1.0'
    expect(await ask(world, { image })).toMatchObject({ next: 'again', followUps: [] })
    expect((await ask(world, { image })).answer.outcome).toBe('held')
    expect(world.git.text('README.md')).toBe('theirs')
  })
})

function homelab(): World {
  return createWorld({ 'shop/compose.yaml': compose })
}

function entries({ git }: World) {
  return parseQuarantine(FILE, git.text(FILE)).entries
}

function ask({ ctx }: World, changes: Partial<VersionsRequested>) {
  const event = {
    kind: 'versions-requested',
    action: 'hold',
    image: '',
    reason: 'it leaks',
    by: 'ada',
  } as const
  return versionsRequested(ctx, { ...event, ...changes }, signal)
}
