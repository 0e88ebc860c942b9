import { describe, expect, it } from 'vitest'
import type { Context } from '../../handlers/context.ts'
import { imagePublished } from '../../handlers/image-published.ts'
import { MagosError } from '../../src/domain/error.ts'
import { createWorld, digest, signal } from './world.ts'
import type { World } from './world.ts'

const app = { registry: 'ghcr.io', repository: 'o/app' }
const db = { registry: 'ghcr.io', repository: 'o/db' }
const semver = '# {"magos": {"policy": "semver"}}'

const web = `# the shop
services:
  web:
    image: ghcr.io/o/app:1.0.0@${digest(1)}   ${semver}
    tty: true
  worker:
    image: "ghcr.io/o/app:1.0.0@${digest(1)}" ${semver}
`
const store = `services:\r
  db:\r
    image: ghcr.io/o/db:2.0.0@${digest(5)} ${semver}`

function pin(version: string, number: number): string {
  return `${version}@${digest(number)}`
}

describe('imagePublished()', () => {
  it('makes one commit of several updates in several files and stacks', async () => {
    const world = shop()
    const { answer, next } = await publish(world)
    expect(next).toBe('done')
    expect(answer.commits).toEqual([world.git.log()[0]?.revision.commit])
    expect(world.git.made).toHaveLength(1)
    expect(world.git.text('shop/compose.yaml')).toBe(
      web.replaceAll(`1.0.0@${digest(1)}`, `1.1.0@${digest(2)}`),
    )
    expect(world.git.text('store/compose.yaml')).toBe(
      store.replace(`2.0.0@${digest(5)}`, `2.0.1@${digest(6)}`),
    )
    expect(world.git.text('README.md')).toBe('# Homelab\n')
  })

  it('commits what was found while another registry is slow, and asks after the rest by itself', async () => {
    const { world, waited } = slowShop()
    const published = publish(world)
    await waited.called
    expect(world.git.made).toEqual([])
    waited.end()
    const { answer, followUps } = await published
    expect(answer).toMatchObject({ commits: [world.git.log()[0]?.revision.commit], held: [] })
    expect(world.git.text('shop/compose.yaml')).toContain(`1.1.0@${digest(2)}`)
    expect(followUps.map(({ event }) => event)).toEqual([
      { kind: 'revision-pushed' },
      { kind: 'image-published', repositories: ['slow.lan/o/db'] },
    ])
  })

  it('asks after the rest though what was found may not be committed', async () => {
    const { world, waited } = slowShop()
    world.git.answerNext({ outcome: 'held', reason: 'a rebase is under way', remedy: 'End it' })
    const published = publish(world)
    await waited.called
    waited.end()
    expect((await published).followUps.map(({ event }) => event)).toEqual([
      { kind: 'image-published', repositories: ['slow.lan/o/db'] },
    ])
  })

  it('waits for all where nothing was found yet', async () => {
    const { world, waited } = slowShop()
    world.registry.untag(app, '1.1.0')
    const ending = new AbortController()
    const published = imagePublished(
      world.ctx,
      { kind: 'image-published', repositories: 'all' },
      ending.signal,
    )
    await waited.asked
    const reason = new Error('enough')
    ending.abort(reason)
    await expect(published).rejects.toBe(reason)
    expect(waited.calls()).toBe(0)
  })

  it('keeps the mode of the file that it changes', async () => {
    const world = shop()
    world.git.change({ 'shop/compose.yaml': { mode: '100755', content: web } })
    await publish(world)
    const entries = await world.git.tree(await world.git.head(signal), signal)
    expect(entries.find(({ path }) => path === 'shop/compose.yaml')?.mode).toBe('100755')
  })

  it('tells in the message what changed, for people and in trailers', async () => {
    const world = shop()
    await publish(world)
    const message = world.git.made[0]?.message ?? ''
    expect(message.split('\n')[0]).toBe('chore: update 3 images in 2 stacks')
    expect(message).toContain('shop/compose.yaml:4 (web)')
    expect(message.trimEnd().split('\n\n').at(-1)?.split('\n')).toEqual([
      ...[1, 2].flatMap(() => [
        'Magos-Image: ghcr.io/o/app',
        `Magos-From: 1.0.0@${digest(1)}`,
        `Magos-To: 1.1.0@${digest(2)}`,
        'Magos-Policy: semver *',
      ]),
      'Magos-Image: ghcr.io/o/db',
      `Magos-From: 2.0.0@${digest(5)}`,
      `Magos-To: 2.0.1@${digest(6)}`,
      'Magos-Policy: semver *',
      'Magos-Host: nas',
    ])
  })

  it('raises revision-pushed after a commit, remembers it as ours, and logs it', async () => {
    const world = shop()
    const { answer, followUps } = await publish(world)
    const [commit = ''] = answer.commits
    expect(followUps).toEqual([
      { event: { kind: 'revision-pushed' }, origin: { source: 'own', ref: commit } },
    ])
    expect(world.history.isOurs(commit)).toBe(true)
    expect(world.lines.filter(({ level }) => level === 'info')).toHaveLength(3)
    expect(world.lines[0]?.fields).toMatchObject({ commit, file: 'shop/compose.yaml', line: 4 })
  })

  it('makes no commit and raises nothing when every line stands as it should', async () => {
    const world = shop()
    await publish(world)
    const again = await publish(world)
    expect(again).toEqual({
      answer: { revision: world.git.made[0]?.revision.commit, commits: [], held: [] },
      followUps: [],
      next: 'done',
    })
    expect(world.git.made).toHaveLength(1)
  })

  it('asks to be run again when the branch moved, and keeps the other person’s change', async () => {
    const world = shop()
    world.git.beforeSwap(() => world.git.change({ 'README.md': '# Mine\n' }, 'theirs'))
    const first = await publish(world)
    expect(first).toMatchObject({ next: 'again', followUps: [], answer: { commits: [] } })
    expect(world.git.made).toEqual([])
    const second = await publish(world)
    expect(second.next).toBe('done')
    expect(world.git.log().map(({ message }) => message.split('\n')[0])).toEqual([
      'chore: update 3 images in 2 stacks',
      'theirs',
      'first',
    ])
    expect(world.git.text('README.md')).toBe('# Mine\n')
  })

  it('writes a variable in the file that its stack’s settings name, and in no .env beside it', async () => {
    const world = createWorld({
      'shop/compose.yaml': `services:\n  web:\n    image: ghcr.io/o/app:$TAG ${semver}\n`,
      'shop/.env': `TAG=1.0.0@${digest(1)}\n`,
      'shop/base.env': `TAG=0.9.0@${digest(9)}\n`,
      'shop/prod.env': `# tags\r\nTAG=1.0.0@${digest(1)}\r\n`,
      '.magos.yaml': 'stacks: {shop: {envFiles: [base.env, prod.env]}}\n',
    })
    world.registry.push(app, '1.0.0', digest(1))
    world.registry.push(app, '1.1.0', digest(2))
    expect((await publish(world)).answer.commits).toHaveLength(1)
    expect(world.git.text('shop/.env')).toBe(`TAG=1.0.0@${digest(1)}\n`)
    expect(world.git.text('shop/prod.env')).toBe(`# tags\r\nTAG=1.1.0@${digest(2)}\r\n`)
  })

  it('writes an image where it is defined: in an extended file, a default, or the .env', async () => {
    const world = shop()
    world.git.change({
      'shop/compose.yaml': [
        'services:',
        '  web: {extends: {file: ../common/base.yml, service: base}}',
        `  def: {image: "ghcr.io/o/app:\${V:-${pin('1.0.0', 1)}}"} ${semver}`,
        `  env: {image: "ghcr.io/o/app:$APP"} ${semver}`,
      ].join('\n'),
      'shop/.env': `APP="${pin('1.0.0', 1)}" # the shop\n`,
      'common/base.yml': `services:\n  base: {image: "ghcr.io/o/app:${pin('1.0.0', 1)}"} ${semver}\n`,
      'store/compose.yaml': 'services: {}\n',
    })
    const before = world.git.text('shop/compose.yaml')
    const { answer } = await publish(world)
    expect(answer.held).toEqual([])
    expect(world.git.text('shop/compose.yaml')).toBe(
      before?.replace(pin('1.0.0', 1), pin('1.1.0', 2)),
    )
    expect(world.git.text('shop/.env')).toBe(`APP="${pin('1.1.0', 2)}" # the shop\n`)
    expect(world.git.text('common/base.yml')).toContain(pin('1.1.0', 2))
    expect(world.git.made[0]?.message).toContain(
      'shop/compose.yaml:4 (env), written in shop/.env:1',
    )
    expect(world.git.made[0]?.message.split('\n')[0]).toBe('chore(shop): update 3 images')
    expect((await publish(world)).answer.commits).toEqual([])
  })

  it('says nothing of images without annotation, and skips those that are built', async () => {
    const world = shop()
    world.git.change({
      'shop/compose.yaml': [
        'services:',
        '  a: {image: "ghcr.io/o/app:$NONE"}',
        '  b: {image: "ghcr.io/o/app:1.0.0", build: .}',
        `  c: {image: "ghcr.io/o/app:1.0.0", build: .} ${semver}`,
      ].join('\n'),
      'store/compose.yaml': 'services: {}\n',
    })
    const { answer } = await publish(world)
    expect(answer.held.map(({ line, kind, reason }) => [line, kind, reason])).toEqual([
      [4, 'waits', 'service "c" builds its image, so it only names it'],
    ])
  })

  it('holds lines of two stacks that one variable would have to serve with two policies', async () => {
    const world = shop()
    const before = `APP=1.0.0@${digest(1)}\n`
    world.git.change({
      'shop/compose.yaml': `services:\n  a: {image: "ghcr.io/o/app:$APP"} ${semver}\n`,
      'shop/part.yml':
        'services:\n  b: {image: "ghcr.io/o/app:$APP"} # {"magos": {"policy": "latest"}}\n',
      'shop/.env': before,
      'store/compose.yaml': 'include: [../shop/part.yml]\n',
    })
    const { answer } = await publish(world)
    expect(answer.commits).toEqual([])
    expect(answer.held.map(({ file, kind }) => [file, kind])).toEqual([
      ['shop/compose.yaml', 'problem'],
      ['shop/part.yml', 'problem'],
    ])
    expect(answer.held[0]?.reason).toBe(
      'variable "APP" is used in shop/part.yml:2 too, with another policy',
    )
  })

  it('reads the head before it asks a registry, and commits on that head', async () => {
    const world = shop()
    const { commit } = await world.git.head(signal)
    await publish(world)
    const { order } = world
    expect(order[0]).toBe('head')
    expect(order.filter((step) => step === 'head')).toHaveLength(1)
    expect(order.at(-1)).toBe(`commit on ${commit}`)
    expect(order.filter((step) => step === 'registry').length).toBeGreaterThan(3)
  })

  it('asks for tags once a repository and for a digest once a tag', async () => {
    const world = shop()
    await publish(world)
    expect(world.registry.asked().toSorted()).toEqual([
      'digest ghcr.io/o/app:1.1.0',
      'digest ghcr.io/o/db:2.0.1',
      `manifest ghcr.io/o/app@${digest(2)}`,
      `manifest ghcr.io/o/db@${digest(6)}`,
      'tags ghcr.io/o/app',
      'tags ghcr.io/o/db',
    ])
  })

  it('asks only the repositories of the event', async () => {
    const world = shop()
    const { answer } = await publish(world, ['ghcr.io/o/db', 'ghcr.io/o/stranger'])
    expect(answer.commits).toHaveLength(1)
    expect(world.registry.asked()).toEqual([
      'tags ghcr.io/o/db',
      'digest ghcr.io/o/db:2.0.1',
      `manifest ghcr.io/o/db@${digest(6)}`,
    ])
    expect(world.git.text('shop/compose.yaml')).toBe(web)
  })

  it.each([
    ['404', 'not-found'],
    ['401', 'unauthorized'],
    ['429', 'rate-limit'],
    ['nonsense', 'protocol'],
    ['nothing at all', 'network'],
  ] as const)(
    'holds an image whose registry answers %s, and the others go on',
    async (_title, code) => {
      const world = shop()
      world.registry.fail(app, new MagosError(code, 'Cannot ask', { remedy: 'Do this' }))
      const { answer } = await publish(world)
      const reason = { reason: 'Cannot ask', remedy: 'Do this', kind: 'problem' }
      expect(answer.held).toEqual([
        {
          file: 'shop/compose.yaml',
          line: 4,
          column: 12,
          image: pinned('app:1.0.0', 1),
          ...reason,
        },
        {
          file: 'shop/compose.yaml',
          line: 7,
          column: 13,
          image: pinned('app:1.0.0', 1),
          ...reason,
        },
      ])
      expect(answer.commits).toHaveLength(1)
      expect(world.git.text('shop/compose.yaml')).toBe(web)
      expect(world.git.text('store/compose.yaml')).toContain(`2.0.1@${digest(6)}`)
      expect(world.registry.asked().filter((asked) => asked.includes('app'))).toHaveLength(1)
      expect(world.lines.find(({ level }) => level === 'warn')).toEqual({
        level: 'warn',
        message: 'Image held: Cannot ask',
        fields: {
          image: pinned('app:1.0.0', 1),
          file: 'shop/compose.yaml',
          line: 4,
          column: 12,
          remedy: 'Do this',
        },
      })
    },
  )

  it.each(['network', 'rate-limit', 'protocol'] as const)(
    'throws `%s` of a repository that the event named, so that it is asked again later',
    async (code) => {
      const world = shop()
      const retryAt = world.ctx.now + 30_000
      world.registry.fail(app, new MagosError(code, 'Cannot ask', { remedy: 'Do this', retryAt }))
      await expect(publish(world, ['ghcr.io/o/app'])).rejects.toMatchObject({
        code,
        message: 'Cannot ask',
        remedy: 'Do this',
        retryAt,
      })
      expect(world.git.made).toEqual([])
      world.registry.fail(app, code, 0)
      expect((await publish(world, ['ghcr.io/o/app'])).answer.commits).toHaveLength(1)
    },
  )

  it('keeps the other images waiting no longer than five minutes, whatever a registry asks', async () => {
    const world = shop()
    const { now } = world.ctx
    const retryAt = now + 60 * 60_000
    world.registry.fail(app, new MagosError('rate-limit', 'Cannot ask', { retryAt }))
    const thrown = await publish(world, ['ghcr.io/o/app']).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(MagosError)
    if (!(thrown instanceof MagosError)) return
    expect((thrown.retryAt ?? 0) - now).toBeGreaterThanOrEqual(300_000)
    expect((thrown.retryAt ?? 0) - now).toBeLessThan(301_000)
  })

  it('commits what it can, and lets only the repository be asked again that gave no answer', async () => {
    const world = shop()
    world.registry.fail(app, 'network')
    const { answer, followUps } = await publish(world, ['ghcr.io/o/app', 'ghcr.io/o/db'])
    expect(answer.commits).toHaveLength(1)
    expect(followUps).toEqual([
      { event: { kind: 'revision-pushed' }, origin: { source: 'own', ref: answer.commits[0] } },
      {
        event: { kind: 'image-published', repositories: ['ghcr.io/o/app'] },
        origin: { source: 'own' },
      },
    ])
  })

  it.each([
    ['a poll', 'network', 'all'],
    ['an image that is not there', 'not-found', ['ghcr.io/o/app']],
    ['a login that is missing', 'unauthorized', ['ghcr.io/o/app']],
  ] as const)('leaves %s to the next poll', async (_title, code, repositories) => {
    const world = shop()
    world.registry.fail(app, code)
    world.registry.untag(db, '2.0.1')
    expect(await publish(world, repositories)).toMatchObject({ followUps: [], next: 'done' })
  })

  it('holds an image at whose registry something unforeseen happens, and logs that', async () => {
    const world = shop()
    const thrown = new TypeError('planted')
    const tags: World['registry']['tags'] = async (name, asked) => {
      if (name.repository === 'o/app') throw thrown
      return world.registry.tags(name, asked)
    }
    const ctx = { ...world.ctx, registry: { ...world.registry, tags } }
    const event = { kind: 'image-published', repositories: 'all' } as const
    const { answer } = await imagePublished(ctx, event, signal)
    expect(answer.held.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '4 Cannot go on here: unexpected TypeError',
      '7 Cannot go on here: unexpected TypeError',
    ])
    expect(answer.commits).toHaveLength(1)
    expect(world.lines.find(({ level }) => level === 'error')?.fields).toMatchObject({
      file: 'shop/compose.yaml',
      line: 4,
      error: { code: 'internal', cause: thrown },
    })
  })

  it('throws when it is interrupted while it asks, and commits nothing', async () => {
    const world = shop()
    const stop = new AbortController()
    const tags = async () => {
      stop.abort(new Error('stopping'))
      throw new MagosError('interrupted', 'Asked no further')
    }
    const ctx = { ...world.ctx, registry: { ...world.registry, tags } }
    const event = { kind: 'image-published', repositories: 'all' } as const
    await expect(imagePublished(ctx, event, stop.signal)).rejects.toThrow('stopping')
    expect(world.git.made).toEqual([])
  })

  it('holds every planned line when the committer must not write', async () => {
    const world = shop()
    world.git.answerNext({ outcome: 'held', reason: 'a rebase is under way', remedy: 'End it' })
    const { answer, followUps } = await publish(world)
    expect(answer.commits).toEqual([])
    expect(followUps).toEqual([])
    expect(answer.held.map(({ file, line, image }) => `${file}:${line} ${image}`)).toEqual([
      `shop/compose.yaml:4 ${pinned('app:1.0.0', 1)}`,
      `shop/compose.yaml:7 ${pinned('app:1.0.0', 1)}`,
      `store/compose.yaml:3 ${pinned('db:2.0.0', 5)}`,
    ])
    expect(answer.held[0]).toMatchObject({
      reason: 'a rebase is under way',
      remedy: 'End it',
      kind: 'problem',
    })
  })

  it('commits the other files when one of them must not be written', async () => {
    const world = shop()
    const file = 'shop/compose.yaml'
    world.git.answerNext({ outcome: 'held', reason: 'it is dirty', remedy: 'Commit it', file })
    const { answer } = await publish(world)
    expect(answer.commits).toHaveLength(1)
    expect(answer.held.map((held) => `${held.file}:${held.line} ${held.reason}`)).toEqual([
      'shop/compose.yaml:4 it is dirty',
      'shop/compose.yaml:7 it is dirty',
    ])
    expect(world.git.text(file)).toBe(web)
    expect(world.git.text('store/compose.yaml')).toContain(digest(6))
    expect(world.git.made[0]?.message).not.toContain('o/app')
  })

  it('takes the branch for unmoved when the commit would be empty', async () => {
    const world = shop()
    world.git.answerNext({ outcome: 'empty' })
    expect(await publish(world)).toMatchObject({
      next: 'done',
      followUps: [],
      answer: { held: [] },
    })
  })

  it('tells of a broken compose file, and the other files go on', async () => {
    const world = shop({ 'broken/compose.yaml': 'services:\n  a: {image: x\n' })
    const { answer } = await publish(world)
    expect(answer.commits).toHaveLength(1)
    expect(world.git.text('broken/compose.yaml')).toBe('services:\n  a: {image: x\n')
    const told = world.lines.find(({ fields }) => fields['file'] === 'broken/compose.yaml')
    expect(told).toMatchObject({ level: 'warn', fields: { line: 3 } })
  })

  it.each([
    ['an unknown policy', '{"magos": {"policy": "newest"}}', 'there is none of that name'],
    ['broken JSON', '{"magos": {"policy": "semver}}', 'closing brace'],
    ['an unknown key', '{"magos": {"policy": "semver", "rang": "*"}}', 'unknown key "rang"'],
  ])('holds a line with %s, where it stands', async (_title, annotation, reason) => {
    const world = shop({
      'odd/compose.yaml': `services:\n  a:\n    image: ghcr.io/o/app:1.0.0 # ${annotation}\n`,
    })
    const { answer } = await publish(world)
    expect(answer.commits).toHaveLength(1)
    expect(answer.held).toMatchObject([
      { file: 'odd/compose.yaml', line: 3, column: 12, image: 'ghcr.io/o/app:1.0.0' },
    ])
    expect(answer.held[0]?.reason).toContain(reason)
    expect(world.git.text('odd/compose.yaml')).toContain(`app:1.0.0 # ${annotation}`)
  })

  it('tells of a stack that is refused, for nobody checks its images', async () => {
    const world = shop({ 'a/b/compose.yaml': web, 'a-b/compose.yaml': web })
    const { answer } = await publish(world)
    expect(answer.commits).toHaveLength(1)
    expect(world.git.text('a/b/compose.yaml')).toBe(web)
    const told = world.lines.filter(({ message }) => message.includes('Cannot tell stacks apart'))
    expect(told.map(({ fields }) => String(fields['file'])).toSorted()).toEqual([
      'a-b/compose.yaml',
      'a/b/compose.yaml',
    ])
  })

  it.each([
    ['belongs to another host', '[pi]', 'untouched'],
    ['names another host first', '[pi, nas]', 'untouched'],
    ['names this host first', '[nas, pi]', 'updated'],
    ['names it in other letters', '[NAS]', 'updated'],
  ])('leaves a stack that %s to its owner', async (_title, hosts, result) => {
    const world = shop({ '.magos.yaml': `stacks:\n  shop:\n    hosts: ${hosts}\n` })
    await publish(world)
    const isUntouched = world.git.text('shop/compose.yaml') === web
    expect(isUntouched ? 'untouched' : 'updated').toBe(result)
    expect(world.git.text('store/compose.yaml')).toContain(digest(6))
    const asked = world.registry.asked().some((question) => question.includes('o/app'))
    expect(asked).toBe(result === 'updated')
  })

  it('touches no stack while .magos.yaml cannot be read', async () => {
    const world = shop({ '.magos.yaml': 'stacks: [\n' })
    expect((await publish(world)).answer.commits).toEqual([])
    expect(world.registry.asked()).toEqual([])
    expect(world.lines.some(({ fields }) => fields['file'] === '.magos.yaml')).toBe(true)
  })

  it('pins a line without digest to its own tag, even with nothing newer', async () => {
    const world = one('ghcr.io/o/app:1.1.0', '{"policy": "semver"}')
    await publish(world)
    expect(lineOf(world)).toBe(pinned('app:1.1.0', 2))
    expect(world.git.made[0]?.message.split('\n')[0]).toBe('chore(one): pin ghcr.io/o/app 1.1.0')
  })

  it('follows `latest` when its tag moved, and only then', async () => {
    const world = one(pinned('app:latest', 1), '{"policy": "latest"}')
    world.registry.push(app, 'latest', digest(1))
    expect((await publish(world)).answer.commits).toEqual([])
    world.registry.push(app, 'latest', digest(9))
    await publish(world)
    expect(lineOf(world)).toBe(pinned('app:latest', 9))
    expect(world.registry.asked()).toEqual([
      'digest ghcr.io/o/app:latest',
      'digest ghcr.io/o/app:latest',
      `manifest ghcr.io/o/app@${digest(1)}`,
      `manifest ghcr.io/o/app@${digest(9)}`,
    ])
  })

  it('puts the digest on the line that policy `digest` names, and asks nobody', async () => {
    const world = one('ghcr.io/o/app:1.0.0', `{"policy": "digest", "digest": "${digest(7)}"}`)
    await publish(world)
    expect(lineOf(world)).toBe(pinned('app:1.0.0', 7))
    expect(world.registry.asked()).toEqual([])
  })

  it.each([
    ['the registry lists only older tags', '3.0.0', '*', ['1.0.0', '2.0.0', '3.0.0']],
    ['the committed tag is gone', '3.0.0', '*', ['1.0.0', '2.0.0']],
    ['the range lies below', '3.0.0', '<2.0.0', ['1.0.0', '1.9.0', '3.0.0']],
    ['the committed tag has no order', 'stable', '*', ['1.0.0', 'stable']],
  ])('never goes below the committed version: %s', async (_title, tag, range, tags) => {
    const world = one(pinned(`app:${tag}`, 8), `{"policy": "semver", "range": "${range}"}`)
    world.registry.remove(app, digest(1))
    world.registry.remove(app, digest(2))
    for (const [index, name] of tags.entries()) world.registry.push(app, name, digest(20 + index))
    const { answer } = await publish(world)
    expect(answer.commits).toEqual([])
    expect(lineOf(world)).toBe(pinned(`app:${tag}`, 8))
  })

  it('calls it a problem where the committed tag is gone: time alone does not end that', async () => {
    const world = one(pinned('app:3.0.0', 8), '{"policy": "semver"}')
    const { answer } = await publish(world)
    expect(answer.held).toMatchObject([{ kind: 'problem', line: 3, column: 12 }])
    expect(world.lines).toMatchObject([{ level: 'warn' }])
  })
})

