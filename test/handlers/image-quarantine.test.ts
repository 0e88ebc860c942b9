import { describe, expect, it } from 'vitest'
import { checkRequested } from '../../handlers/check-requested.ts'
import { imagePublished } from '../../handlers/image-published.ts'
import { createWorld, digest, signal, type World } from './world.ts'

const FILE = '.magos/quarantine.yaml'
const app = { registry: 'ghcr.io', repository: 'o/app' }
const db = { registry: 'ghcr.io', repository: 'o/db' }

/** A line on 1.0.0 with 1.1.0 and 1.2.0 above it, and a neighbour that has an update too. */
function shop(quarantine: string, pin = `:1.0.0@${digest(1)}`, policy = '"policy": "semver"') {
  const world = createWorld({
    'shop/compose.yaml': `services:\n  web:\n    image: ghcr.io/o/app${pin} # {"magos": {${policy}}}\n`,
    'store/compose.yaml': `services:\n  db:\n    image: ghcr.io/o/db:1.0.0@${digest(7)} # {"magos": {"policy": "semver"}}\n`,
    ...(quarantine === '' ? {} : { [FILE]: quarantine }),
  })
  for (const [tag, number] of Object.entries({ '1.0.0': 1, '1.1.0': 2, '1.2.0': 3 })) {
    world.registry.push(app, tag, digest(number))
  }
  world.registry.push(db, '1.0.0', digest(7))
  world.registry.push(db, '1.1.0', digest(8))
  return world
}

const listed = (number: number, tag = 'any') =>
  `- { image: ghcr.io/o/app, tag: ${tag}, digest: "${digest(number)}", host: pi, reason: it crashed }\n`

async function publish(world: World) {
  const { answer } = await imagePublished(
    world.ctx,
    { kind: 'image-published', repositories: 'all' },
    signal,
  )
  const pin = (file: string) =>
    /:([0-9a-z.]+)(?:@\S*)? #/.exec(world.git.text(file) ?? '')?.[1] ?? ''
  return { held: answer.held, web: pin('shop/compose.yaml'), db: pin('store/compose.yaml') }
}

describe('imagePublished() with a quarantine', () => {
  it('takes the next eligible version above the committed one, and says why not the newest', async () => {
    const { held, web, db: neighbour } = await publish(shop(listed(3)))
    expect({ web, neighbour }).toEqual({ web: '1.1.0', neighbour: '1.1.0' })
    expect(held).toMatchObject([
      {
        file: 'shop/compose.yaml',
        line: 3,
        kind: 'waits',
        reason: expect.stringMatching(/^"1\.2\.0" is quarantined by pi: it crashed$/),
      },
    ])
  })

  it('waits where every newer version is listed, and goes on when one is published', async () => {
    const world = shop(listed(3) + listed(2))
    const { held, web } = await publish(world)
    expect(web).toBe('1.0.0')
    expect(held).toMatchObject([
      { kind: 'waits', remedy: expect.stringContaining('magos release') },
    ])
    world.registry.push(app, '1.3.0', digest(4))
    expect((await publish(world)).web).toBe('1.3.0')
  })

  it('passes over a tag that is held without a digest, whatever it names', async () => {
    expect((await publish(shop('- {image: ghcr.io/o/app, tag: 1.2.0}\n'))).web).toBe('1.1.0')
  })

  it('lets a moving tag wait while it names a listed digest, and follows it afterwards', async () => {
    const world = shop(listed(3), `:latest@${digest(1)}`, '"policy": "latest"')
    world.registry.push(app, 'latest', digest(3))
    const { held } = await publish(world)
    expect(held).toMatchObject([{ kind: 'waits', image: expect.stringContaining(digest(1)) }])
    world.registry.push(app, 'latest', digest(4))
    await publish(world)
    expect(world.git.text('shop/compose.yaml')).toContain(`:latest@${digest(4)}`)
  })

  it('never writes a listed digest down: not for a line without one, not for one that a policy names', async () => {
    const unpinned = shop(listed(1) + listed(2) + listed(3), ':1.0.0')
    expect((await publish(unpinned)).held).toMatchObject([{ kind: 'waits' }])
    expect(unpinned.git.text('shop/compose.yaml')).not.toContain('sha256')
    const current = shop(listed(3), ':1.2.0')
    expect((await publish(current)).held).toMatchObject([{ kind: 'waits' }])
    expect(current.git.text('shop/compose.yaml')).not.toContain('sha256')
    const named = shop(listed(3), undefined, `"policy": "digest", "digest": "${digest(3)}"`)
    expect((await publish(named)).held).toMatchObject([{ kind: 'waits' }])
    expect(named.git.text('shop/compose.yaml')).toContain(digest(1))
  })

  it('still pins a line to its own tag where only newer ones are listed', async () => {
    const world = shop(listed(3) + listed(2), ':1.0.0')
    await publish(world)
    expect(world.git.text('shop/compose.yaml')).toContain(`:1.0.0@${digest(1)}`)
  })

  it.each([
    ['broken YAML', '- image: "ghcr.io/o/app\n'],
    ['a mapping', 'image: ghcr.io/o/app\n'],
    ['no text', '\0\0'],
  ])('commits nothing while the file is %s, and says where', async (_, text) => {
    const { held, web, db: neighbour } = await publish(shop(text))
    expect({ web, neighbour }).toEqual({ web: '1.0.0', neighbour: '1.0.0' })
    expect(held.map(({ kind }) => kind)).toEqual(['problem', 'problem'])
    expect(held[0]?.reason).toMatch(
      /may be quarantined: \.magos\/quarantine\.yaml:\d+:\d+ cannot be read/,
    )
  })

  it('does not follow a link in the file’s place', async () => {
    const world = shop('')
    world.git.change({ [FILE]: { mode: '120000', content: '../elsewhere' } })
    expect((await publish(world)).web).toBe('1.0.0')
  })

  it('stops only the image whose entry cannot be read', async () => {
    const {
      held,
      web,
      db: neighbour,
    } = await publish(shop('- {image: ghcr.io/o/app, digest: sha256:abc}\n'))
    expect({ web, neighbour }).toEqual({ web: '1.0.0', neighbour: '1.1.0' })
    expect(held).toMatchObject([{ file: 'shop/compose.yaml', kind: 'problem' }])
  })
})

describe('checkRequested() with a quarantine', () => {
  it('says what waits, what is taken instead, and what is wrong with the file', async () => {
    const { ctx } = shop(`${listed(3)}- {image: ghcr.io/o/app, tag: x, oops: y}\n`)
    const { updates, held, problems } = await checkRequested(ctx, signal)
    expect(updates[0]).toMatchObject({
      to: `ghcr.io/o/app:1.1.0@${digest(2)}`,
      reason: '"1.1.0" is the newest that may be taken',
    })
    expect(held).toMatchObject([{ kind: 'waits' }])
    expect(problems).toMatchObject([{ file: FILE, line: 2, severity: 'warning' }])
  })
})
