/**
 * What people and other programs do to containers of proven stacks, on a real engine, while another stack takes its whole
 * deadline.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LAUNCHER, runMagos, type LabDaemon } from '../lab/daemon.ts'
import { chosenRuntime } from '../lab/engine/chosen.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { containersOf, eventually, type SeenContainer } from './look.ts'

const run = promisify(execFile)
const SERVICES = ['killed', 'removed', 'stopped', 'replaced', 'other', 'untouched'] as const

let lab: Homelab
let repository: string
/** Where a person started the diary, with rows in `./data` and in a volume. */
let home: string
let daemon: LabDaemon
let before: Readonly<Record<string, SeenContainer>>
/** As they are pulled. */
let first: string
let second: string

function serviceLine(name: string, image: string): string {
  return `  ${name}: {image: "${image}", init: true, stop_grace_period: 1s}\n`
}

/** It neither becomes healthy nor fails while a test looks. */
function neverHealthy(image: string): string {
  const check = '{test: [CMD, "false"], interval: 1s, start_period: 1h}'
  return `services:\n  web: {image: "${image}", init: true, stop_grace_period: 1s, healthcheck: ${check}}\n`
}

function diary(image: string): string {
  const volumes = '["./data:/data", "book:/book"]'
  return `services:\n  pen: {image: "${image}", init: true, stop_grace_period: 1s, volumes: ${volumes}}\nvolumes: {book: {}}\n`
}

/** The second one lives in the network of the first. */
function pair(image: string): string {
  const torrent = quick(first, ', network_mode: "service:vpn", command: [httpd, -f, -p, "9090"]')
  return `services:\n  vpn: ${quick(image)}\n  torrent: ${torrent}\n`
}

function quick(image: string, more = ''): string {
  return `{image: "${image}", init: true, stop_grace_period: 0s${more}}`
}

/** The network that both of them are in, as the kernel names it; null where they are in two, or one is in none. */
async function sharedNetwork(): Promise<string | null> {
  const found = await containersOf(lab.engine, 'nas')
  const ids = [found['vpn']?.id ?? '', found['torrent']?.id ?? '']
  const asked = ids.map((one) => engine('exec', one, 'busybox', 'readlink', '/proc/1/ns/net'))
  const [one, other] = await Promise.allSettled(asked)
  if (one?.status !== 'fulfilled' || other?.status !== 'fulfilled') return null
  return one.value === other.value ? one.value : null
}

const torrentStart = () => engine('inspect', '--format', '{{.State.StartedAt}}', 'nas-torrent-1')

/** As people do it: a directory with a compose file, and `docker compose up` in it. */
async function startByHand(image: string): Promise<string> {
  const directory = join(lab.engine.directory, 'diary')
  await mkdir(join(directory, 'data'), { recursive: true })
  await writeFile(join(directory, 'data/rows'), 'precious\n')
  await writeFile(join(directory, 'compose.yaml'), diary(image))
  const options = { cwd: directory, env: lab.engine.env }
  const up = ['up', '-d', '--pull', 'never']
  if (chosenRuntime() === 'docker') await run('docker', ['compose', ...up], options)
  else await throughSocket((env) => run('docker-compose', up, { ...options, env }))
  const { pen } = await containersOf(lab.engine, 'diary')
  await engine(
    'exec',
    pen?.id ?? '',
    'sh',
    '-c',
    'echo chapter > /book/one; echo more >> /data/rows',
  )
  return directory
}

/** With podman's service listening where Compose looks for docker's. */
async function throughSocket(use: (env: NodeJS.ProcessEnv) => Promise<unknown>): Promise<void> {
  const socket = join(lab.engine.directory, 'hand.sock')
  const service = spawn('podman', ['system', 'service', '--time=0', `unix://${socket}`], {
    env: lab.engine.env,
    stdio: 'ignore',
  })
  await eventually(
    () => existsSync(socket),
    (isThere) => isThere,
  )
  await use({ ...lab.engine.env, DOCKER_HOST: `unix://${socket}` })
  const ended = once(service, 'exit')
  service.kill()
  await ended
}