function shop(more: Readonly<Record<string, string>> = {}): World {
  const world = createWorld({
    'README.md': '# Homelab\n',
    'shop/compose.yaml': web,
    'store/compose.yaml': store,
    ...more,
  })
  fill(world)
  return world
}

function one(image: string, policy: string): World {
  const line = `    image: ${image} # {"magos": ${policy}}\n`
  const world = createWorld({ 'one/compose.yaml': `services:\n  a:\n${line}` })
  world.registry.push(app, '1.0.0', digest(1))
  world.registry.push(app, '1.1.0', digest(2))
  return world
}

function fill({ registry }: World): void {
  registry.push(app, '0.9.0', digest(3))
  registry.push(app, '1.1.0', digest(2))
  registry.push(app, '1.0.0', digest(1))
  registry.push(db, '2.0.0', digest(5))
  registry.push(db, '2.0.1', digest(6))
}

function publish({ ctx }: World, repositories: readonly string[] | 'all' = 'all') {
  return imagePublished(ctx, { kind: 'image-published', repositories }, signal)
}

function pinned(image: string, number: number): string {
  return `ghcr.io/o/${image}@${digest(number)}`
}

function lineOf({ git }: World): string {
  return /image: (\S+)/.exec(git.text('one/compose.yaml') ?? '')?.[1] ?? ''
}

/** One registry answers, the other never does; `waited` is how long is waited for it. */
function slowShop() {
  const world = createWorld({
    'shop/compose.yaml': web,
    'store/compose.yaml': store.replace('ghcr.io', 'slow.lan'),
  })
  for (const [tag, number] of [
    ['1.0.0', 1],
    ['1.1.0', 2],
  ] as const) {
    world.registry.push(app, tag, digest(number))
  }
  const called = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const enough = new AbortController()
  let calls = 0
  const ctx: Context = {
    ...world.ctx,
    patience() {
      calls += 1
      called.resolve()
      return enough.signal
    },
    registry: {
      ...world.registry,
      tags: (name, questioned) => {
        if (name.registry !== 'slow.lan') return world.registry.tags(name, questioned)
        asked.resolve()
        return new Promise((_, reject) => {
          questioned.addEventListener('abort', () => reject(questioned.reason))
        })
      },
    },
  }
  const waited = {
    called: called.promise,
    asked: asked.promise,
    end: () => enough.abort(),
    calls: () => calls,
  }
  return { world: { ...world, ctx }, waited }
}
