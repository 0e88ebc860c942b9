import { describe, expect, it } from 'vitest'
import { imagePublished } from '../../handlers/image-published.ts'
import type { HostSettings } from '../../handlers/context.ts'
import { MagosError } from '../../src/domain/error.ts'
import { parsePlatform } from '../../src/domain/platform.ts'
import { parseRules } from '../../src/domain/policy/rules.ts'
import { createWorld, digest, signal, type World } from './world.ts'

const app = { registry: 'ghcr.io', repository: 'o/app' }
const day = 86_400_000
/** A Saturday. */
const start = Date.UTC(2026, 2, 7, 12)

/** One stack with one line on 1.0.0, and tags 1.1.0 and 1.2.0 above it. */
function shop(
  magos: string,
  { tag = '1.0.0', host = {} }: { tag?: string; host?: Partial<HostSettings> } = {},
) {
  const annotation = `# {"magos": {${magos}}}`
  const world = createWorld(
    {
      'shop/compose.yaml': `services:\n  web:\n    image: ghcr.io/o/app:${tag}@${digest(1)} ${annotation}\n`,
    },
    { host },
  )
  world.registry.push(app, tag, digest(1))
  return world
}

async function publish(world: World, now: number) {
  const ctx = { ...world.ctx, now }
  const { answer } = await imagePublished(
    ctx,
    { kind: 'image-published', repositories: 'all' },
    signal,
  )
  const [, image = ''] = /image: (\S+)/.exec(world.git.text('shop/compose.yaml') ?? '') ?? []
  return { held: answer.held, pin: image.replace('ghcr.io/o/app:', '').replace(/@sha256:0+/, ' ') }
}

describe('imagePublished() with "minAge"', () => {
  const magos = '"policy": "semver", "minAge": "3d"'

  it('waits from its own first sight of a digest, and says until when', async () => {
    const world = shop(magos)
    world.registry.push(app, '1.1.0', digest(2))
    const first = await publish(world, start)
    expect(first.pin).toBe('1.0.0 1')
    expect(first.held).toMatchObject([
      {
        kind: 'waits',
        reason: expect.stringContaining('"1.1.0" waits until 2026-03-10 12:00 UTC'),
      },
    ])
    expect((await publish(world, start + 3 * day - 1)).pin).toBe('1.0.0 1')
    expect(await publish(world, start + 3 * day)).toEqual({ pin: '1.1.0 2', held: [] })
  })

  it('counts anew for a digest that the tag did not name before', async () => {
    const world = shop(magos)
    world.registry.push(app, '1.1.0', digest(2))
    await publish(world, start)
    world.registry.push(app, '1.1.0', digest(3))
    expect((await publish(world, start + 3 * day)).pin).toBe('1.0.0 1')
    expect((await publish(world, start + 6 * day)).pin).toBe('1.1.0 3')
  })

  it('takes the next older one that is old enough, and tells what the newest waits for', async () => {
    const world = shop(magos)
    world.registry.push(app, '1.1.0', digest(2))
    await publish(world, start)
    world.registry.push(app, '1.2.0', digest(3))
    const { pin, held } = await publish(world, start + 3 * day)
    expect(pin).toBe('1.1.0 2')
    expect(held).toMatchObject([
      { kind: 'waits', reason: expect.stringContaining('"1.2.0" waits') },
    ])
  })

  it('holds a moved `latest` as well', async () => {
    const world = shop('"policy": "latest", "minAge": "1d"', { tag: 'latest' })
    world.registry.push(app, 'latest', digest(2))
    expect((await publish(world, start)).pin).toBe('latest 1')
    expect((await publish(world, start + day)).pin).toBe('latest 2')
  })

  it('asks for a bounded number of newer tags in one pass', async () => {
    const world = shop(magos)
    for (let index = 1; index <= 60; index += 1)
      world.registry.push(app, `1.${index}.0`, digest(index + 1))
    await publish(world, start)
    expect(world.registry.asked().length).toBeLessThan(25)
  })

  it.each([
    ['"policy": "semver"', '3d'],
    ['"policy": "semver", "minAge": "1h"', '3d'],
    ['"policy": "semver", "minAge": "3d"', '1h'],
  ])('is never weaker than the stricter of annotation and guard: %s, %s', async (text, minAge) => {
    const world = shop(text, { host: { guards: parseRules({ minAge }) } })
    world.registry.push(app, '1.1.0', digest(2))
    await publish(world, start)
    expect((await publish(world, start + 2 * day)).pin).toBe('1.0.0 1')
    expect((await publish(world, start + 3 * day)).pin).toBe('1.1.0 2')
  })
})