const id = (name: string) => before[name]?.id ?? ''
const engine = (...args: readonly string[]) => lab.engine.cli(args)
const removal =
  chosenRuntime() === 'docker' ? (['rm', '-f'] as const) : (['rm', '-f', '-t', '0'] as const)
const states = async (project: string) =>
  Object.fromEntries(
    Object.entries(await containersOf(lab.engine, project)).map(([name, one]) => [name, one.state]),
  )

beforeAll(async () => {
  lab = await startHomelab({ triggers: 'polling' })
  const [one, two] = [
    `${lab.image('app')}:1@${await lab.push('app', '1', { health: 'none' })}`,
    `${lab.image('app')}:2@${await lab.push('app', '2', { health: 'none', serves: 'two' })}`,
  ]
  first = one.replace(/:\d@/u, '@')
  second = two.replace(/:\d@/u, '@')
  const plain = chosenRuntime() === 'docker' ? [] : ['--tls-verify=false']
  for (const image of [first, second]) await engine('pull', '-q', ...plain, image)
  repository = await lab.localRepository('checked-out', {
    'shop/compose.yaml': `services:\n${SERVICES.map((name) => serviceLine(name, one)).join('')}`,
    'diary/compose.yaml': diary(one),
    'nas/compose.yaml': pair(first),
    'blog/compose.yaml': `services:\n${serviceLine('front', one)}${serviceLine('back', one)}`,
    'slow/compose.yaml': neverHealthy(one),
    '.magos.yaml': 'stacks: {slow: {deadline: 1h}}\n',
  })
  home = await startByHand(one)
  const { MD_CONFIG = '' } = lab.environment()
  await appendFile(MD_CONFIG, 'stacks:\n  diary:\n    directory: adopt\n')
  daemon = await lab.start({ MD_REPO: repository, MD_POLL_INTERVAL: '1h' })
  before = await eventually(
    () => containersOf(lab.engine, 'shop'),
    (found) => SERVICES.every((name) => found[name]?.state === 'running'),
  )
  await eventually(
    () => status(),
    (stacks) => stacks.filter(({ state }) => state === 'proven').length === 4,
  )
})
afterAll(async () => {
  await lab.close()
})

async function status(): Promise<{ name: string; state: string; reason: string }[]> {
  const env = lab.environment({ MD_REPO: repository })
  const { stdout } = await runMagos(['status', '--json'], { env })
  return JSON.parse(stdout).stacks
}

