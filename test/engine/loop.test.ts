/** The whole loop: a GitHub in a box, a real registry, real podman, and the daemon as users start it. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabDaemon } from '../lab/daemon.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { changedLines, containersOf, eventually, git } from './look.ts'

function compose(image: string): string {
  return `services:
  web:
    image: ${image}:1.0.0  # {"magos": {"policy": "semver", "range": "^1"}}
    init: true
    stop_grace_period: 0s
    env_file: .env
    volumes:
      - ./data:/data
      - ./motd.txt:/motd.txt:ro
      - state:/state
  side:
    image: ${image}:1.0.0
    init: true
    stop_grace_period: 0s
volumes:
  state:
`
}

let lab: Homelab
let daemon: LabDaemon

async function head(): Promise<string> {
  return (await lab.repository.head()).commit
}

/** The daemon worked off all that it took, and GitHub has nothing more to say. */
async function quiet(): Promise<void> {
  await lab.github.deliveries.settled()
  const port = String(lab.environment()['MD_LISTEN'])
  await eventually(
    async () => (await fetch(`http://${port}/healthz`)).text(),
    (health) => health.includes('"pending":0'),
  )
}

describe('magos run with webhooks', () => {
  beforeAll(async () => {
    lab = await startHomelab()
    await lab.push('app', '1.0.0', { serves: 'one' })
    await lab.repository.commit([
      { path: 'shop/compose.yaml', content: compose(lab.image('app')) },
      { path: 'shop/motd.txt', content: 'hello\n' },
    ])
    const home = join(String(lab.environment()['MD_DATA_DIR']), 'stacks/shop')
    await mkdir(join(home, 'data'), { recursive: true })
    await writeFile(join(home, '.env'), 'GREETING=hello\n')
    await writeFile(join(home, 'data/precious'), 'rows\n')
  })
  afterAll(async () => {
    await lab.close()
  })

  test('pins and deploys what stands in git when it starts, and marks the commit', async () => {
    const before = await head()
    daemon = await lab.start()
    const commit = await eventually(head, (now) => now !== before)
    expect((await lab.status(commit, 'magos/attic')).state).toBe('success')
    const { web } = await containersOf(lab.engine, 'shop')
    expect(web).toMatchObject({ state: 'running', health: 'healthy' })
    await lab.engine.cli(['exec', web?.id ?? '', 'sh', '-c', 'echo kept > /state/volume'])
    await quiet()
  })

  test('brings a published image to a healthy container by one commit of one line', async () => {
    const before = await containersOf(lab.engine, 'shop')
    const parent = await head()
    const digest = await lab.publish('app', '1.1.0', { serves: 'two' })
    const commit = await eventually(head, (now) => now !== parent)
    const { state } = await lab.status(commit, 'magos/attic/shop')
    expect(state).toBe('success')

    const { gitDir } = lab.repository
    expect(await git(gitDir, 'rev-list', `${parent}..${commit}`)).toBe(commit)
    expect(await changedLines(gitDir, commit)).toEqual([
      expect.stringMatching(/^-    image: \S+:1\.0\.0@sha256:[0-9a-f]{64}  # /u),
      `+    image: ${lab.image('app')}:1.1.0@${digest}  # {"magos": {"policy": "semver", "range": "^1"}}`,
    ])
    expect(await git(gitDir, 'show', '-s', '--format=%an', commit)).toBe(`${lab.app.slug}[bot]`)
    expect(await git(gitDir, 'show', '-s', '--format=%s', commit)).toMatch(
      /^chore\(shop\): update \S+ 1\.0\.0 → 1\.1\.0$/u,
    )
    const push = lab.github.deliveries.log.findLast(({ event }) => event === 'push')
    expect(push).toMatchObject({ payload: { after: commit }, statusCode: 202 })

    const after = await containersOf(lab.engine, 'shop')
    expect(after['web']).toMatchObject({ state: 'running', health: 'healthy' })
    expect(after['web']?.digests).toContain(digest)
    expect(after['side']?.id).toBe(before['side']?.id)
    await quiet()
  })

  test('a second identical delivery changes nothing', async () => {
    const before = { head: await head(), containers: await containersOf(lab.engine, 'shop') }
    const told = lab.repository.record.statuses.length
    const published = lab.github.deliveries.log.findLast(
      ({ event }) => event === 'registry_package',
    )
    expect(lab.github.deliveries.redeliver(published?.id ?? 0)).toBe(true)
    await quiet()
    const again = lab.github.deliveries.log.at(-1)
    expect(again).toMatchObject({ guid: published?.guid, redelivery: 'again', statusCode: 202 })
    await daemon.line(({ delivery }) => delivery === published?.guid)
    await quiet()
    expect({ head: await head(), containers: await containersOf(lab.engine, 'shop') }).toEqual(
      before,
    )
    expect(lab.repository.record.statuses.length).toBe(told)
  })

  test.each([
    ['is dropped', '1.2.0', () => lab.github.deliveries.plan({ event: 'push', do: 'drop' })],
    [
      'comes before the answer',
      '1.3.0',
      () =>
        lab.github.faults.add({
          method: 'PATCH',
          path: /\/git\/refs\//u,
          fault: { when: 'after', do: 'reset' },
        }),
    ],
    ['comes twice', '1.4.0', () => lab.github.deliveries.plan({ event: 'push', do: 'duplicate' })],
  ])('deploys once where the push of its own commit %s', async (_title, version, fault) => {
    const parent = await head()
    const seen = daemon.lines.length
    fault()
    const digest = await lab.publish('app', version, { serves: version })
    const commit = await eventually(head, (now) => now !== parent)
    expect((await lab.status(commit, 'magos/attic/shop')).state).toBe('success')
    await quiet()
    expect(await git(lab.repository.gitDir, 'rev-parse', `${await head()}^`)).toBe(parent)
    expect((await containersOf(lab.engine, 'shop'))['web']?.digests).toContain(digest)
    const deployed = daemon.lines
      .slice(seen)
      .filter(({ message }) => message.startsWith('Deployment'))
    expect(deployed).toHaveLength(1)
  })

  test('loses nothing that it answered 202 before it was killed', async () => {
    const parent = await head()
    const digest = await lab.publish('app', '1.5.0', { serves: 'five' })
    await lab.github.deliveries.settled()
    await daemon.kill()
    const taken = lab.github.deliveries.log.findLast(({ event }) => event === 'registry_package')
    expect(taken?.statusCode).toBe(202)
    daemon = await lab.start({ MD_POLL_INTERVAL: '1h' })
    const commit = await eventually(head, (now) => now !== parent)
    expect((await lab.status(commit, 'magos/attic/shop')).state).toBe('success')
    expect((await containersOf(lab.engine, 'shop'))['web']?.digests).toContain(digest)
    await quiet()
  })

  test('takes back an update that fails, lists its digest and leaves the neighbour alone', async () => {
    const before = await containersOf(lab.engine, 'shop')
    const parent = await head()
    const bad = await lab.publish('app', '1.6.0', { serves: 'six', health: 'failing' })
    const commit = await eventually(head, (now) => now !== parent)
    const told = await lab.status(commit, 'magos/attic/shop')
    expect(told.state).toBe('failure')
    expect(told.description).toContain('service "web" is unhealthy')
    expect((await lab.status(commit, 'magos/attic')).state).toBe('failure')
    const reverted = await eventually(head, (now) => now !== commit)
    const { gitDir } = lab.repository
    expect(await git(gitDir, 'rev-parse', `${reverted}^`)).toBe(commit)
    expect(await git(gitDir, 'diff', '--stat', parent, reverted)).toMatch(
      /^ \.magos\/quarantine\.yaml .*\n 1 file changed/u,
    )
    expect(await git(gitDir, 'show', `${reverted}:.magos/quarantine.yaml`)).toContain(bad)
    expect(await git(gitDir, 'show', '-s', '--format=%B', reverted)).toMatch(
      new RegExp(`^revert\\(shop\\): take back .*\\nMagos-Reverts: ${commit}$`, 'su'),
    )
    expect((await lab.status(reverted, 'magos/attic')).state).toBe('success')
    const after = await containersOf(lab.engine, 'shop')
    expect(after['web']).toMatchObject({ health: 'healthy', digests: before['web']?.digests })
    expect(after['side']?.id).toBe(before['side']?.id)
    await quiet()
  })

  test('does not pick it again when it is told of it once more', async () => {
    const before = { head: await head(), containers: await containersOf(lab.engine, 'shop') }
    const told = lab.github.deliveries.log.findLast(({ event }) => event === 'registry_package')
    expect(lab.github.deliveries.redeliver(told?.id ?? 0)).toBe(true)
    await quiet()
    const waits = await daemon.line(({ message }) => message.includes('is quarantined by attic'))
    expect(waits.level).toBe('info')
    await quiet()
    expect({ head: await head(), containers: await containersOf(lab.engine, 'shop') }).toEqual(
      before,
    )
  })

  test('takes the next good version, and what git never held survived all of it', async () => {
    const digest = await lab.publish('app', '1.7.0', { serves: 'seven' })
    const { web } = await eventually(
      () => containersOf(lab.engine, 'shop'),
      (found) =>
        found['web']?.digests.includes(digest) === true && found['web'].health === 'healthy',
    )
    const inside = (path: string) => lab.engine.cli(['exec', web?.id ?? '', 'cat', path])
    expect(await inside('/state/volume')).toBe('kept')
    expect(await inside('/data/precious')).toBe('rows')
    expect(await lab.engine.cli(['exec', web?.id ?? '', 'env'])).toContain('GREETING=hello')
    const home = join(String(lab.environment()['MD_DATA_DIR']), 'stacks/shop')
    expect(await readFile(join(home, '.env'), 'utf8')).toBe('GREETING=hello\n')
    await quiet()
  })

  test('recreates the service whose bind-mounted file a person changed in git', async () => {
    const before = await containersOf(lab.engine, 'shop')
    const { commit } = await lab.repository.commit([
      { path: 'shop/motd.txt', content: 'changed\n' },
    ])
    expect((await lab.status(commit, 'magos/attic/shop')).state).toBe('success')
    const after = await containersOf(lab.engine, 'shop')
    expect(after['web']?.id).not.toBe(before['web']?.id)
    expect(after['side']?.id).toBe(before['side']?.id)
    const motd = await lab.engine.cli(['exec', after['web']?.id ?? '', 'cat', '/motd.txt'])
    expect(motd).toBe('changed')
  })

  test('ends within ten seconds of SIGTERM with exit code 0', async () => {
    const { code, after } = await daemon.stop()
    expect(code).toBe(0)
    expect(after).toBeLessThan(10_000)
  })

  test('every request and every delivery was as GitHub describes it', () => {
    expect(lab.github.violations).toEqual([])
  })

  test('no secret is in any sink: log, store, stacks, commits, statuses, answers', async () => {
    const { MD_DATA_DIR: data = '', MD_WEBHOOK_SECRET: secret = '' } = lab.environment()
    const [, line = ''] = lab.app.privateKey.split('\n')
    const sinks = {
      log: JSON.stringify(daemon.lines),
      files: (await filesBelow(data)).map((file) => file.toString('latin1')).join('\n'),
      commits: await git(lab.repository.gitDir, 'log', '--all', '-p'),
      statuses: JSON.stringify(
        lab.repository.record.statuses.map(({ description }) => description),
      ),
      requests: JSON.stringify(lab.github.requests.map(({ body }) => body)),
    }
    for (const [sink, text] of Object.entries(sinks)) {
      expect(text.length, `length of ${sink}`).toBeGreaterThan(100)
      for (const planted of [secret, line, 'ghs_'])
        expect(text, `sink ${sink}`).not.toContain(planted)
    }
  })
})

async function filesBelow(directory: string): Promise<Buffer[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name))))
}
