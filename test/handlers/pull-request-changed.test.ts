import { describe, expect, it } from 'vitest'
import { pullRequestChanged } from '../../handlers/pull-request-changed.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { CheckReport } from '../../src/domain/event.ts'
import type { ReviewedPull } from '../../src/ports.ts'
import { createWorld, digest, signal } from './world.ts'
import type { World } from './world.ts'

const files = {
  'shop/compose.yaml': `x-env: &env {A: "1", B: secret-value}
services:
  web:
    image: ghcr.io/o/web:1@${digest(1)}
    environment: *env
    env_file: [web.env]
    volumes: ["./nginx.conf:/etc/nginx.conf:ro"]
  db:
    image: postgres:16
    environment: {PASSWORD: "\${DB_PASSWORD}"}
`,
  'shop/web.env': 'TOKEN=secret-token\nMODE=a\n',
  'shop/.env': 'DB_PASSWORD=secret-password\nOTHER=1\n',
  'shop/nginx.conf': 'one\n',
  'blog/compose.yaml': 'services: {blog: {image: ghost:5}}\n',
  'README.md': 'x\n',
}
const compose = files['shop/compose.yaml']

/** A pull request that changes these files; null deletes one. */
async function open(
  at: World,
  changes: Readonly<Record<string, string | null>>,
  origin: ReviewedPull['origin'] = 'repository',
): Promise<number> {
  const base = await at.git.head(signal)
  const head = at.git.change(changes)
  at.git.moveTo(base.commit)
  return at.pulls.open({ base, head, origin })
}

async function review(
  at: World,
  numbers: readonly number[] | 'all',
): Promise<readonly CheckReport[]> {
  const event = { kind: 'pull-request-changed', numbers } as const
  const { followUps } = await pullRequestChanged(at.ctx, event, signal)
  return followUps.flatMap(({ event: { ...due } }) =>
    due.kind === 'report-due' && due.report.kind === 'check-run' ? [due.report] : [],
  )
}

async function summaryOf(changes: Readonly<Record<string, string | null>>): Promise<string> {
  const at = createWorld(files)
  const [report] = await review(at, [await open(at, changes)])
  return report?.summary ?? ''
}

