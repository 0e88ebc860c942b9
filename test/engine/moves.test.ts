/**
 * What moves in git: a project's name, a stack's directory, ports and names between services, networks. Real podman with
 * Compose v2, and in the long form with Debian's podman-compose; real registry, the real launcher.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort, runMagos } from '../lab/daemon.ts'
import { debianPodmanCompose } from '../lab/engine/podman-compose.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { containersOf, eventually, git } from './look.ts'

const long = process.env['MAGOS_LONG'] === '1'

let lab: Homelab
let image: string
/** Of the host's, each nobody's before. */
let ports: readonly number[]

interface Host {
  readonly repository: string
  readonly env: Readonly<Record<string, string>>
  readonly home: (stack: string) => string
}

type Files = Readonly<Record<string, string | null>>

beforeAll(async () => {
  lab = await startHomelab({ triggers: 'polling' })
  image = `${lab.image('app')}@${await lab.push('app', '1', { serves: 'one', health: 'none' })}`
  ports = [await freePort(), await freePort(), await freePort()]
})
afterEach(async () => {
  await lab.engine.cli(['rm', '-fa', '-t', '0'])
})
afterAll(async () => {
  await lab.close()
})

/** A host of its own: one repository, one data directory. */
async function openHost(name: string, over: Readonly<Record<string, string>> = {}): Promise<Host> {
  const repository = await lab.localRepository('checked-out', { 'README.md': `${name}\n` })
  const data = join(lab.engine.directory, `data-${name}`)
  const config = join(lab.engine.directory, `${name}.yaml`)
  await writeFile(config, 'settle: 1s\ndeadline: 20s\ngrace: 0s\n')
  const env = lab.environment({
    MD_REPO: repository,
    MD_DATA_DIR: data,
    MD_CONFIG: config,
    ...over,
  })
  return { repository, env, home: (stack) => join(data, 'stacks', stack) }
}

async function commit({ repository }: Host, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    if (content === null) {
      await git(repository, 'rm', '-q', '-r', path)
      continue
    }
    await mkdir(join(repository, path, '..'), { recursive: true })
    await writeFile(join(repository, path), content)
  }
  const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  await git(repository, 'add', '.')
  await git(repository, ...person, 'commit', '-q', '-m', 'feat: change')
}

async function magos({ env }: Host, ...args: readonly string[]) {
  const { stdout } = await runMagos([...args, '--json'], { env })
  return JSON.parse(stdout)
}

async function sync(host: Host, ...args: readonly string[]) {
  return (await magos(host, 'sync', ...args)).deployments
}

function service(name: string, ...lines: readonly string[]): string {
  const all = [`image: ${image}`, 'init: true', 'stop_grace_period: 0s', ...lines]
  return `  ${name}:\n${all.map((line) => `    ${line}\n`).join('')}`
}

const published = (at: number) => `ports: ["127.0.0.1:${ports[at] ?? 0}:8080"]`

async function idsOf(project: string): Promise<Readonly<Record<string, string>>> {
  const found = await containersOf(lab.engine, project)
  return Object.fromEntries(Object.entries(found).map(([name, { id }]) => [name, id]))
}