describe('imagePublished() with a tag whose manifest is gone', () => {
  const magos = '"policy": "semver"'

  it('takes the next older one, and tells of the newest', async () => {
    const world = shop(magos)
    world.registry.push(app, '1.1.0', digest(2))
    world.registry.push(app, '1.2.0', digest(3))
    world.registry.lose(app, digest(3))
    const { pin, held } = await publish(world, start)
    expect(pin).toBe('1.1.0 2')
    expect(held).toMatchObject([
      { kind: 'waits', reason: expect.stringContaining('"1.2.0" is listed, but') },
    ])
    world.registry.push(app, '1.2.0', digest(3))
    expect(await publish(world, start)).toEqual({ pin: '1.2.0 3', held: [] })
  })

  it('waits where nothing else fits', async () => {
    const world = shop(magos)
    world.registry.push(app, '1.1.0', digest(2))
    world.registry.lose(app, digest(2))
    const { pin, held } = await publish(world, start)
    expect(pin).toBe('1.0.0 1')
    expect(held).toMatchObject([{ kind: 'waits', reason: expect.stringContaining('"1.1.0"') }])
  })

  it('calls a followed tag that is not there no listed one, and says what to do', async () => {
    const world = shop('"policy": "latest", "tag": "nope"')
    const { pin, held } = await publish(world, start)
    expect(pin).toBe('1.0.0 1')
    expect(held).toMatchObject([
      {
        kind: 'waits',
        reason: expect.stringMatching(/^the followed tag "nope" is not there: /),
        remedy: 'Name one that is there in "tag", or wait until it is pushed',
      },
    ])
  })

  it('is a problem where it is the committed one, which runs', async () => {
    const world = shop(`${magos}, "moved": "follow"`)
    world.registry.lose(app, digest(1))
    const { pin, held } = await publish(world, start)
    expect(pin).toBe('1.0.0 1')
    expect(held).toMatchObject([{ kind: 'problem' }])
  })

  it('does not pass over a tag for any other failure', async () => {
    const world = shop(magos)
    world.registry.push(app, '1.1.0', digest(2))
    world.registry.push(app, '1.2.0', digest(3))
    const ask = world.registry.digest.bind(world.registry)
    const registry = {
      ...world.registry,
      digest: async (...[name, tag, aborted]: Parameters<typeof ask>) => {
        if (tag === '1.2.0') throw new MagosError('protocol', 'Cannot read it')
        return ask(name, tag, aborted)
      },
    }
    const { pin, held } = await publish({ ...world, ctx: { ...world.ctx, registry } }, start)
    expect(pin).toBe('1.0.0 1')
    expect(held).toMatchObject([{ kind: 'problem', reason: 'Cannot read it' }])
  })
})