describe('pullRequestChanged()', () => {
  it('tells the plan per service, with names of variables and no value', async () => {
    const summary = await summaryOf({
      'shop/compose.yaml': compose.replace('A: "1", B: secret-value', 'A: "2", C: secret-other'),
      'shop/.env': 'DB_PASSWORD=secret-changed\nOTHER=2\n',
    })
    expect(summary).toContain('| web | recreate | variables change: A, B, C |')
    expect(summary).toContain(
      '| db | may recreate | it uses what changes in `shop/.env`: DB\\_PASSWORD |',
    )
    expect(summary).not.toContain('secret')
    expect(summary).not.toContain('blog')
  })

  it.each([
    [
      'another digest',
      { 'shop/compose.yaml': compose.replace(digest(1), digest(2)) },
      `| web | recreate | it runs \`ghcr.io/o/web:1@${digest(2)}\` instead of \`ghcr.io/o/web:1@${digest(1)}\` |`,
    ],
    [
      'another tag without a digest',
      { 'shop/compose.yaml': compose.replace('postgres:16', 'postgres:17') },
      '| db | may recreate | it runs `postgres:17` instead of `postgres:16` |',
    ],
    [
      'another tag of the same digest',
      { 'shop/compose.yaml': compose.replace('web:1@', 'web:2@') },
      '| web | keep | nothing about it changes in git |',
    ],
    [
      'a mounted file',
      { 'shop/nginx.conf': 'two\n' },
      '| web | recreate | `shop/nginx.conf` changes |',
    ],
    [
      'an environment file',
      { 'shop/web.env': 'TOKEN=secret-other\nMODE=a\n' },
      '| web | recreate | `shop/web.env` changes: TOKEN |',
    ],
    [
      'a service more',
      { 'shop/compose.yaml': `${compose}  cache: {image: redis:7}\n` },
      '| cache | create | it is new |',
    ],
    [
      'a service less',
      { 'shop/compose.yaml': compose.slice(0, compose.indexOf('  db:')) },
      '| db | remove | it is no longer there |',
    ],
    ['a stack less', { 'blog/compose.yaml': null }, '| blog | remove | it is no longer there |'],
    [
      'a comment',
      { 'shop/compose.yaml': `# hello\n${compose}` },
      '| web | keep | nothing about it changes in git |',
    ],
    [
      'a merge instead of an alias',
      { 'shop/compose.yaml': compose.replace('environment: *env', 'environment: {<<: *env}') },
      '| web | keep | nothing about it changes in git |',
    ],
    [
      'the settings of its stack',
      { '.magos.yaml': 'stacks: {shop: {project: other}}\n' },
      '| web | may recreate | the settings of its stack change |',
    ],
  ])('tells what becomes of %s', async (_title, changes, row) => {
    const summary = await summaryOf(changes)
    expect(summary).toContain(row)
    expect(summary).not.toContain('secret')
  })

  it('reads the variables of a stack from the files that its settings name', async () => {
    const at = createWorld({
      ...files,
      'shop/prod.env': 'DB_PASSWORD=secret-one\n',
      '.magos.yaml': 'stacks: {shop: {envFiles: [prod.env]}}\n',
    })
    const changes = {
      'shop/.env': 'DB_PASSWORD=secret-two\n',
      'shop/prod.env': 'DB_PASSWORD=secret-three\n',
    }
    const [report] = await review(at, [await open(at, changes)])
    expect(report?.summary).toContain(
      '| db | may recreate | it uses what changes in `shop/prod.env`: DB\\_PASSWORD |',
    )
    expect(report?.summary).not.toMatch(/secret|shop\/\.env/u)
  })

  it('annotates what scan finds, and fails for errors in files that it touches', async () => {
    const at = createWorld({ ...files, 'old/compose.yaml': 'services: {a: {image: [}}\n' })
    const bad = compose.replace('postgres:16', 'postgres:16 # {"magos": {"policy": "newest"}}')
    const [report] = await review(at, [await open(at, { 'shop/compose.yaml': bad })])
    expect(report).toMatchObject({
      context: 'magos/nas',
      conclusion: 'failure',
      title: '0 of 2 services change, 1 problems',
      annotations: [{ path: 'shop/compose.yaml', line: 9, level: 'failure' }],
    })
    expect(report?.annotations[0]?.message).toContain('newest')
  })

  it('tells of a fork what scan says and nothing else', async () => {
    const at = createWorld(files)
    const bad = compose.replace('postgres:16', 'postgres:16 # {"magos": {"policy": "newest"}}')
    const [report] = await review(at, [await open(at, { 'shop/compose.yaml': bad }, 'fork')])
    expect(report?.annotations).toHaveLength(1)
    expect(report?.summary).toContain('It comes from a fork')
    expect(report?.summary).not.toContain('| Service |')
  })

  it('lets no name of a file be Markdown', async () => {
    const at = createWorld({ 'shop/compose.yaml': 'services: {a: {image: x:1}}\n' })
    const path = 'evil`@team <img src=x>/compose.yaml'
    const number = await open(at, { [path]: 'services: {\n' }, 'fork')
    const [report] = await review(at, [number])
    const told = (report?.summary ?? '').split('\n').filter((text) => text.startsWith('- '))
    expect(told).toHaveLength(1)
    // One piece of code, from its first character to the colon behind it.
    expect(told[0]).toMatch(/^- `[^`]*evil[^`]*compose\.yaml:\d+`: [^`]*$/u)
  })

  it('says nothing where no stack of this host is touched, and does not look again', async () => {
    const at = createWorld(files)
    await open(at, { 'README.md': 'y\n' })
    expect(await review(at, 'all')).toEqual([])
    const pulls = { ...at.pulls, look: () => Promise.reject(new Error('It was looked at again')) }
    const event = { kind: 'pull-request-changed', numbers: 'all' } as const
    await pullRequestChanged({ ...at.ctx, pulls }, event, signal)
  })

  it('finds by polling what nobody told of, and passes over what was told', async () => {
    const at = createWorld(files)
    await open(at, { 'shop/nginx.conf': 'two\n' })
    const told = await open(at, { 'shop/nginx.conf': 'three\n' })
    at.pulls.told((await at.pulls.look(told, signal))?.head.commit ?? '', 'magos/nas')
    expect((await review(at, 'all')).map(({ commit }) => commit)).toEqual([
      (await at.pulls.look(1, signal))?.head.commit,
    ])
  })

  it('calls neither provider nor engine', async () => {
    const at = createWorld(files)
    await review(at, [await open(at, { 'shop/nginx.conf': 'two\n' })])
    expect(at.machine.calls).toEqual([])
  })

  it('says nothing of a closed pull request, nor without the permission', async () => {
    const at = createWorld(files)
    const number = await open(at, { 'shop/nginx.conf': 'two\n' })
    at.pulls.close(number)
    expect(await review(at, [number])).toEqual([])
    const refused = new MagosError('unauthorized', 'Refused')
    const pulls = { ...at.pulls, list: () => Promise.reject(refused) }
    const event = { kind: 'pull-request-changed', numbers: 'all' } as const
    expect((await pullRequestChanged({ ...at.ctx, pulls }, event, signal)).followUps).toEqual([])
  })

  it('throws what the next try may find mended', async () => {
    const at = createWorld(files)
    const failed = new MagosError('network', 'No answer')
    const pulls = { ...at.pulls, list: () => Promise.reject(failed) }
    const event = { kind: 'pull-request-changed', numbers: 'all' } as const
    await expect(pullRequestChanged({ ...at.ctx, pulls }, event, signal)).rejects.toBe(failed)
  })
})