describe('magos run', () => {
  test('adopts a stack that was started by hand without losing a byte', async () => {
    const { pen } = await containersOf(lab.engine, 'diary')
    const said = (...command: readonly string[]) => engine('exec', pen?.id ?? '', ...command)
    expect(await said('cat', '/book/one')).toBe('chapter')
    expect(await said('cat', '/data/rows')).toBe('precious\nmore')
    expect(await readFile(join(home, 'data/rows'), 'utf8')).toBe('precious\nmore\n')
    const label = '{{index .Config.Labels "magos.home"}}'
    expect(await engine('inspect', '--format', label, pen?.id ?? '')).toBe(home)
    expect(await engine('volume', 'ls', '-q')).toBe('diary_book')
  })

  test('puts five kinds of drift right within seconds, and leaves what did not drift', async () => {
    const labels = async (name: string) =>
      Object.entries(
        JSON.parse(await engine('inspect', '--format', '{{json .Config.Labels}}', id(name))),
      ).map(([key, value]) => `--label=${key}=${String(value)}`)
    const replaced = (await labels('replaced')).filter((label) => !label.includes('magos.hash'))
    const other = await labels('other')

    await engine(...removal, id('replaced'), id('other'))
    await engine('run', '-d', '--init', '--name', 'shop-replaced-1', ...replaced, first)
    await engine('run', '-d', '--init', '--name', 'shop-other-1', ...other, second)
    await engine('kill', id('killed'))
    await engine(...removal, id('removed'))
    await engine('stop', '-t', '0', id('stopped'))
    const drifted = Date.now()

    const after = await eventually(
      () => containersOf(lab.engine, 'shop'),
      (found) =>
        SERVICES.every(
          (name) =>
            found[name]?.state === 'running' &&
            found[name].digests.some((one) => before[name]?.digests.includes(one) === true),
        ),
    )
    expect(Date.now() - drifted).toBeLessThan(20_000)
    expect(Object.keys(after).toSorted()).toEqual([...SERVICES].toSorted())
    expect(after['untouched']?.id).toBe(id('untouched'))
    const hash = await engine(
      'inspect',
      '--format',
      '{{index .Config.Labels "magos.hash"}}',
      after['replaced']?.id ?? '',
    )
    expect(hash).not.toBe('')
    const slow = (await status()).find(({ name }) => name === 'slow')
    expect(slow).toMatchObject({ state: 'deploying' })
  })

  test('keeps what shares a network in the one that is there, when its owner is killed or updated', async () => {
    const begun = await torrentStart()
    await engine('kill', 'nas-vpn-1')
    await eventually(
      async () => (await sharedNetwork()) !== null && (await torrentStart()) !== begun,
      (isThere) => isThere,
    )
    await writeFile(join(repository, 'nas/compose.yaml'), pair(second))
    const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
    await run('git', ['-C', repository, ...person, 'commit', '-qam', 'feat: another vpn'])
    const env = lab.environment({ MD_REPO: repository })
    const { stdout } = await runMagos(['sync', 'nas', '--json'], { env })
    expect(JSON.parse(stdout).deployments).toMatchObject([
      { outcome: 'succeeded', services: [{ action: 'recreate' }, { action: 'recreate' }] },
    ])
    expect(await sharedNetwork()).toMatch(/^net:/)
  })

  test('holds a stack whose containers were all stopped by hand', async () => {
    const blog = await containersOf(lab.engine, 'blog')
    await engine('stop', '-t', '1', blog['front']?.id ?? '', blog['back']?.id ?? '')
    const held = await eventually(
      async () => (await status()).find(({ name }) => name === 'blog'),
      (one) => one?.state === 'held',
    )
    expect(held?.reason).toMatch(/^held \(stopped by hand\)/u)
    expect(await states('blog')).toEqual({ front: 'exited', back: 'exited' })
    await runMagos(['release', 'blog'], { env: lab.environment({ MD_REPO: repository }) })
    await eventually(
      () => states('blog'),
      (found) => found['front'] === 'running' && found['back'] === 'running',
    )
  })

  test('leaves a stack stopped that Magos updates, and starts it once a person changes it', async () => {
    const { pen } = await containersOf(lab.engine, 'diary')
    await engine('stop', '-t', '1', pen?.id ?? '')
    await eventually(status, (all) =>
      all.some(({ name, state }) => name === 'diary' && state === 'held'),
    )
    const sync = async (file: string, message: string): Promise<string> => {
      await writeFile(join(repository, 'diary/compose.yaml'), file)
      const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
      await run('git', ['-C', repository, ...author, 'commit', '-qam', message])
      const env = lab.environment({ MD_REPO: repository })
      const { stdout } = await runMagos(['sync', 'diary', '--json'], { env })
      return JSON.parse(stdout).deployments[0].outcome
    }
    const [name = '', digest = ''] = second.split('@')
    const trailers = `Magos-Image: ${name}\nMagos-To: 2@${digest}\nMagos-Host: attic`
    expect(await sync(diary(second), `chore: update app\n\n${trailers}`)).toBe('held')
    expect(await states('diary')).toEqual({ pen: 'exited' })
    expect(await sync(diary(second).replace('init', 'tty: true, init'), 'feat: mine')).toBe(
      'succeeded',
    )
    const after = (await containersOf(lab.engine, 'diary'))['pen']
    expect(after?.state).toBe('running')
    expect(after?.digests).toContain(digest)
  })
})

