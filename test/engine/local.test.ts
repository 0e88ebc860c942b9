/** The loop on local repositories, by polling and by `sync` alone: real registry, real podman, the real launcher. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runMagos } from '../lab/daemon.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { changedLines, containersOf, eventually, git } from './look.ts'

let lab: Homelab

beforeAll(async () => {
  lab = await startHomelab({ triggers: 'polling' })
})
afterAll(async () => {
  await lab.close()
})

function compose(image: string): string {
  return `services:
  web:
    image: ${image}:1.0.0  # {"magos": {"policy": "semver", "range": "^1"}}
    init: true
    stop_grace_period: 0s
    env_file: .env
    volumes:
      - ./data:/data
      - state:/state
  side:
    image: ${image}:1.0.0
    init: true
    stop_grace_period: 0s
volumes:
  state:
`
}

async function sync(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runMagos(['sync', ...args, '--json'], { env })
  return { code, stderr, answer: JSON.parse(stdout) }
}

describe.each(['bare', 'checked-out'] as const)('a local repository, %s', (kind) => {
  const name = `local-${kind}`
  let repository: string
  let env: Record<string, string>
  let home: string

  beforeAll(async () => {
    await lab.push(name, '1.0.0', { serves: 'one' })
    repository = await lab.localRepository(kind, {
      [`${name}/compose.yaml`]: compose(lab.image(name)),
    })
    const data = join(lab.engine.directory, `data-${kind}`)
    env = lab.environment({ MD_REPO: repository, MD_DATA_DIR: data })
    home = join(data, 'stacks', name)
    await mkdir(join(home, 'data'), { recursive: true })
    await writeFile(join(home, '.env'), 'GREETING=hello\n')
    await writeFile(join(home, 'data/precious'), 'rows\n')
  })

  test('sync pins, deploys and proves', async () => {
    const { code, answer } = await sync(env)
    expect(answer).toMatchObject({
      commits: [await git(repository, 'rev-parse', 'main')],
      deployments: [{ stack: name, outcome: 'succeeded' }],
    })
    expect(code).toBe(0)
    const { web, side } = await containersOf(lab.engine, name)
    expect(web).toMatchObject({ state: 'running', health: 'healthy' })
    expect(side).toMatchObject({ state: 'running', health: 'healthy' })
    await lab.engine.cli(['exec', web?.id ?? '', 'sh', '-c', 'echo kept > /state/volume'])
  })

  test('sync again changes nothing', async () => {
    const before = await containersOf(lab.engine, name)
    const { code, answer } = await sync(env)
    expect(answer).toMatchObject({ commits: [], deployments: [{ outcome: 'unchanged' }] })
    expect(code).toBe(0)
    expect(await containersOf(lab.engine, name)).toEqual(before)
  })

  test('the daemon finds a new version by polling, commits one line and deploys it', async () => {
    const before = await containersOf(lab.engine, name)
    const daemon = await lab.start({ ...env, MD_POLL_INTERVAL: '1s' })
    const digest = await lab.push(name, '1.1.0', { serves: 'two' })
    const { commit } = await daemon.line(({ message }) => message.startsWith('Image updated'))
    await daemon.line(({ message }) => message.startsWith('Deployment succeeded'))
    expect(await git(repository, 'rev-parse', 'main')).toBe(commit)
    const image = lab.image(name)
    expect(await changedLines(repository, String(commit))).toEqual([
      expect.stringMatching(`^-    image: ${image}:1\\.0\\.0@sha256:[0-9a-f]{64}  # `),
      `+    image: ${image}:1.1.0@${digest}  # {"magos": {"policy": "semver", "range": "^1"}}`,
    ])
    const after = await containersOf(lab.engine, name)
    expect(after['web']?.digests).toContain(digest)
    expect(after['side']?.id).toBe(before['side']?.id)
    const { code, after: took } = await daemon.stop()
    expect(code).toBe(0)
    expect(took).toBeLessThan(10_000)
  })

  // Once, on the kind that has more to write: a work tree gets the list as a new file.
  test.each(kind === 'checked-out' ? ['a new file of the work tree'] : [])(
    'sync takes back an update that fails, and lists it in %s',
    async () => {
      const before = await git(repository, 'rev-parse', 'main')
      const bad = await lab.push(name, '1.2.0', { serves: 'three', health: 'failing' })
      const failed = await sync(env)
      expect(failed.code).toBe(1)
      const [update, revert] = failed.answer.commits
      expect(await git(repository, 'rev-list', `${before}..main`)).toBe(`${revert}\n${update}`)
      expect(await git(repository, 'diff', '--name-only', before, 'main')).toBe(
        '.magos/quarantine.yaml',
      )
      expect(await git(repository, 'show', 'main:.magos/quarantine.yaml')).toContain(bad)
      expect(await git(repository, 'status', '--porcelain')).toBe('')
      const { code, answer } = await sync(env)
      expect(answer.commits).toEqual([])
      expect(code).toBe(0)
    },
  )

  test('what git never held survived all of it', async () => {
    const { web } = await containersOf(lab.engine, name)
    const inside = (path: string) => lab.engine.cli(['exec', web?.id ?? '', 'cat', path])
    expect(await inside('/state/volume')).toBe('kept')
    expect(await inside('/data/precious')).toBe('rows')
    expect(await lab.engine.cli(['exec', web?.id ?? '', 'env'])).toContain('GREETING=hello')
    expect(await readFile(join(home, '.env'), 'utf8')).toBe('GREETING=hello\n')
  })
})

describe('two processes on one data directory', () => {
  test('never deploy twice: the second sync waits for the first', async () => {
    await lab.push('twice', '1.0.0', { serves: 'one' })
    const repository = await lab.localRepository('bare', {
      'twice/compose.yaml': `services:\n  web:\n    image: ${lab.image('twice')}:1.0.0\n    init: true\n`,
    })
    const data = join(lab.engine.directory, 'data-twice')
    const env = lab.environment({ MD_REPO: repository, MD_DATA_DIR: data })
    const both = await Promise.all([sync(env), sync(env)])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    const outcomes = both.map(({ answer }) => answer.deployments[0].outcome)
    expect(outcomes).toContain('succeeded')
    const { web } = await containersOf(lab.engine, 'twice')
    const history = await eventually(
      () => containersOf(lab.engine, 'twice'),
      () => true,
    )
    expect(history['web']?.id).toBe(web?.id)
    const creations = both.filter(({ stderr }) => stderr.includes('Will create'))
    expect(creations).toHaveLength(1)
  })

  test('a sync beside the daemon prints the daemon’s answer; a second daemon is refused', async () => {
    await lab.push('beside', '1.0.0', { serves: 'one' })
    const repository = await lab.localRepository('bare', {
      'beside/compose.yaml': `services:\n  web:\n    image: ${lab.image('beside')}:1.0.0\n    init: true\n`,
    })
    const data = join(lab.engine.directory, 'data-beside')
    const env = lab.environment({ MD_REPO: repository, MD_DATA_DIR: data, MD_POLL_INTERVAL: '1h' })
    const daemon = await lab.start(env)
    const { code, answer, stderr } = await sync(env)
    expect(code).toBe(0)
    expect(answer.deployments).toMatchObject([{ stack: 'beside' }])
    expect(stderr).not.toContain('Will create')
    const second = await runMagos(['run'], { env: { ...env, MD_LISTEN: '127.0.0.1:0' } })
    expect(second.code).toBe(3)
    expect(second.stderr).toContain('another Magos does already')
    await daemon.stop()
  })
})
