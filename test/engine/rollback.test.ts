/** What fails ends in the last good state, running: real podman with Compose v2, real registry, the real launcher. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Digest } from '../../src/domain/image-reference.ts'
import { runMagos } from '../lab/daemon.ts'
import { writeBuildContext } from '../lab/engine/image.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { definedStack } from './change-definitions.ts'
import { containersOf } from './look.ts'

const run = promisify(execFile)
const NAME = 'shop'
/** Building takes its time and is the same way, so it is part of the long form alone. */
const long = process.env['MAGOS_LONG'] === '1'

let lab: Homelab
let repository: string
let env: Record<string, string>
let home: string
let taken: Server
const images: Record<string, string> = {}

interface Shop {
  readonly image?: string
  readonly more?: readonly string[]
}

function compose({ image = images['good'] ?? '', more = [] }: Shop = {}): string {
  return `services:
  web:
    image: ${image}
    init: true
    stop_grace_period: 0s
    env_file: .env
    volumes:
      - ./data:/data
      - ./conf:/conf
      - ./motd.txt:/motd.txt
${more.map((line) => `    ${line}\n`).join('')}  side:
    image: ${images['good'] ?? ''}
    init: true
    stop_grace_period: 0s
`
}

async function commit(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(repository, path, '..'), { recursive: true })
    await writeFile(join(repository, path), content)
  }
  const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  await run('git', ['-C', repository, 'add', '.'])
  await run('git', ['-C', repository, ...person, 'commit', '-q', '-m', 'feat: change'])
}

async function sync(...args: readonly string[]) {
  const { code, stdout, stderr } = await runMagos(['sync', ...args, '--json'], { env })
  const answer = JSON.parse(stdout)
  return { code, stderr, deployment: answer.deployments?.[0] ?? answer }
}

async function inside(path: string): Promise<string> {
  const { web } = await containersOf(lab.engine, NAME)
  return lab.engine.cli(['exec', web?.id ?? '', 'cat', path])
}

/** A stack whose images no digest names. */
function imagesOnly(more: string): string {
  return `services:
  built:
    build: ./src
    stop_grace_period: 0s
${more}  tagged:
    image: ${lab.image('tagged')}:1
    stop_grace_period: 0s
${more}`
}

/** Ids and not names, for those move. */
async function imageIds(): Promise<readonly string[]> {
  const format = '{{.Name}} {{.Image}} {{.Config.Image}}'
  const filter = 'label=com.docker.compose.project=own'
  const ids = (await lab.engine.cli(['ps', '-aq', '--filter', filter])).split('\n')
  const listed = await lab.engine.cli(['inspect', '--format', format, ...ids])
  return listed.split('\n').toSorted()
}