describe('imagePublished() with "moved"', () => {
  it('asks for the list alone by default, and leaves the digest as it is', async () => {
    const world = shop('"policy": "semver"')
    world.registry.push(app, '1.0.0', digest(2))
    expect(await publish(world, start)).toEqual({ pin: '1.0.0 1', held: [] })
    expect(world.registry.asked()).toEqual(['tags ghcr.io/o/app'])
  })

  it('costs one question more where the tag is followed', async () => {
    const world = shop('"policy": "semver", "moved": "follow"')
    expect(await publish(world, start)).toEqual({ pin: '1.0.0 1', held: [] })
    expect(world.registry.asked()).toEqual(['tags ghcr.io/o/app', 'digest ghcr.io/o/app:1.0.0'])
  })

  it('pins the committed tag anew where it names another image for this host', async () => {
    const world = shop('"policy": "semver", "moved": "follow", "minAge": "1d"')
    world.registry.describe(digest(1), { 'linux/amd64': digest(10), 'linux/arm64': digest(11) })
    world.registry.push(app, '1.0.0', digest(2))
    world.registry.describe(digest(2), { 'linux/amd64': digest(10), 'linux/arm64': digest(12) })
    expect(await publish(world, start)).toEqual({ pin: '1.0.0 1', held: [] })
    world.registry.push(app, '1.0.0', digest(3))
    world.registry.describe(digest(3), { 'linux/amd64': digest(13), 'linux/arm64': digest(12) })
    expect((await publish(world, start)).held).toMatchObject([{ kind: 'waits' }])
    expect(await publish(world, start + day)).toEqual({ pin: '1.0.0 3', held: [] })
    expect(world.git.made[0]?.message).toContain('its own tag names another digest now')
  })

  it('takes a newer tag before a moved one', async () => {
    const world = shop('"policy": "semver", "moved": "follow"')
    world.registry.push(app, '1.0.0', digest(2))
    world.registry.push(app, '1.1.0', digest(3))
    expect((await publish(world, start)).pin).toBe('1.1.0 3')
  })
})

describe('imagePublished() and platforms', () => {
  it('takes the newest that is there for the host, and tells what the newest lacks', async () => {
    const world = shop('"policy": "semver"')
    world.registry.push(app, '1.1.0', digest(2))
    world.registry.push(app, '1.2.0', digest(3))
    world.registry.describe(digest(3), { 'linux/arm64': digest(30) })
    const { pin, held } = await publish(world, start)
    expect(pin).toBe('1.1.0 2')
    expect(held).toMatchObject([
      { kind: 'waits', reason: expect.stringMatching(/"1\.2\.0".*linux\/amd64/) },
    ])
  })

  it('calls it a problem where nothing above can run', async () => {
    const world = shop('"policy": "semver"')
    world.registry.push(app, '1.1.0', digest(2))
    world.registry.describe(digest(2), {})
    const { pin, held } = await publish(world, start)
    expect(pin).toBe('1.0.0 1')
    expect(held).toMatchObject([
      { kind: 'problem', remedy: expect.stringContaining('"platforms"') },
    ])
  })

  it('wants all platforms that are named, of the annotation and of the guards', async () => {
    const guards = parseRules({ platforms: ['linux/s390x'] })
    const world = shop('"policy": "semver", "platforms": ["linux/amd64"]', { host: { guards } })
    world.registry.push(app, '1.1.0', digest(2))
    expect((await publish(world, start)).pin).toBe('1.0.0 1')
    world.registry.push(app, '1.2.0', digest(3))
    world.registry.describe(digest(3), { 'linux/amd64': digest(30), 'linux/s390x': digest(31) })
    expect((await publish(world, start)).pin).toBe('1.2.0 3')
  })

  it('makes no update of an index that changed for others alone', async () => {
    const world = shop('"policy": "latest"', { tag: 'latest' })
    world.registry.describe(digest(1), { 'linux/amd64': digest(10), 'linux/arm64': digest(11) })
    world.registry.push(app, 'latest', digest(2))
    world.registry.describe(digest(2), { 'linux/amd64': digest(10), 'linux/arm64': digest(12) })
    expect(await publish(world, start)).toEqual({ pin: 'latest 1', held: [] })
    world.registry.push(app, 'latest', digest(3))
    world.registry.describe(digest(3), { 'linux/amd64': digest(13), 'linux/arm64': digest(12) })
    expect((await publish(world, start)).pin).toBe('latest 3')
  })

  it('decides by the host’s own platform', async () => {
    const platform = parsePlatform('linux/arm64')
    const world = shop('"policy": "latest"', { tag: 'latest', host: { platform } })
    world.registry.describe(digest(1), { 'linux/amd64': digest(10), 'linux/arm64': digest(11) })
    world.registry.push(app, 'latest', digest(2))
    world.registry.describe(digest(2), { 'linux/amd64': digest(10), 'linux/arm64': digest(12) })
    expect((await publish(world, start)).pin).toBe('latest 2')
  })

  it('updates where the pinned index is gone', async () => {
    const world = shop('"policy": "latest"', { tag: 'latest' })
    world.registry.push(app, 'latest', digest(2))
    world.registry.remove(app, digest(1))
    expect((await publish(world, start)).pin).toBe('latest 2')
  })

  it('asks for a manifest once, however often it checks', async () => {
    const world = shop('"policy": "semver", "minAge": "3d"')
    world.registry.push(app, '1.1.0', digest(2))
    for (const days of [0, 1, 2, 3, 4]) await publish(world, start + days * day)
    const asked = world.registry.asked().filter((one) => one.startsWith('manifest'))
    expect(asked).toHaveLength(1)
  })
})

