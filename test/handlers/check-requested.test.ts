import { describe, expect, it } from 'vitest'
import { checkRequested } from '../../handlers/check-requested.ts'
import { explainRequested } from '../../handlers/explain-requested.ts'
import { syncRequested } from '../../handlers/sync-requested.ts'
import { createWorld, digest, signal } from './world.ts'

const app = { registry: 'ghcr.io', repository: 'o/app' }
const db = { registry: 'ghcr.io', repository: 'o/db' }
const note = '# {"magos": {"policy": "semver", "range": "^1"}}'
const files = {
  'shop/compose.yaml': `services:
  web:
    image: ghcr.io/o/app:1.0.0@${digest(1)} ${note}
  worker:
    image: ghcr.io/o/app:1.1.0@${digest(2)} ${note}
  db:
    image: ghcr.io/o/db:1.0.0@${digest(5)} ${note}
  plain:
    image: nginx:1
`,
}

describe('checkRequested()', () => {
  it('holds what goes by pull request where there are none, in the words of a sync', async () => {
    const text = files['shop/compose.yaml'].replaceAll('"range"', '"mode": "pr", "range"')
    const world = createWorld({ 'shop/compose.yaml': text })
    for (const name of ['app', 'db']) {
      world.registry.push({ ...app, repository: `o/${name}` }, '1.2.0', digest(9))
      world.registry.push({ ...app, repository: `o/${name}` }, '1.1.0', digest(2))
      world.registry.push({ ...app, repository: `o/${name}` }, '1.0.0', digest(1))
    }
    expect((await checkRequested(world.ctx, signal)).updates.map(({ mode }) => mode)).toEqual([
      'pr',
      'pr',
      'pr',
    ])
    const ctx = { ...world.ctx, proposals: null }
    const check = await checkRequested(ctx, signal)
    expect(check.updates).toEqual([])
    expect(check.held).toHaveLength(3)
    const sync = await syncRequested(ctx, { kind: 'sync-requested', stack: null }, signal)
    expect(sync.answer.held).toEqual(check.held)
    const openSource = async () => await Promise.resolve(world.git)
    const looking = { ...ctx, inbox: world.inbox, worker: 'none', openSource } as const
    expect((await explainRequested(looking, 'shop', signal)).held).toEqual(check.held)
  })

  it('tells what would be updated, held and left, and counts its requests', async () => {
    const world = createWorld(files)
    world.registry.push(app, '1.0.0', digest(1))
    world.registry.push(app, '1.1.0', digest(2))
    world.registry.fail(db, 'unauthorized')
    const { commit } = await world.git.head(signal)
    const before = await checkRequested(world.ctx, signal)
    expect(before).toEqual({
      revision: commit,
      updates: [
        {
          file: 'shop/compose.yaml',
          line: 3,
          services: ['web'],
          from: `ghcr.io/o/app:1.0.0@${digest(1)}`,
          to: `ghcr.io/o/app:1.1.0@${digest(2)}`,
          policy: 'semver ^1',
          reason: '"1.1.0" is the newest that fits above "1.0.0"',
          mode: 'commit',
        },
      ],
      held: [
        {
          file: 'shop/compose.yaml',
          line: 7,
          column: 12,
          image: `ghcr.io/o/db:1.0.0@${digest(5)}`,
          reason: 'Failed: unauthorized',
          kind: 'problem',
        },
      ],
      problems: [],
      current: [
        {
          file: 'shop/compose.yaml',
          line: 5,
          services: ['worker'],
          image: `ghcr.io/o/app:1.1.0@${digest(2)}`,
          policy: 'semver ^1',
          reason: 'nothing that fits is above "1.1.0"',
        },
      ],
      unchanged: 1,
      requests: 4,
    })
    // What a digest holds never changes, so it is asked for once.
    expect((await checkRequested(world.ctx, signal)).requests).toBe(3)
  })

  it('changes nothing: no commit, no call of the engine, no file, no memory', async () => {
    const world = createWorld(files)
    world.registry.push(app, '1.1.0', digest(2))
    await checkRequested(world.ctx, signal)
    expect(world.git.log()).toHaveLength(1)
    expect(world.order.filter((step) => step.startsWith('commit'))).toEqual([])
    expect(world.machine.calls).toEqual([])
    expect(world.files.reports).toEqual([])
    expect(world.history.deployments(9)).toEqual([])
    const sight = { repository: 'ghcr.io/o/app', tag: '1.1.0', digest: digest(2) }
    expect(world.ctx.memory.firstSeen(sight)).toBeNull()
    expect(world.lines).toEqual([])
  })

  it('tells problems of files, settings and refused stacks with their places', async () => {
    const world = createWorld({
      ...files,
      'a/b/compose.yaml': 'services: {}\n',
      'a-b/compose.yaml': 'services: {}\n',
      'broken/compose.yaml': 'services:\n  web: {image: a\n',
      'link/compose.yaml': { mode: '120000', content: '../shop/compose.yaml' },
      '.magos.yaml': 'stacks:\n  gone: {}\n',
    })
    const { problems } = await checkRequested(world.ctx, signal)
    expect(problems.map(({ file, line, code }) => `${file}:${line} ${code}`)).toEqual([
      'link/compose.yaml:1 symlink',
      '.magos.yaml:2 stack',
      'a-b/compose.yaml:1 stack',
      'a/b/compose.yaml:1 stack',
      'broken/compose.yaml:3 compose',
    ])
    expect(problems.every(({ remedy }) => remedy !== undefined)).toBe(true)
  })

  it('tells where .magos.yaml says what nothing answers to', async () => {
    const world = createWorld({
      'a/compose.yaml': 'services: {web: {image: "n:1"}}\n',
      'b/compose.yaml': 'services: {web: {image: "n:1"}}\n',
      'h/compose.yaml': 'services: {web: {image: "n:1"}}\n',
      '.magos.yaml': `stacks:
  a:
    profiles: [debug]
    probes:
      wbe: {tcp: 1}
  b: {after: [a, c]}
  d: {directory: e}
  f: {directory: h, files: [compose.yaml, more.yaml]}
  g: {after: [1]}
`,
    })
    const { problems } = await checkRequested(world.ctx, signal)
    const told = problems.map(({ line, column, code, severity }) =>
      [line, column, code, severity].join(' '),
    )
    expect(told.toSorted()).toEqual([
      '3 16 stack warning',
      '5 7 stack error',
      '6 18 stack error',
      '7 18 stack error',
      '8 43 stack error',
      '9 14 configuration error',
      '9 3 stack error',
    ])
  })
})