const isLong = process.env['MAGOS_LONG'] === '1'

describe.each(isLong ? ['it was away'] : [])('magos run after %s', () => {
  test('brings back what was killed without its engine, and holds what was stopped', async () => {
    await daemon.stop()
    const { pen } = await containersOf(lab.engine, 'diary')
    const blog = await containersOf(lab.engine, 'blog')
    const pid = await engine('inspect', '--format', '{{.State.Pid}}', pen?.id ?? '')
    process.kill(Number(pid), 'SIGKILL')
    await engine('stop', '-t', '0', blog['front']?.id ?? '', blog['back']?.id ?? '')
    await eventually(
      () => states('diary'),
      (found) => found['pen'] === 'exited',
    )
    const both = await engine(
      'inspect',
      '--format',
      '{{.State.ExitCode}}',
      pen?.id ?? '',
      'blog-back-1',
    )
    expect(both.split('\n')).toEqual(['137', '137'])
    daemon = await lab.start({ MD_REPO: repository, MD_POLL_INTERVAL: '1h' })
    await eventually(
      () => states('diary'),
      (found) => found['pen'] === 'running',
    )
    await eventually(status, (all) =>
      all.some(({ name, state }) => name === 'blog' && state === 'held'),
    )
    expect(await states('blog')).toEqual({ front: 'exited', back: 'exited' })
    await runMagos(['release', 'blog'], { env: lab.environment({ MD_REPO: repository }) })
    await eventually(
      () => states('blog'),
      (found) => found['front'] === 'running' && found['back'] === 'running',
    )
  })
})

describe.each(isLong ? ['waits'] : [])('magos sync of all stacks %s', () => {
  test('for the one that takes its whole deadline, and holds up no other meanwhile', async () => {
    const env = lab.environment({ MD_REPO: repository })
    const ending = new AbortController()
    const options = { env, cwd: '/', signal: ending.signal, killSignal: 'SIGINT' } as const
    let state: 'waits' | 'answered' = 'waits'
    const whole = run(LAUNCHER, ['sync', '--json'], options)
    const ended = whole.then(
      () => (state = 'answered'),
      () => undefined,
    )
    try {
      await new Promise((resolve) => {
        setTimeout(resolve, 3_000)
      })
      const vpn = await engine('inspect', '--format', '{{.State.StartedAt}}', 'nas-vpn-1')
      await engine('kill', 'nas-vpn-1')
      await eventually(
        async () => [
          (await states('nas'))['vpn'],
          await engine('inspect', '--format', '{{.State.StartedAt}}', 'nas-vpn-1'),
        ],
        ([running, start]) => running === 'running' && start !== vpn,
      )
      await writeFile(join(repository, 'blog/compose.yaml'), `${await blogFile()}\n# changed\n`)
      const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
      await run('git', ['-C', repository, ...person, 'commit', '-qam', 'feat: a remark'])
      const { stdout } = await runMagos(['sync', 'blog', '--json'], { env })
      expect(JSON.parse(stdout).deployments).toMatchObject([{ stack: 'blog' }])
      expect(state).toBe('waits')
      expect(await status()).toContainEqual(
        expect.objectContaining({ name: 'slow', state: 'deploying' }),
      )
    } finally {
      ending.abort()
      await ended
    }
  })
})

const blogFile = () => readFile(join(repository, 'blog/compose.yaml'), 'utf8')

/** It says `read` when it gets the signal, and ends with 3 once somebody says so. */
function reader(image: string): string {
  const life =
    'trap "echo read" HUP; while [ ! -e /tmp/go ]; do busybox sleep 0.2; done; busybox sleep 1; exit 3'
  const command = `command: ["sh", "-c", '${life}']`
  const more = `restart: unless-stopped, stop_grace_period: 0s, tmpfs: /tmp, volumes: ["./conf:/conf:ro"]`
  return `services:\n  web: {image: "${image}", ${more}, ${command}}\n`
}