async function serves(at: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${ports[at] ?? 0}/`)).text()
}

const networks = async () => {
  return (await lab.engine.cli(['network', 'ls', '--format', '{{.Name}}'])).split('\n').toSorted()
}

describe('a stack whose directory is moved', () => {
  test('comes up as soon as the old one has let go of its port, long before the next poll', async () => {
    const host = await openHost('moved')
    const file = `services:\n${service('web', published(0))}`
    await commit(host, { 'old/compose.yaml': file })
    expect(await sync(host)).toMatchObject([{ stack: 'old', outcome: 'succeeded' }])
    await commit(host, { old: null, 'new/compose.yaml': file })
    const daemon = await lab.start({ ...host.env, MD_POLL_INTERVAL: '1h' })
    await eventually(
      async () => [Object.keys(await idsOf('old')), Object.keys(await idsOf('new'))].join('|'),
      (left) => left === '|web',
    )
    expect(await serves(0)).toBe('one\n')
    await daemon.stop()
  })
})

function renamed(project: string): string {
  const more = ['volumes: ["./data:/data", "box:/box"]', 'container_name: rnweb']
  return `name: ${project}\nservices:\n${service('web', published(0), ...more)}volumes: {box: {}}\n`
}

describe.each(long ? ['git'] : [])('a stack that is renamed in %s', () => {
  test('is held while it runs under its project of before, says what to do, and that does it', async () => {
    const host = await openHost('renamed')
    await commit(host, { 'rn/compose.yaml': renamed('rnold') })
    await mkdir(join(host.home('rn'), 'data'), { recursive: true })
    await writeFile(join(host.home('rn'), 'data/rows'), 'precious\n')
    await sync(host)
    const before = await idsOf('rnold')
    await commit(host, { 'rn/compose.yaml': renamed('rnnew') })
    const held = {
      reason:
        'its project is named "rnnew" now, and its containers run on as project "rnold": rnweb',
      remedy: expect.stringContaining('remove the containers: rnweb'),
    }
    expect(await magos(host, 'plan', 'rn')).toMatchObject({ refused: [{ stack: 'rn', ...held }] })
    for (const args of [['rn'], []]) {
      expect(await sync(host, ...args)).toMatchObject([{ stack: 'rn', outcome: 'held', ...held }])
      expect(await idsOf('rnold')).toEqual(before)
      expect(await idsOf('rnnew')).toEqual({})
    }
    expect(await networks()).not.toContain('rnnew_default')
    expect(await lab.engine.cli(['volume', 'ls', '-q'])).not.toContain('rnnew')
    await commit(host, { 'rn/compose.yaml': renamed('rnold') })
    expect(await sync(host)).toMatchObject([{ stack: 'rn', outcome: 'unchanged' }])
    await commit(host, { 'rn/compose.yaml': renamed('rnnew') })
    expect(await sync(host)).toMatchObject([{ outcome: 'held' }])
    await lab.engine.cli(['rm', '-f', '-t', '0', 'rnweb'])
    expect(await sync(host)).toMatchObject([{ stack: 'rn', outcome: 'succeeded' }])
    const inside = await lab.engine.cli(['exec', 'rnweb', 'cat', '/data/rows'])
    expect(inside).toBe('precious')
    expect(await serves(0)).toBe('one\n')
  })
})

describe.each(long ? ['moved'] : [])('a stack whose directory is %s', () => {
  test.each([
    ['its port', () => [published(1)]],
    ['the name of its container', () => ['container_name: dmweb']],
  ])('waits for %s, and finds its data where the remedy says', async (what, lines) => {
    const host = await openHost(`dm-${what.length}`)
    const config = host.env['MD_CONFIG'] ?? ''
    const file = `services:\n${service('web', ...lines(), 'volumes: ["./data:/data"]')}`
    await commit(host, {
      'one/dm/compose.yaml': file,
      'other/compose.yaml': `services:\n${service('web')}`,
    })
    await mkdir(join(host.home('one-dm'), 'data'), { recursive: true })
    await writeFile(join(host.home('one-dm'), 'data/rows'), 'precious\n')
    await sync(host)
    const before = await idsOf('one-dm')
    const other = await idsOf('other')
    await writeFile(config, 'settle: 1s\ndeadline: 20s\ngrace: 1h\n')
    await commit(host, { one: null, 'two/dm/compose.yaml': file })
    const waiting = await sync(host)
    expect(waiting).toMatchObject([
      { stack: 'one-dm', outcome: 'unchanged' },
      { stack: 'other', outcome: 'unchanged' },
      { stack: 'two-dm', outcome: 'held' },
    ])
    const settings = `stacks: {two-dm: {directory: ${host.home('one-dm')}}}`
    expect(waiting[2]?.remedy).toContain(settings)
    expect(await idsOf('one-dm')).toEqual(before)
    await writeFile(config, `settle: 1s\ndeadline: 20s\ngrace: 0s\n${settings}\n`)
    expect(await sync(host)).toMatchObject([
      { stack: 'one-dm', outcome: 'succeeded' },
      { stack: 'other', outcome: 'unchanged' },
      { stack: 'two-dm', outcome: 'succeeded' },
    ])
    expect(await idsOf('one-dm')).toEqual({})
    expect(await idsOf('other')).toEqual(other)
    const { web = '' } = await idsOf('two-dm')
    expect(await lab.engine.cli(['exec', web, 'cat', '/data/rows'])).toBe('precious')
    expect(await readFile(join(host.home('one-dm'), 'compose.yaml'), 'utf8')).toBe(file)
  })

  test('takes its containers over where its project keeps its name, once the owner named the directory', async () => {
    const host = await openHost('dmp')
    const config = host.env['MD_CONFIG'] ?? ''
    const file = `name: dmp\nservices:\n${service('web', published(2), 'volumes: ["./data:/data"]')}`
    await commit(host, { 'one/dm/compose.yaml': file })
    await mkdir(join(host.home('one-dm'), 'data'), { recursive: true })
    await writeFile(join(host.home('one-dm'), 'data/rows'), 'precious\n')
    await sync(host)
    await commit(host, { one: null, 'two/dm/compose.yaml': file })
    const settings = `stacks: {two-dm: {directory: ${host.home('one-dm')}}}`
    const [, held] = await sync(host)
    expect(held).toMatchObject({ stack: 'two-dm', outcome: 'held' })
    expect(held.remedy).toContain(settings)
    await writeFile(config, `settle: 1s\ndeadline: 20s\ngrace: 0s\n${settings}\n`)
    const taken = (await sync(host)).find(({ stack }: { stack: string }) => stack === 'two-dm')
    const why = ['its container was made for stack "one-dm"']
    expect(taken).toMatchObject({
      outcome: 'succeeded',
      services: [{ name: 'web', action: 'recreate', reasons: why }],
    })
    const { web = '' } = await idsOf('dmp')
    expect(await lab.engine.cli(['exec', web, 'cat', '/data/rows'])).toBe('precious')
    expect(await sync(host)).toMatchObject([{ stack: 'two-dm', outcome: 'unchanged' }])
    expect(await idsOf('dmp')).toEqual({ web })
  })
})

const PROVIDERS = [
  ['Compose v2', () => ({})],
  ['Debian’s podman-compose', () => ({ PODMAN_COMPOSE_PROVIDER: debianPodmanCompose() })],
] as const

describe.each(long ? PROVIDERS : [])('a stack by %s', (name, over) => {
  const tag = name === 'Compose v2' ? 'v2' : 'pc'
  const plain = (text: string) =>
    tag === 'pc' ? text.replaceAll(/ +stop_grace_period.*\n/gu, '') : text

  test('gives a port of one service to another, on and around, and leaves the others alone', async () => {
    const host = await openHost(`ports-${tag}`, over())
    const project = `po${tag}`
    const put = (a: number, b: number) =>
      commit(host, {
        [`${project}/compose.yaml`]: plain(
          `services:\n${service('a', published(a))}${service('b', published(b))}${service('c')}`,
        ),
      })
    await put(0, 1)
    expect(await sync(host)).toMatchObject([{ outcome: 'succeeded' }])
    const { c: before } = await idsOf(project)
    for (const [a, b] of [
      [1, 2],
      [2, 1],
    ] as const) {
      await put(a, b)
      expect(await sync(host)).toMatchObject([{ outcome: 'succeeded' }])
      const { a: one = '', b: other = '', c } = await idsOf(project)
      const bound = (id: string) => lab.engine.cli(['port', id])
      expect(await bound(one)).toContain(`:${ports[a]}`)
      expect(await bound(other)).toContain(`:${ports[b]}`)
      expect(c).toBe(before)
    }
  })

  test('gives a container’s name to another service, and back where the new one fails', async () => {
    const host = await openHost(`names-${tag}`, over())
    const project = `na${tag}`
    const put = (a: string, b: string, more = '') =>
      commit(host, {
        [`${project}/compose.yaml`]: plain(
          `services:\n${service('a', `container_name: ${tag}${a}`)}${service('b', `container_name: ${tag}${b}`, more)}`,
        ),
      })
    const named = async () => {
      const format = '{{.Names}} {{index .Labels "com.docker.compose.service"}}'
      const filter = `label=com.docker.compose.project=${project}`
      const all = await lab.engine.cli(['ps', '--filter', filter, '--format', format])
      return all.split('\n').toSorted()
    }
    await put('nax', 'nay')
    expect(await sync(host)).toMatchObject([{ outcome: 'succeeded' }])
    await put('naz', 'nax')
    expect(await sync(host)).toMatchObject([{ outcome: 'succeeded' }])
    expect(await named()).toEqual([`${tag}nax b`, `${tag}naz a`])
    await put('nax', 'naz', 'command: ["false"]')
    expect(await sync(host)).toMatchObject([{ outcome: 'rolled-back' }])
    expect(await named()).toEqual([`${tag}nax b`, `${tag}naz a`])
  })

  test('has the networks removed that services left, and no others', async () => {
    const host = await openHost(`networks-${tag}`, over())
    const project = `nr${tag}`
    await lab.engine.cli(['network', 'create', `outside-${tag}`])
    const used = await lab.engine.cli([
      'network',
      'create',
      '--label',
      `com.docker.compose.project=${project}`,
      `${project}_used`,
    ])
    await lab.engine.cli(['run', '-d', '--network', used, image])
    const put = (...own: readonly string[]) => {
      const joins = `networks: [${own.join(', ')}]`
      const defined = own.map(
        (one) => `  ${one}: ${one === 'out' ? `{external: true, name: outside-${tag}}` : '{}'}\n`,
      )
      return commit(host, {
        [`${project}/compose.yaml`]: plain(
          `services:\n${service('a', joins)}${service('b', joins)}networks:\n${defined.join('')}`,
        ),
      })
    }
    const left = async () =>
      (await networks()).filter((one) => one.includes(tag) && /^(?:nr|outside)/u.test(one))
    await put('one', 'out')
    expect(await sync(host)).toMatchObject([{ outcome: 'succeeded' }])
    expect(await left()).toEqual([`${project}_one`, `${project}_used`, `outside-${tag}`])
    await put('two')
    expect(await sync(host)).toMatchObject([{ outcome: 'succeeded' }])
    expect(await left()).toEqual([`${project}_two`, `${project}_used`, `outside-${tag}`])
  })
})