function port(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

beforeAll(async () => {
  lab = await startHomelab({ triggers: 'polling' })
  const named = (digest: Digest) => `${lab.image('app')}@${digest}`
  images['good'] = named(await lab.push('app', '1', { serves: 'good' }))
  images['newer'] = named(await lab.push('app', '2', { serves: 'newer' }))
  images['unhealthy'] = named(await lab.push('app', '3', { health: 'failing' }))
  images['crashing'] = named(await lab.push('app', '4', { health: 'none', crash: { exitCode: 3 } }))
  images['absent'] = named(`sha256:${'0'.repeat(64)}`)
  repository = await lab.localRepository('checked-out', {
    'shop/compose.yaml': compose(),
    'shop/motd.txt': 'one\n',
    'shop/conf/app.conf': 'one\n',
  })
  const data = join(lab.engine.directory, 'data-rollback')
  const config = join(lab.engine.directory, 'rollback.yaml')
  await writeFile(config, 'settle: 1s\ndeadline: 20s\n')
  env = lab.environment({ MD_REPO: repository, MD_DATA_DIR: data, MD_CONFIG: config })
  home = join(data, 'stacks', NAME)
  await mkdir(join(home, 'data'), { recursive: true })
  await writeFile(join(home, '.env'), 'GREETING=hello\n')
  await writeFile(join(home, 'data/precious'), 'rows\n')
  taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
})
afterAll(async () => {
  taken.close()
  await lab.close()
})

describe('a deployment that fails on real podman', () => {
  test('comes after revisions that are well', async () => {
    expect((await sync()).deployment).toMatchObject({ outcome: 'succeeded' })
    const { web } = await containersOf(lab.engine, NAME)
    const shell = 'echo mine > /conf/written; echo grown > /data/grown'
    await lab.engine.cli(['exec', web?.id ?? '', 'sh', '-c', shell])
    await commit({
      'shop/compose.yaml': compose({ image: images['newer'] ?? '' }),
      'shop/motd.txt': 'two\n',
      'shop/conf/app.conf': 'two\n',
    })
    expect((await sync()).deployment).toMatchObject({ outcome: 'succeeded' })
    expect(await inside('/motd.txt')).toBe('two')
  })

  test('unhealthy: the last good state runs again, with its files, and nothing else was touched', async () => {
    const before = await containersOf(lab.engine, NAME)
    await commit({
      'shop/compose.yaml': compose({ image: images['unhealthy'] ?? '' }),
      'shop/motd.txt': 'three\n',
      'shop/conf/app.conf': 'three\n',
      'shop/conf/more.conf': 'more\n',
    })
    const { code, deployment } = await sync()
    expect(code).toBe(1)
    expect(deployment).toMatchObject({ outcome: 'rolled-back' })
    expect(deployment.reason).toMatch(/^service "web" is unhealthy; rolled back to \w{12}: healthy/)
    const after = await containersOf(lab.engine, NAME)
    expect(after['web']).toMatchObject({ state: 'running', health: 'healthy' })
    expect(after['web']?.digests).toEqual(before['web']?.digests)
    expect(after['side']?.id).toBe(before['side']?.id)
    expect(await inside('/motd.txt')).toBe('two')
    expect(await inside('/conf/app.conf')).toBe('two')
    expect(await inside('/conf/written')).toBe('mine')
    expect(await inside('/data/precious')).toBe('rows')
    expect(await inside('/data/grown')).toBe('grown')
    expect(await readFile(join(home, '.env'), 'utf8')).toBe('GREETING=hello\n')
  })

  test('is not tried again while git is ahead', async () => {
    const before = await containersOf(lab.engine, NAME)
    const { code, deployment } = await sync()
    expect(code).toBe(1)
    expect(deployment).toMatchObject({ outcome: 'rolled-back' })
    expect(deployment.reason).toMatch(/^rolled back, git ahead: service "web" is unhealthy/)
    expect(await containersOf(lab.engine, NAME)).toEqual(before)
  })

  test.each([
    [
      'a crash loop',
      () => compose({ image: images['crashing'] ?? '', more: ['restart: always'] }),
      /^service "web" (?:keeps crashing|exited).*; rolled back to/,
    ],
    [
      'a taken port',
      () =>
        compose({
          image: images['newer'] ?? '',
          more: [`ports: ["127.0.0.1:${port(taken)}:8080"]`],
        }),
      /^service "web" .*; rolled back to/,
    ],
    [
      'a missing env_file',
      () => compose().replace('env_file: .env', 'env_file: gone.env'),
      /gone\.env.*nothing was touched, and the last good state runs on/s,
    ],
    [
      'a bad digest',
      () => compose({ image: images['absent'] ?? '' }),
      /^cannot pull .*; nothing was touched, and the last good state runs on/,
    ],
  ])('%s ends in the last good state, running', async (_title, text, reason) => {
    const before = await containersOf(lab.engine, NAME)
    await commit({ 'shop/compose.yaml': text() })
    const { code, deployment } = await sync()
    expect(deployment).toMatchObject({ outcome: 'rolled-back' })
    expect(deployment.reason).toMatch(reason)
    expect(code).toBe(1)
    const after = await containersOf(lab.engine, NAME)
    expect(after['web']).toMatchObject({ state: 'running', health: 'healthy' })
    expect(after['web']?.digests).toEqual(before['web']?.digests)
    expect(after['side']?.id).toBe(before['side']?.id)
    expect(await inside('/motd.txt')).toBe('two')
    expect(await inside('/conf/written')).toBe('mine')
  })

  test('killed while it is made, and while it is undone, is undone at the next start', async () => {
    const before = await containersOf(lab.engine, NAME)
    const quiet = { MD_LISTEN: '127.0.0.1:0', MD_POLL_INTERVAL: '1h' }
    await commit({ 'shop/compose.yaml': compose({ image: images['unhealthy'] ?? '' }) })
    for (const [last, end] of [
      ['Will recreate', 'kill'],
      ['Restoring the last good state', 'kill'],
      ['Last good state runs again', 'stop'],
    ] as const) {
      const daemon = await lab.start({ ...env, ...quiet })
      await daemon.line(({ message }) => message.startsWith(last))
      await daemon[end]()
    }
    const after = await containersOf(lab.engine, NAME)
    expect(after['web']).toMatchObject({ state: 'running', health: 'healthy' })
    expect(after['web']?.digests).toEqual(before['web']?.digests)
    expect(after['side']?.id).toBe(before['side']?.id)
    const { stdout } = await runMagos(['status', '--json'], { env })
    expect(JSON.parse(stdout).stacks).toMatchObject([{ name: NAME, state: 'rolled-back' }])
  })

  test('is over, with nothing to do, once git wants what runs', async () => {
    const before = await containersOf(lab.engine, NAME)
    await commit({
      'shop/compose.yaml': compose({ image: images['newer'] ?? '' }),
      'shop/motd.txt': 'two\n',
      'shop/conf/app.conf': 'two\n',
    })
    await run('git', ['-C', repository, 'rm', '-q', 'shop/conf/more.conf'])
    await commit({ 'README.md': 'over\n' })
    const { code, deployment } = await sync()
    expect(deployment).toMatchObject({ outcome: 'unchanged' })
    expect(code).toBe(0)
    expect(await containersOf(lab.engine, NAME)).toEqual(before)
  })
})

test('a changed volume holds its stack, a changed network is made anew', async () => {
  const volume = 'driver_opts: {type: tmpfs, device: tmpfs}'
  const stack = await definedStack({ lab, repository, env, volume })
  expect(await stack.holdsForItsVolume()).toEqual({ web: 'same', db: 'same', side: 'same' })
  expect(await stack.makesItsNetworkAnew()).toEqual({ web: 'another', db: 'another', side: 'same' })
  if (!long) return
  expect(await stack.comesBackWithItsNetwork()).toEqual(['running', 'running', 'running'])
  expect(await stack.bringsBackWhatWasDisconnected()).toEqual({
    web: 'another',
    db: 'same',
    side: 'same',
  })
})

describe.each(long ? ['no digest'] : [])('images that %s names', () => {
  test('the very images that ran run again, built and pulled ones', async () => {
    await lab.push('tagged', '1', { serves: 'one' })
    const source = join(repository, 'own/src')
    await mkdir(source, { recursive: true })
    await writeBuildContext(source, { serves: 'one' })
    await commit({ 'own/compose.yaml': imagesOnly('') })
    expect((await sync('own')).deployment).toMatchObject({ outcome: 'succeeded' })
    const before = await imageIds()
    await lab.push('tagged', '1', { serves: 'two' })
    await commit({
      'own/compose.yaml': imagesOnly('    tty: true\n'),
      'own/src/Dockerfile': 'FROM scratch\nCOPY bin /bin\nCMD ["false"]\n',
    })
    const { deployment } = await sync('own')
    expect(deployment).toMatchObject({ stack: 'own', outcome: 'rolled-back' })
    expect(deployment.reason).toMatch(/^service "built" exited with 1; rolled back to/)
    expect(await imageIds()).toEqual(before)
    expect((await sync('own')).code).toBe(1)
  })
})