const seenReader = async () => (await containersOf(lab.engine, 'reader'))['web']
const startOf = (one: string) => engine('inspect', '--format', '{{.State.StartedAt}}', one)
const runsAgain = async (begun: string, one: string) =>
  eventually(
    async () => ({ state: (await seenReader())?.state, start: await startOf(one) }),
    ({ state, start }) => state === 'running' && start !== begun,
  )
const readerState = async () => (await status()).find(({ name }) => name === 'reader')?.state
const commitReader = async (message: string) => {
  const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  await run('git', ['-C', repository, 'add', '.'])
  await run('git', ['-C', repository, ...person, 'commit', '-q', '-m', message])
  await runMagos(['sync', 'reader'], { env: lab.environment({ MD_REPO: repository }) })
}

describe.each(isLong ? ['crashes'] : [])('a server that got a signal before it %s', () => {
  let container: string

  test('from Magos is started again by its engine, and held once it is stopped', async () => {
    await mkdir(join(repository, 'reader/conf'), { recursive: true })
    await writeFile(join(repository, 'reader/compose.yaml'), reader(first))
    await writeFile(join(repository, 'reader/conf/web.conf'), 'one\n')
    const settings = 'stacks: {slow: {deadline: 1h}, reader: {changes: {web: {conf: HUP}}}}\n'
    await writeFile(join(repository, '.magos.yaml'), settings)
    await commitReader('feat: a reader')
    container = (await seenReader())?.id ?? ''
    const begun = await startOf(container)
    await writeFile(join(repository, 'reader/conf/web.conf'), 'two\n')
    await commitReader('feat: read two')
    expect(await startOf(container)).toBe(begun)
    await eventually(
      () => engine('logs', container),
      (said) => said === 'read',
    )
    const pid = await engine('inspect', '--format', '{{.State.Pid}}', container)
    process.kill(Number(pid), 'SIGKILL')
    await runsAgain(begun, container)
    expect(await readerState()).toBe('proven')
    await engine('stop', '-t', '0', container)
    await eventually(readerState, (state) => state === 'held')
    expect((await seenReader())?.state).toBe('exited')
    await runMagos(['release', 'reader'], { env: lab.environment({ MD_REPO: repository }) })
    await eventually(readerState, (state) => state === 'proven')
  })

  test('from a person is started again, by Magos where its engine leaves it down', async () => {
    const begun = await startOf(container)
    await engine('kill', '--signal', 'HUP', container)
    // Less would be the beginning of an end.
    await new Promise((resolve) => {
      setTimeout(resolve, 16_000)
    })
    await engine('exec', container, 'busybox', 'touch', '/tmp/go')
    await runsAgain(begun, container)
    expect((await seenReader())?.id).toBe(container)
    expect(await readerState()).not.toBe('held')
  })
})

/** It eats all the memory it can get once somebody says so. */
function hog(image: string): string {
  const eats = 'while [ ! -e /tmp/go ]; do busybox sleep 0.2; done; exec busybox tail /dev/zero'
  const more = `mem_limit: 32m, restart: "no", tmpfs: /tmp, command: ["sh", "-c", "${eats}"]`
  return `services:\n  hog: {image: "${image}", ${more}}\n`
}

/** Where podman looks for it; an older conmon writes it into the directory that it was started in. */
async function tellWantOfMemory(container: string): Promise<void> {
  if (chosenRuntime() === 'docker') return
  const config = await engine('inspect', '--format', '{{.OCIConfigPath}}', container)
  await writeFile(join(config, '../oom'), '')
}

