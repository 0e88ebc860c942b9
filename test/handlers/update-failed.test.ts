import { assert, asyncProperty, constantFrom, record, string, uniqueArray } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { imagePublished } from '../../handlers/image-published.ts'
import { updateFailed } from '../../handlers/update-failed.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { UpdateFailed } from '../../src/domain/event.ts'
import { parseQuarantine } from '../../src/domain/quarantine/parse.ts'
import { createWorld, digest, signal, type World } from './world.ts'

const FILE = '.magos/quarantine.yaml'
const app = { registry: 'ghcr.io', repository: 'o/app' }
const db = { registry: 'ghcr.io', repository: 'o/db' }
const semver = '# {"magos": {"policy": "semver"}}'
const line = (image: string, tag: string, number: number) =>
  `ghcr.io/o/${image}:${tag}@${digest(number)}`
const shop = (...images: readonly string[]) =>
  `services:\n${images.map((image, index) => `  s${index}:\n    image: ${image} ${semver}\n`).join('')}`

describe('updateFailed()', () => {
  it('puts the line back and lists the digest, in one commit that says all of it', async () => {
    const { world, proven } = homelab()
    const failed = await publish(world)
    const { answer, followUps } = await fail(world, { commit: failed, proven })
    expect(answer).toEqual({ commits: [headOf(world)], held: [] })
    expect(followUps).toEqual([
      { event: { kind: 'revision-pushed' }, origin: { source: 'own', ref: headOf(world) } },
      {
        event: { kind: 'image-published', repositories: ['ghcr.io/o/app'] },
        origin: { source: 'own' },
      },
    ])
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('app', '1.0.0', 1)))
    expect(quarantine(world)).toEqual([
      {
        image: 'ghcr.io/o/app',
        tag: '1.1.0',
        digest: digest(2),
        host: 'nas',
        commit: failed,
        reason: 'service "s0" is unhealthy',
        at: expect.stringMatching(/^2026-01-01T00:00:00\.\d{3}Z$/),
      },
    ])
    expect(world.history.isOurs(headOf(world))).toBe(true)
    expect(world.git.log()[0]?.message).toBe(
      [
        'revert(shop): take back ghcr.io/o/app 1.1.0 → 1.0.0',
        '',
        'shop/compose.yaml:3 (s0)',
        `  from ${line('app', '1.1.0', 2)}`,
        `  to   ${line('app', '1.0.0', 1)}`,
        '',
        `It failed on nas at ${failed}: service "s0" is unhealthy`,
        '',
        'It said last:',
        '',
        '  cannot bind',
        '',
        'Magos-Image: ghcr.io/o/app',
        `Magos-From: 1.1.0@${digest(2)}`,
        `Magos-To: 1.0.0@${digest(1)}`,
        'Magos-Policy: semver *',
        'Magos-Host: nas',
        `Magos-Reverts: ${failed}`,
        '',
      ].join('\n'),
    )
  })

  it('does nothing the second time, nor when it comes late', async () => {
    const { world, proven } = homelab()
    const failed = await publish(world)
    await fail(world, { commit: failed, proven })
    const head = headOf(world)
    expect((await fail(world, { commit: failed, proven })).answer.commits).toEqual([])
    world.registry.push(app, '1.2.0', digest(3))
    const next = await publish(world)
    expect(world.git.text('shop/compose.yaml')).toContain('1.2.0')
    expect((await fail(world, { commit: failed, proven })).answer.commits).toEqual([])
    expect(world.git.log().map(({ revision }) => revision.commit)).toEqual([
      next,
      head,
      failed,
      proven,
    ])
  })

  it('keeps the policy from it, and takes the next good version', async () => {
    const { world, proven } = homelab()
    await fail(world, { commit: await publish(world), proven })
    const reverted = headOf(world)
    await publish(world)
    expect(headOf(world)).toBe(reverted)
    world.registry.push(app, '1.2.0', digest(3))
    await publish(world)
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('app', '1.2.0', 3)))
  })

  it('goes back to before the first of several updates, and lists only what failed', async () => {
    const { world, proven } = homelab()
    const first = await publish(world)
    world.registry.push(app, '1.2.0', digest(3))
    const second = await publish(world)
    await fail(world, { commit: second, proven })
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('app', '1.0.0', 1)))
    expect(quarantine(world).map(({ tag }) => tag)).toEqual(['1.2.0'])
    const { message = '' } = world.git.log()[0] ?? {}
    expect(message.match(/^Magos-Reverts: .*$/gm)).toEqual([
      `Magos-Reverts: ${second}`,
      `Magos-Reverts: ${first}`,
    ])
  })

  it('goes back to what a person wrote in between, not further', async () => {
    const { world, proven } = homelab()
    await publish(world)
    world.git.change({ 'shop/compose.yaml': shop(line('app', '1.2.0', 3)) })
    world.registry.push(app, '1.2.0', digest(3))
    world.registry.push(app, '1.3.0', digest(4))
    await fail(world, { commit: await publish(world), proven })
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('app', '1.2.0', 3)))
  })

  it('leaves what a person committed, also beside an update', async () => {
    const { world, proven } = homelab()
    const theirs = shop(line('app', '1.0.5', 9))
    const { commit } = world.git.change({ 'shop/compose.yaml': theirs })
    expect((await fail(world, { commit, proven })).answer).toEqual({ commits: [], held: [] })
    const mixed = world.git.change({
      'shop/compose.yaml': shop(line('app', '1.0.5', 9), line('db', '1.0.0', 7)),
    })
    world.registry.push(app, '1.0.5', digest(9))
    world.registry.push(app, '1.1.0', digest(9))
    world.registry.push(db, '1.0.0', digest(7))
    world.registry.push(db, '1.1.0', digest(8))
    expect(mixed.commit).toBe(headOf(world))
    await fail(world, { commit: await publish(world), proven })
    expect(world.git.text('shop/compose.yaml')).toContain(line('db', '1.0.0', 7))
    expect(quarantine(world).map(({ image }) => image)).toEqual(['ghcr.io/o/db'])
  })

  it('takes back image lines of a person too where that is configured, and lists none of them', async () => {
    const { world, proven } = homelab()
    const theirs = shop(line('app', '1.0.5', 9)).replace('services:', 'name: theirs\nservices:')
    const { commit } = world.git.change({ 'shop/compose.yaml': theirs })
    const ctx = { ...world.ctx, host: { ...world.ctx.host, revert: 'images' as const } }
    expect((await fail({ ...world, ctx }, { commit, proven })).answer.commits).toHaveLength(1)
    expect(world.git.text('shop/compose.yaml')).toBe(
      shop(line('app', '1.0.0', 1)).replace('services:', 'name: theirs\nservices:'),
    )
    expect(world.git.text(FILE)).toBeNull()
    expect(world.git.log()[0]?.message).toContain(`\nMagos-Reverts: ${commit}\n`)
    expect((await fail({ ...world, ctx }, { commit, proven })).answer.commits).toEqual([])
  })

  it('leaves a line that a person changed after the update', async () => {
    const { world, proven } = homelab()
    const failed = await publish(world)
    world.git.change({ 'shop/compose.yaml': shop(line('app', '1.0.9', 9)) })
    expect((await fail(world, { commit: failed, proven })).answer.commits).toEqual([])
    expect(world.git.text(FILE)).toBeNull()
  })

  it('leaves a line that a person set back to an update of before', async () => {
    const { world, proven } = homelab()
    await publish(world)
    const between = world.git.text('shop/compose.yaml') ?? ''
    world.registry.push(app, '1.2.0', digest(3))
    const failed = await publish(world)
    world.git.change({ 'shop/compose.yaml': between })
    expect((await fail(world, { commit: failed, proven })).answer.commits).toEqual([])
    expect(world.git.text('shop/compose.yaml')).toBe(between)
  })

  it('knows the update of another host by its trailers, and a squashed one with lines below them', async () => {
    const { world, proven } = homelab()
    const made = await publish(world)
    const message = world.git.log()[0]?.message ?? ''
    world.git.moveTo(proven)
    const content = world.git.text('shop/compose.yaml', made) ?? ''
    const theirs = `${message.replace('Host: nas', 'Host: pi')}\nCo-authored-by: A <a@example.org>\n`
    const { commit } = world.git.change({ 'shop/compose.yaml': content }, theirs)
    expect(world.history.isOurs(commit)).toBe(false)
    expect((await fail(world, { commit, proven })).answer.commits).toHaveLength(1)
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('app', '1.0.0', 1)))
  })

  it('does not take for its own what only quotes its trailers', async () => {
    const { world, proven } = homelab()
    const content = shop(line('app', '1.1.0', 2))
    const quoted = 'see:\n\n  Magos-Image: ghcr.io/o/app\n  Magos-Host: nas\n'
    const { commit } = world.git.change({ 'shop/compose.yaml': content }, quoted)
    expect((await fail(world, { commit, proven })).answer.commits).toEqual([])
  })

  it('never takes back what takes back: that is somebody’s will', async () => {
    const { world, proven } = homelab()
    const failed = await publish(world)
    await fail(world, { commit: failed, proven })
    const reverted = headOf(world)
    expect((await fail(world, { commit: reverted, proven: failed })).answer.commits).toEqual([])
  })

  it('takes back only the lines of the stack that failed, though others share the image', async () => {
    const { world, proven } = homelab({ 'blog/compose.yaml': shop(line('app', '1.0.0', 1)) })
    await fail(world, { commit: await publish(world), proven })
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('app', '1.0.0', 1)))
    expect(world.git.text('blog/compose.yaml')).toBe(shop(line('app', '1.1.0', 2)))
    await fail(world, { commit: headOf(world), proven, stack: 'blog' })
    expect(world.git.text('blog/compose.yaml')).toBe(shop(line('app', '1.0.0', 1)))
    expect(quarantine(world)).toHaveLength(1)
  })

  it.each([
    ['has no good state', { proven: null }],
    ['has a good state that is not in the history any more', { proven: '1'.repeat(40) }],
    ['is not there any more', { stack: 'gone' }],
    ['failed at a commit that nobody has', { commit: '2'.repeat(40) }],
  ])('does nothing for a stack that %s', async (_, changes) => {
    const { world, proven } = homelab()
    const commit = await publish(world)
    expect((await fail(world, { commit, proven, ...changes })).answer).toEqual({
      commits: [],
      held: [],
    })
    expect(headOf(world)).toBe(commit)
  })

  it('plans again when the branch moved, and keeps what moved it', async () => {
    const { world, proven } = homelab()
    const commit = await publish(world)
    world.git.beforeSwap(() => world.git.change({ 'README.md': '# Mine\n' }))
    expect(await fail(world, { commit, proven })).toMatchObject({ next: 'again', followUps: [] })
    expect((await fail(world, { commit, proven })).answer.commits).toHaveLength(1)
    expect(world.git.text('README.md')).toBe('# Mine\n')
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('app', '1.0.0', 1)))
  })

  it('says why it cannot land now, writes nothing, and lands when asked again', async () => {
    const { world, proven } = homelab()
    Object.assign(world, { ctx: { ...world.ctx, proposals: null } })
    const commit = await publish(world)
    world.git.answerNext({ outcome: 'held', reason: 'a ruleset forbids it', remedy: 'Let it' })
    expect(await fail(world, { commit, proven })).toMatchObject({
      answer: {
        commits: [],
        held: [
          {
            file: 'shop/compose.yaml',
            line: 3,
            image: line('app', '1.1.0', 2),
            reason: 'a ruleset forbids it',
            remedy: 'Let it',
            kind: 'problem',
          },
        ],
      },
      followUps: [],
      next: 'done',
    })
    expect(headOf(world)).toBe(commit)
    expect((await fail(world, { commit, proven })).answer.commits).toHaveLength(1)
  })

  it('proposes it where the branch takes no commit of ours, and leaves the pull request alone then', async () => {
    const { world, proven } = homelab()
    const commit = await publish(world)
    const barred = { outcome: 'held', reason: 'a ruleset forbids it', remedy: 'Let it' } as const
    const again = () => {
      world.git.answerNext(barred)
      return fail(
        { ...world, ctx: { ...world.ctx, proposals: world.proposals } },
        { commit, proven },
      )
    }
    const { answer } = await again()
    const [pull] = world.proposals.pulls
    expect(answer).toMatchObject({
      commits: [],
      held: [
        { kind: 'waits', reason: expect.stringContaining(`by pull request #${pull?.number}`) },
      ],
    })
    expect(pull).toMatchObject({
      branch: 'magos-revert/nas/shop',
      title: 'revert(shop): take back ghcr.io/o/app 1.1.0 → 1.0.0',
      body: expect.stringMatching(
        /^This is no .*: a ruleset forbids it\.\n[\s\S]*\n {6}cannot bind\n/,
      ),
    })
    const { writes } = world.proposals
    const before = writes.length
    expect((await again()).answer).toEqual(answer)
    expect(writes).toHaveLength(before)
    world.proposals.closeByHand(pull?.number ?? 0)
    expect((await again()).answer.held).toMatchObject([
      { kind: 'problem', reason: expect.stringContaining('was closed') },
    ])
    expect(writes).toHaveLength(before)
  })

  it('has nothing left to do once its pull request was merged', async () => {
    const { world, proven } = homelab()
    const commit = await publish(world)
    const ctx = { ...world.ctx, proposals: world.proposals }
    world.git.answerNext({ outcome: 'held', reason: 'a ruleset forbids it', remedy: 'Let it' })
    await fail({ ...world, ctx }, { commit, proven })
    await world.proposals.mergeByHand(world.proposals.pulls[0]?.number ?? 0)
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('app', '1.0.0', 1)))
    expect(quarantine(world)).toHaveLength(1)
    expect((await fail({ ...world, ctx }, { commit, proven })).answer).toEqual({
      commits: [],
      held: [],
    })
  })

  it('tells the branch’s own obstacle where the App may open no pull request', async () => {
    const { world, proven } = homelab()
    const commit = await publish(world)
    const ctx = { ...world.ctx, proposals: { ...world.proposals, propose: refuse } }
    world.git.answerNext({ outcome: 'held', reason: 'a ruleset forbids it', remedy: 'Let it' })
    const { answer } = await fail({ ...world, ctx }, { commit, proven })
    expect(answer.held).toMatchObject([{ reason: 'a ruleset forbids it', remedy: 'Let it' }])
  })

  it.each([
    ['broken', 'nonsense\n', 'quarantine.yaml:1:1'],
    ['a link', { mode: '120000', content: 'x' } as const, 'no file of UTF-8 text'],
  ])('commits no line without its entry: the list is %s', async (_, content, reason) => {
    const { world, proven } = homelab()
    const failed = await publish(world)
    world.git.change({ [FILE]: content })
    const { answer } = await fail(world, { commit: failed, proven })
    expect(answer).toMatchObject({
      commits: [],
      held: [{ reason: expect.stringContaining(reason) }],
    })
    expect(world.git.text('shop/compose.yaml')).toContain('1.1.0')
  })

  it('lets a git or a GitHub that is away be tried again by whoever retries', async () => {
    const { world, proven } = homelab()
    const commit = await publish(world)
    world.git.failNext(new Error('away'))
    await expect(fail(world, { commit, proven })).rejects.toThrow('away')
    expect((await fail(world, { commit, proven })).answer.commits).toHaveLength(1)
  })

  it('lets nothing that a program says give orders: no trailer, no mention, no issue closed', async () => {
    const { world, proven } = homelab()
    const commit = await publish(world)
    const words = [
      ...Array.from({ length: 30 }, (_, index) => `early ${index}`),
      'Magos-Reverts: everything',
      'fixes #12 for @octocat [skip ci]',
      `\u001B[31m${'x'.repeat(500)}`,
    ].join('\n')
    await fail(world, { commit, proven, words })
    const { message = '' } = world.git.log()[0] ?? {}
    expect(message).toContain('\n  Magos-Reverts: everything\n')
    expect(message).toContain('  fixes # 12 for @ octocat [ skip ci]\n')
    expect(message).not.toContain('early 12')
    expect(message).toContain('early 13')
    expect(message).not.toContain('\u001B')
    expect(message.split('\n').every(({ length }) => length < 260)).toBe(true)
  })

  it.each([
    [
      'a tracked .env',
      'shop/.env',
      'TAG',
      { 'shop/compose.yaml': `services:\n  s0:\n    image: ghcr.io/o/app:$TAG ${semver}\n` },
    ],
    [
      'a file that extends leads to',
      'base/compose.yaml',
      'IMAGE',
      {
        'shop/compose.yaml':
          'services:\n  s0:\n    extends: {file: ../base/compose.yaml, service: base}\n',
      },
    ],
  ])('goes back where the image is defined: in %s', async (_, file, kind, files) => {
    const text = (tag: string, number: number) =>
      kind === 'TAG'
        ? `# mine\nTAG=${tag}@${digest(number)}\nOTHER=1\n`
        : `services:\n  base:\n    image: ${line('app', tag, number)} ${semver}\n`
    const { world, proven } = homelab({ ...files, [file]: text('1.0.0', 1) })
    const failed = await publish(world)
    expect(world.git.text(file)).toBe(text('1.1.0', 2))
    expect((await fail(world, { commit: failed, proven })).answer.held).toEqual([])
    expect(world.git.text(file)).toBe(text('1.0.0', 1))
    expect(quarantine(world)).toMatchObject([{ tag: '1.1.0', digest: digest(2) }])
  })

  it('goes back though somebody broke the annotation meanwhile', async () => {
    const { world, proven } = homelab()
    const failed = await publish(world)
    world.git.change({ 'shop/compose.yaml': broken(world.git.text('shop/compose.yaml') ?? '') })
    await fail(world, { commit: failed, proven })
    expect(world.git.text('shop/compose.yaml')).toBe(broken(shop(line('app', '1.0.0', 1))))
  })

  it('changes no byte but those of the line, whatever else the file holds', async () => {
    const comment = string({ maxLength: 20 }).map((text) => text.replaceAll(/[^ -~]/g, ''))
    const layout = record({
      before: comment,
      after: comment,
      quote: constantFrom('', '"', "'"),
      eol: constantFrom('\n', '\r\n'),
      others: uniqueArray(constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }),
    })
    await assert(
      asyncProperty(layout, async ({ before, after, quote, eol, others }) => {
        const text = (tag: string, number: number) =>
          [
            `# ${before}`,
            'services:',
            ...others.map((name) => `  ${name}: {image: "ghcr.io/o/other:1"} # ${after}`),
            `  s0: # ${after}`,
            `    image:   ${quote}${line('app', tag, number)}${quote}   ${semver}`,
            `# ${after}`,
          ].join(eol)
        const { world, proven } = homelab({ 'shop/compose.yaml': text('1.0.0', 1) })
        const failed = await publish(world)
        expect(world.git.text('shop/compose.yaml')).toBe(text('1.1.0', 2))
        await fail(world, { commit: failed, proven })
        expect(world.git.text('shop/compose.yaml')).toBe(text('1.0.0', 1))
      }),
      { numRuns: 40 },
    )
  })
})

function refuse(): Promise<never> {
  return Promise.reject(new MagosError('unauthorized', 'Cannot propose'))
}

function broken(text: string): string {
  return text.replace('"semver"', '"semmver"')
}

function homelab(files: Readonly<Record<string, string>> = {}) {
  const world = createWorld({ 'shop/compose.yaml': shop(line('app', '1.0.0', 1)), ...files })
  world.registry.push(app, '1.0.0', digest(1))
  world.registry.push(app, '1.1.0', digest(2))
  return { world, proven: headOf(world) }
}

/** The head after a look at the registries. */
async function publish(world: World): Promise<string> {
  await imagePublished(world.ctx, { kind: 'image-published', repositories: 'all' }, signal)
  return headOf(world)
}

function headOf({ git }: World): string {
  return git.log()[0]?.revision.commit ?? ''
}

function quarantine({ git }: World) {
  return parseQuarantine(FILE, git.text(FILE)).entries
}

function fail(world: World, changes: Partial<UpdateFailed>) {
  return updateFailed(
    world.ctx,
    {
      kind: 'update-failed',
      stack: 'shop',
      commit: '',
      proven: null,
      reason: 'service "s0" is unhealthy',
      words: 'cannot bind',
      ...changes,
    },
    signal,
  )
}