describe('imagePublished() with "window"', () => {
  it('waits for its window, and takes what is newest then', async () => {
    const world = shop('"policy": "semver", "window": {"days": "sun", "hours": "02:00-05:00"}')
    world.registry.push(app, '1.1.0', digest(2))
    const { pin, held } = await publish(world, start)
    expect(pin).toBe('1.0.0 1')
    expect(held).toMatchObject([
      { kind: 'waits', reason: '"1.1.0" is due, but it waits for its window, sun 02:00-05:00 UTC' },
    ])
    world.registry.push(app, '1.2.0', digest(3))
    expect(await publish(world, start + 14 * 3_600_000)).toEqual({ pin: '1.2.0 3', held: [] })
  })

  it('wants the guards’ window open too, also for a pin', async () => {
    const guards = parseRules({ window: { days: 'sun' } })
    const world = shop('"policy": "digest", "digest": "' + digest(7) + '"', { host: { guards } })
    expect((await publish(world, start)).pin).toBe('1.0.0 1')
    expect((await publish(world, start + day)).pin).toBe('1.0.0 7')
  })

  it('says nothing where nothing is due', async () => {
    const world = shop('"policy": "semver", "window": {"days": "sun"}')
    expect(await publish(world, start)).toEqual({ pin: '1.0.0 1', held: [] })
  })
})

describe('imagePublished() on a line without a digest', () => {
  it('pins it to its own tag at once, while a newer one waits', async () => {
    const world = createWorld({
      'shop/compose.yaml':
        'services:\n  web:\n    image: ghcr.io/o/app:1.0.0 # {"magos": {"policy": "semver", "minAge": "3d"}}\n',
    })
    world.registry.push(app, '1.0.0', digest(1))
    world.registry.push(app, '1.1.0', digest(2))
    const { pin, held } = await publish(world, start)
    expect(pin).toBe('1.0.0 1')
    expect(held).toMatchObject([{ kind: 'waits' }])
    expect((await publish(world, start + 3 * day)).pin).toBe('1.1.0 2')
  })
})

describe('imagePublished() with calver and numeric', () => {
  it.each([
    ['calver', '2025.02.03', '2025.10.01', '2025.9.30'],
    ['numeric', '1.2.3.4', '1.2.3.10', '1.2.3.9'],
  ])('follows %s', async (policy, committed, newest, other) => {
    const world = shop(`"policy": "${policy}"`, { tag: committed })
    world.registry.push(app, newest, digest(2))
    world.registry.push(app, other, digest(3))
    expect((await publish(world, start)).pin).toBe(`${newest} 2`)
    expect(world.git.made[0]?.message).toContain(`Magos-Policy: ${policy}`)
  })
})