describe.each(isLong ? ['the kernel'] : [])('a server that %s killed', () => {
  test('for want of memory while no Magos ran is started again, and no stop by hand', async () => {
    await daemon.stop()
    await mkdir(join(repository, 'hog'))
    await writeFile(join(repository, 'hog/compose.yaml'), hog(first))
    const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
    await run('git', ['-C', repository, 'add', '.'])
    await run('git', ['-C', repository, ...person, 'commit', '-q', '-m', 'feat: a hog'])
    const env = lab.environment({ MD_REPO: repository })
    await runMagos(['sync', 'hog'], { env, cwd: lab.engine.directory })
    const eaten = (await containersOf(lab.engine, 'hog'))['hog']?.id ?? ''
    await tellWantOfMemory(eaten)
    await engine('exec', eaten, 'busybox', 'touch', '/tmp/go')
    await eventually(
      () => states('hog'),
      (found) => found['hog'] === 'exited',
    )
    const ended = '{{.State.ExitCode}} {{.State.OOMKilled}}'
    expect(await engine('inspect', '--format', ended, eaten)).toBe('137 true')
    daemon = await lab.start({ MD_REPO: repository, MD_POLL_INTERVAL: '1h' })
    await eventually(
      () => states('hog'),
      (found) => found['hog'] === 'running',
    )
    const told = (await status()).find(({ name }) => name === 'hog')
    expect(told?.state).not.toBe('held')
  })
})

/** Only root may tell a machine of another boot, and only where nobody else sees it. */
const mayBoot = isLong && process.getuid?.() === 0

describe.each(mayBoot ? ['another boot'] : [])('magos run after %s', () => {
  test('starts and proves every stack that nobody holds, and leaves the held one', async () => {
    const env = lab.environment({ MD_REPO: repository })
    await runMagos(['hold', 'diary'], { env })
    await daemon.stop()
    const stacks = ['shop', 'blog', 'diary']
    const stood = Object.fromEntries(
      await Promise.all(
        stacks.map(async (name) => [name, await containersOf(lab.engine, name)] as const),
      ),
    )
    const other = join(lab.engine.directory, 'boot_id')
    await writeFile(other, 'c0ffee00-0000-4000-8000-000000000000\n')
    await boot('mount', '--bind', other, BOOT_ID)
    try {
      daemon = await lab.start({ MD_REPO: repository, MD_POLL_INTERVAL: '1h' })
      const after = await eventually(
        async () => [
          await containersOf(lab.engine, 'shop'),
          await containersOf(lab.engine, 'blog'),
        ],
        (found) =>
          found.every((one) => Object.values(one).every(({ state }) => state === 'running')),
      )
      expect(after.map((found) => idsOf(found))).toEqual([
        idsOf(stood['shop']),
        idsOf(stood['blog']),
      ])
      await eventually(
        () => status(),
        (all) =>
          ['shop', 'blog'].every((stack) =>
            all.some(({ name, state }) => name === stack && state === 'proven'),
          ),
      )
      expect(await states('diary')).toEqual({ pen: 'exited' })
      const told = (await status()).find(({ name }) => name === 'diary')
      expect(told).toMatchObject({ state: 'held' })
    } finally {
      await daemon.stop()
      await boot('umount', BOOT_ID)
    }
  })
})

/** Nothing runs meanwhile, and nothing stays of what lies in memory: newer podmans refuse to go on with that. */
async function boot(...change: readonly [string, ...string[]]): Promise<void> {
  const running = (await engine('ps', '-q')).split('\n').filter((one) => one !== '')
  if (running.length > 0) await engine('stop', '-t', '0', ...running)
  const [program, ...args] = change
  await run(program, args)
  if (chosenRuntime() === 'docker') return
  for (const name of ['run', 'tmp']) await rm(join(lab.engine.directory, name), { recursive: true })
}

function idsOf(found: Readonly<Record<string, SeenContainer>> = {}): readonly string[] {
  return Object.values(found).map((one) => one.id)
}

/** random(4) */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'
