import { describe, expect, it } from 'vitest'
import { imagePublished } from '../../handlers/image-published.ts'
import { rollbackRequested } from '../../handlers/rollback-requested.ts'
import { parseQuarantine } from '../../src/domain/quarantine/parse.ts'
import { createWorld, deploy, digest, outcomes, signal, type World } from './world.ts'

const FILE = '.magos/quarantine.yaml'
const app = { registry: 'ghcr.io', repository: 'o/app' }
const semver = '# {"magos": {"policy": "semver"}}'
const line = (tag: string, number: number) => `ghcr.io/o/app:${tag}@${digest(number)}`
const shop = (image: string, more = '') =>
  `services:\n  web:\n    image: ${image} ${semver}\n${more}`

describe('rollbackRequested()', () => {
  it('goes back to the last proven state before, lists what it replaces, and deploys', async () => {
    const world = await twoVersions()
    const [two] = commits(world)
    const { answer, followUps, next } = await rollback(world)
    const [one] = [commits(world)[2]]
    expect(next).toBe('done')
    expect(answer).toMatchObject({
      stack: 'shop',
      to: one,
      revision: commits(world)[0],
      commits: [commits(world)[0]],
      held: [],
      lines: [
        {
          file: 'shop/compose.yaml',
          line: 3,
          services: ['web'],
          from: line('1.1.0', 2),
          to: line('1.0.0', 1),
        },
      ],
    })
    expect(outcomes(answer.deployments)).toEqual(['shop succeeded'])
    expect(world.git.text('shop/compose.yaml')).toBe(shop(line('1.0.0', 1)))
    expect(parseQuarantine(FILE, world.git.text(FILE)).entries).toMatchObject([
      {
        tag: '1.1.0',
        digest: digest(2),
        commit: two,
        host: 'nas',
        reason: `Rolled back to ${one} on nas by ada`,
      },
    ])
    expect(world.git.log()[0]?.message).toMatch(
      /^revert\(shop\): take back .*\nMagos-Reverts: [0-9a-f]+\n$/s,
    )
    expect(followUps.map(({ event }) => event.kind)).toContain('revision-pushed')
    expect([...world.machine.containers.values()].map(({ image }) => image)).toEqual([
      line('1.0.0', 1),
    ])
  })

  it('is not undone by the next look at the registry', async () => {
    const world = await twoVersions()
    await rollback(world)
    await publish(world)
    expect(world.git.text('shop/compose.yaml')).toContain('1.0.0')
  })

  it('goes one further back each time, never to what was rolled back from, and says when nothing is older', async () => {
    const world = await twoVersions()
    world.registry.push(app, '1.2.0', digest(3))
    await publish(world)
    await deploy(world)
    expect((await rollback(world)).answer.lines).toMatchObject([{ to: line('1.1.0', 2) }])
    expect((await rollback(world)).answer.lines).toMatchObject([{ to: line('1.0.0', 1) }])
    const before = commits(world)
    await expect(rollback(world)).rejects.toMatchObject({
      code: 'stack',
      message: expect.stringContaining('nothing older was proven here'),
    })
    expect(commits(world)).toEqual(before)
  })

  it('goes forth again to the commit that is named, whatever is quarantined', async () => {
    const world = await twoVersions()
    const [two = ''] = commits(world)
    await rollback(world)
    const { answer } = await rollback(world, { to: two })
    expect(answer.lines).toMatchObject([{ to: line('1.1.0', 2) }])
  })

  it('passes over a version that a person quarantined by its tag', async () => {
    const world = await twoVersions()
    world.registry.push(app, '1.2.0', digest(3))
    await publish(world)
    await deploy(world)
    const listed = '- {image: ghcr.io/o/app, tag: "1.1.0", reason: leaks}\n'
    world.git.change({ [FILE]: listed })
    expect((await rollback(world)).answer.lines).toMatchObject([{ to: line('1.0.0', 1) }])
  })

  it('goes to the commit that is named, by the beginning of its id too', async () => {
    const world = await twoVersions()
    world.registry.push(app, '1.2.0', digest(3))
    await publish(world)
    await deploy(world)
    const first = commits(world).at(-1) ?? ''
    const { answer } = await rollback(world, { to: first.slice(0, 8) })
    expect(answer.to).toBe(first)
    expect(world.git.text('shop/compose.yaml')).toContain('1.0.0')
    expect(world.git.log()[0]?.message.match(/^Magos-Reverts: /gm)).toHaveLength(1)
  })

  it('leaves a line that a person wrote, and says so', async () => {
    const world = await twoVersions()
    world.git.change({ 'shop/compose.yaml': shop(line('1.4.0', 9)) })
    const head = commits(world)[0]
    const { answer } = await rollback(world)
    expect(answer).toMatchObject({
      commits: [],
      deployments: [],
      held: [{ file: 'shop/compose.yaml', line: 3, kind: 'problem' }],
    })
    expect(commits(world)[0]).toBe(head)
  })

  it('changes the lines that are ours beside one that is not', async () => {
    const other = '  side:\n    image: ghcr.io/o/side:2 # theirs\n'
    const world = await twoVersions(other)
    const mixed = (world.git.text('shop/compose.yaml') ?? '').replace('side:2', 'side:3')
    world.git.change({ 'shop/compose.yaml': mixed })
    const { answer } = await rollback(world, { to: commits(world).at(-1) ?? '' })
    expect(answer.held).toMatchObject([{ line: 5 }])
    expect(world.git.text('shop/compose.yaml')).toBe(
      shop(line('1.0.0', 1), other.replace('side:2', 'side:3')),
    )
  })

  it.each([
    ['usage', 'an unknown stack', { stack: 'shpo' }, 'Cannot find stack "shpo"'],
    ['usage', 'an unknown commit', { to: '1234567' }, 'the branch has no such commit'],
    ['usage', 'what is no commit', { to: 'main' }, 'the branch has no such commit'],
  ])('throws `%s` for %s and writes nothing', async (code, _, changes, message) => {
    const world = await twoVersions()
    const before = commits(world)
    await expect(rollback(world, changes)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
    expect(commits(world)).toEqual(before)
  })

  it('throws `usage` for a commit that the branch left', async () => {
    const world = await twoVersions()
    const first = commits(world).at(-1) ?? ''
    world.git.replace({ 'shop/compose.yaml': world.git.text('shop/compose.yaml') ?? '' })
    await expect(rollback(world, { to: first })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('the branch has no such commit'),
    })
  })

  it('throws `stack` where nothing else was proven here, and where the images were the same', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop(line('1.0.0', 1)) })
    await deploy(world)
    await expect(rollback(world)).rejects.toMatchObject({ code: 'stack' })
    const [first = ''] = commits(world)
    world.git.change({ 'README.md': 'x' })
    await expect(rollback(world, { to: first })).rejects.toMatchObject({
      code: 'stack',
      message: expect.stringContaining('its images were the same there'),
    })
  })

  it('plans again when the branch moved, before anything is deployed', async () => {
    const world = await twoVersions()
    const calls = world.machine.calls.length
    world.git.beforeSwap(() => world.git.change({ 'README.md': 'theirs' }))
    expect(await rollback(world)).toMatchObject({ next: 'again', followUps: [] })
    expect(world.machine.calls).toHaveLength(calls)
    expect((await rollback(world)).answer.commits).toHaveLength(1)
    expect(world.git.text('README.md')).toBe('theirs')
  })

  it('is not taken back itself where what it brought fails', async () => {
    const world = await twoVersions()
    world.machine.behave(`ghcr.io/o/app@${digest(1)}`, 'unhealthy')
    const { answer, followUps } = await rollback(world)
    expect(answer.deployments[0]?.outcome).not.toBe('succeeded')
    const failure = followUps.find(({ event }) => event.kind === 'update-failed')
    const { handle } = await import('../../handlers/index.ts')
    const handled = failure && (await handle(world.ctx, failure.event, signal))
    expect(handled?.answer).toEqual({ commits: [], held: [] })
  })
})

/** 1.0.0 was proven, then Magos brought 1.1.0, which was proven too. */
async function twoVersions(more = ''): Promise<World> {
  const world = createWorld({ 'shop/compose.yaml': shop(line('1.0.0', 1), more) })
  world.registry.push(app, '1.0.0', digest(1))
  await deploy(world)
  world.registry.push(app, '1.1.0', digest(2))
  await publish(world)
  await deploy(world)
  return world
}

async function publish(world: World): Promise<void> {
  await imagePublished(world.ctx, { kind: 'image-published', repositories: 'all' }, signal)
}

/** Newest first. */
function commits({ git }: World): string[] {
  return git.log().map(({ revision }) => revision.commit)
}

function rollback({ ctx }: World, changes: { stack?: string; to?: string } = {}) {
  const event = { kind: 'rollback-requested', stack: 'shop', to: null, by: 'ada' } as const
  return rollbackRequested(ctx, { ...event, ...changes }, signal)
}
