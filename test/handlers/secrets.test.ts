import { describe, expect, it } from 'vitest'
import { planRequested } from '../../handlers/plan-requested.ts'
import { readySecrets } from '../../handlers/steps/ready-secrets.ts'
import { createViews } from '../../handlers/views.ts'
import { MagosError } from '../../src/domain/error.ts'
import { createMemorySecrets, seal } from '../fakes/memory-secrets.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const broken = `ghcr.io/o/web@${digest(2)}`
const db = `ghcr.io/o/db@${digest(5)}`
const PLANTED = 'planted-hunter2'

describe('revisionPushed() with encrypted files', () => {
  it('hands an env_file over in the clear, and lays its ciphertext down', async () => {
    const world = shop(`web: {image: ${web}, env_file: a.env}`, { 'a.env': seal(`A=${PLANTED}\n`) })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    expect(definition(world, 'shop-web-1')).toMatchObject({ environment: { A: PLANTED } })
    expect(world.files.list('shop')['a.env']).toBe(seal(`A=${PLANTED}\n`))
    expect(JSON.stringify(world.files.list('shop'))).not.toContain(PLANTED)
  })

  it('lays a mounted file down in memory, and points the mount there', async () => {
    const world = shop(`web: {image: ${web}, volumes: ['./key.txt:/key.txt']}`, {
      'key.txt': seal(PLANTED),
    })
    await deploy(world)
    const [file] = [...world.secretFiles.laid.values()]
    expect(Buffer.from(file?.content ?? '').toString()).toBe(PLANTED)
    expect(file?.path).toMatch(/\/shop\/[0-9a-f]{64}\/key\.txt$/)
    expect(definition(world, 'shop-web-1')).toMatchObject({
      volumes: [{ type: 'bind', source: file?.path, target: '/key.txt' }],
    })
  })

  it('mounts a file over its ciphertext where a whole folder is mounted', async () => {
    const world = shop(`web: {image: ${web}, volumes: ['./conf:/etc/app']}`, {
      'conf/app.ini': 'plain',
      'conf/sub/key.txt': seal(PLANTED),
    })
    await deploy(world)
    const [path] = [...world.secretFiles.laid.keys()]
    expect(definition(world, 'shop-web-1')).toMatchObject({
      volumes: [
        { source: '/memory/stacks/shop/conf', target: '/etc/app' },
        { source: path, target: '/etc/app/sub/key.txt', read_only: true },
      ],
    })
  })

  it.each([
    ['an encrypted file', seal(PLANTED), 'failed'],
    ['none', 'plain', 'succeeded'],
  ])('refuses a volume that binds a folder with %s by driver_opts', async (_t, token, outcome) => {
    const world = shop(`web: {image: ${web}, volumes: ['conf:/etc/app']}`, {
      'conf/token': token,
      'apart/token': seal(PLANTED),
    })
    const device = `${world.ctx.files.home('shop')}/conf`
    const volumes = { conf: { driver_opts: { type: 'none', o: 'bind', device } } }
    const { compose: fake } = world.ctx
    const resolve: typeof fake.resolve = async (request, stop) => {
      return { ...(await fake.resolve(request, stop)), volumes }
    }
    const ctx = { ...world.ctx, compose: { ...fake, resolve } }
    const { deployments } = await deploy({ ...world, ctx })
    expect(outcomes(deployments)).toEqual([`shop ${outcome}`])
    expect(
      deployments.map(({ file, remedy }) => [file, remedy?.includes('./FOLDER:/PATH')]),
    ).toEqual([outcome === 'failed' ? ['shop/conf/token', true] : [undefined, undefined]])
  })

  it('recreates exactly the users of a changed secret', async () => {
    const services = [
      `web: {image: ${web}, env_file: a.env}`,
      `db: {image: ${db}, volumes: ['./key.txt:/key.txt']}`,
      `idle: {image: ${web}}`,
    ]
    const files = { 'a.env': seal('A=planted-one\n'), 'key.txt': seal('planted-key') }
    const world = shop(services, files)
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'shop/a.env': seal('A=planted-two\n') })
    const first = await deploy(world)
    expect(first.deployments[0]?.services).toMatchObject([
      { name: 'db', action: 'keep' },
      { name: 'idle', action: 'keep' },
      { name: 'web', action: 'recreate' },
    ])
    world.git.change({ 'shop/key.txt': seal('planted-new-key') })
    await deploy(world)
    const after = containers(world)
    expect(after['shop-idle-1']).toBe(before['shop-idle-1'])
    expect(after['shop-db-1']).not.toBe(before['shop-db-1'])
    const contents = [...world.secretFiles.laid.values()].map(({ content }) =>
      Buffer.from(content).toString(),
    )
    expect(contents).toEqual(['planted-new-key'])
  })

  it('recreates nothing where a file was encrypted anew', async () => {
    const services = [
      `web: {image: ${web}, env_file: a.env, volumes: ['./key.txt:/k', './conf:/conf']}`,
    ]
    const files = {
      'a.env': seal('A=planted-one\n'),
      'key.txt': seal('planted-key'),
      'conf/token': seal('planted-token'),
    }
    const world = shop(services, files)
    await deploy(world)
    world.git.change({
      'shop/a.env': `${seal('A=planted-one\n')}\n`,
      'shop/key.txt': `${seal('planted-key')}\n`,
      'shop/conf/token': `${seal('planted-token')}\n`,
    })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop unchanged'])
    expect(calls.filter((call) => call.startsWith('up '))).toEqual([])
  })

  it('tells nothing by its hashes to whoever knows the rest', async () => {
    expect(await hashesBy('one')).not.toEqual(await hashesBy('two'))
  })

  it('keeps the hash of a service that uses no secret, whatever the key', async () => {
    const services = [`web: {image: ${web}}`, `db: {image: ${db}, env_file: a.env}`]
    const hashes = ['one', 'two'].map(async (key) => {
      const world = shop(services, { 'a.env': seal('A=1\n') })
      const secrets = createMemorySecrets({ key })
      await deploy({ ...world, ctx: { ...world.ctx, secrets } })
      return hashOf(world, 'web')
    })
    const plain = shop(`web: {image: ${web}}`, {})
    await deploy(plain)
    expect(new Set([...(await Promise.all(hashes)), hashOf(plain, 'web')]).size).toBe(1)
  })

  it('lets no value out of what a provider cannot resolve', async () => {
    const world = shop(`web: {image: ${web}, env_file: a.env}`, { 'a.env': seal(`A=${PLANTED}\n`) })
    const place = { file: 'shop/compose.yaml', line: 2 }
    const resolve = async () => {
      await Promise.resolve()
      throw new MagosError('compose', `invalid "${PLANTED}"`, { place, remedy: 'Mend it' })
    }
    const ctx = { ...world.ctx, compose: { ...world.ctx.compose, resolve } }
    const { deployments } = await deploy({ ...world, ctx })
    expect(deployments[0]).toMatchObject({ reason: 'invalid "***"', remedy: 'Mend it', ...place })
    expect(JSON.stringify(world.lines)).not.toContain(PLANTED)
  })

  it('decrypts nothing while nothing changed', async () => {
    const world = shop(`web: {image: ${web}, volumes: ['./key.txt:/k']}`, {
      'key.txt': seal(PLANTED),
    })
    await deploy(world)
    const opened = world.secrets.opened.length
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop unchanged'])
    expect(world.secrets.opened.length).toBe(opened)
  })

  it('lays mounted files down again after a boot, and recreates nothing', async () => {
    const world = shop(`web: {image: ${web}, volumes: ['./key.txt:/k']}`, {
      'key.txt': seal(PLANTED),
    })
    await deploy(world)
    const before = [...world.secretFiles.laid]
    const ids = containers(world)
    world.secretFiles.clear()
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop unchanged'])
    expect([...world.secretFiles.laid]).toEqual(before)
    expect(containers(world)).toEqual(ids)
    expect(calls.filter((call) => /^(?:up|remove) /.test(call))).toEqual([])
  })

  it('refuses what this host cannot open, by its name, and goes on with the others', async () => {
    const world = shop(
      `web: {image: ${web}, env_file: a.env}`,
      { 'a.env': seal('A=1\n', 'theirs') },
      { 'blog/compose.yaml': compose(`blog: {image: ${db}}`) },
    )
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog succeeded', 'shop failed'])
    expect(deployments[1]).toMatchObject({ file: 'shop/a.env' })
  })

  it('leaves ciphertext that nobody reads alone, also where it cannot be opened', async () => {
    const world = shop(`web: {image: ${web}}`, { 'notes.yaml': seal('x', 'theirs') })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    expect(world.secrets.opened).toEqual([])
  })

  it('reads an encrypted compose file as Compose will see it', async () => {
    const text = compose(`web: {image: ${web}, env_file: a.env}`)
    const world = shop('', { 'compose.yaml': seal(text), 'a.env': seal(`A=${PLANTED}\n`) })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    expect(definition(world, 'shop-web-1')).toMatchObject({ environment: { A: PLANTED } })
  })

  it('opens an untracked .env that is encrypted', async () => {
    const world = shop(`web: {image: ${web}, env_file: .env}`, {})
    world.files.write('shop', '.env', seal(`A=${PLANTED}\n`))
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    expect(definition(world, 'shop-web-1')).toMatchObject({ environment: { A: PLANTED } })
  })

  it('follows a symlink to the file that it means', async () => {
    const world = shop(`web: {image: ${web}, volumes: ['./link.txt:/k']}`, {
      'key.txt': seal(PLANTED),
      'link.txt': '-> key.txt',
    })
    await deploy(world)
    const [path] = [...world.secretFiles.laid.keys()]
    expect(definition(world, 'shop-web-1')).toMatchObject({ volumes: [{ source: path }] })
  })

  it('lets no value out of what a provider quotes', async () => {
    const provider = {
      answerUp: () => ({ exitCode: 1, output: `cannot do with ${PLANTED}\n` }),
    }
    const world = shop(
      `web: {image: ${web}, env_file: a.env}`,
      { 'a.env': seal(`A=${PLANTED}\n`) },
      {},
      { provider },
    )
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop failed'])
    expect(JSON.stringify([deployments, world.lines, world.history.deployments(9)])).not.toContain(
      PLANTED,
    )
    expect(JSON.stringify(world.lines)).toContain('cannot do with ***')
  })

  it.each([
    ['an env_file', 'env_file: a.env', { 'a.env': seal('A=1\n') }, 'failed'],
    ['variables of an encrypted .env', '', { '.env': seal('A=1\n') }, 'failed'],
    ['a file that is mounted', "volumes: ['./k:/k']", { k: seal('x') }, 'succeeded'],
  ])('keeps off command lines of podman-compose: %s', async (_title, more, files, outcome) => {
    const name = 'podman-compose'
    const provider = { provider: { name, version: '1.6.0', path: '/memory', limits: [] } as const }
    const world = shop(`web: {image: ${web}, ${more}}`, files, {}, { provider })
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual([`shop ${outcome}`])
    const remedies = deployments.flatMap(({ remedy }) => remedy ?? [])
    expect(remedies.map((one) => one.includes('Docker Compose v2'))).toEqual(
      outcome === 'failed' ? [true] : [],
    )
  })
})

describe('a rollback with encrypted files', () => {
  it('brings back the secrets of the last good state, and keeps its other containers', async () => {
    const services = [
      `web: {image: ${web}, env_file: a.env, volumes: ['./key.txt:/k']}`,
      `idle: {image: ${db}}`,
    ]
    const files = { 'a.env': seal('A=planted-one\n'), 'key.txt': seal('planted-key-one') }
    const world = shop(services, files)
    await deploy(world)
    const before = containers(world)
    const laidBefore = [...world.secretFiles.laid.keys()]
    world.machine.behave(broken, 'unhealthy')
    const next = compose(...services).replace(web, broken)
    world.git.change({
      'shop/compose.yaml': next,
      'shop/a.env': seal('A=planted-two\n'),
      'shop/key.txt': seal('planted-key-two'),
    })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop rolled-back'])
    expect(definition(world, 'shop-web-1')).toMatchObject({ environment: { A: 'planted-one' } })
    expect([...world.secretFiles.laid.keys()]).toEqual(laidBefore)
    expect(containers(world)['shop-idle-1']).toBe(before['shop-idle-1'])
    const kept = (await world.ctx.lastGood.recall('shop', null))?.files ?? []
    expect(kept.map(({ content }) => Buffer.from(content).toString())).toContain(files['a.env'])
  })
})

describe('readySecrets()', () => {
  it('keeps what containers mount and removes the rest', async () => {
    const world = shop(`web: {image: ${web}, volumes: ['./key.txt:/k']}`, {
      'key.txt': seal(PLANTED),
    })
    await deploy(world)
    const [kept] = [...world.secretFiles.laid.keys()]
    const content = Buffer.from('x')
    const gone = { path: world.secretFiles.path('blog', 'f'.repeat(64), 'x'), content, mode: 0o600 }
    const stale = {
      path: world.secretFiles.path('shop', 'e'.repeat(64), 'x'),
      content,
      mode: 0o600,
    }
    await world.secretFiles.lay([gone, stale], signal)
    await readySecrets(world.ctx, signal)
    expect([...world.secretFiles.laid.keys()]).toEqual([kept])
    world.machine.containers.clear()
    await readySecrets(world.ctx, signal)
    expect([...world.secretFiles.laid.keys()]).toEqual([])
  })

  const mounting = [`web: {image: ${web}, volumes: ['./key.txt:/k']}`]
  const unreadable = { 'shop/compose.yaml': 'services: [' }
  it.each([
    ['is held by a person', {}, true],
    ['cannot be read any more', unreadable, false],
    ['wants another secret, which waits', { 'shop/key.txt': seal('planted-next') }, true],
  ])('makes the files of a boot before again where a stack %s', async (_title, change, isHeld) => {
    const world = shop(mounting, { 'key.txt': seal(PLANTED) })
    await deploy(world)
    const before = [...world.secretFiles.laid]
    const hold = { kind: 'operator', by: 'a', reason: '', at: 1, tracked: null } as const
    if (isHeld) await world.ctx.holds.hold('shop', hold)
    world.git.change(change)
    await deploy(world)
    world.secretFiles.clear()
    await readySecrets(world.ctx, signal)
    expect([...world.secretFiles.laid]).toEqual(before)
  })

  it('asks git for nothing, and opens nothing that is there already', async () => {
    const world = shop(mounting, { 'key.txt': seal(PLANTED) })
    await deploy(world)
    const opened = world.secrets.opened.length
    await readySecrets(world.ctx, signal)
    expect(world.secrets.opened.length).toBe(opened)
    world.secretFiles.clear()
    const { source, ...others } = world.ctx
    expect(source).toBeDefined()
    await readySecrets(others, signal)
    expect(world.secretFiles.laid.size).toBe(1)
  })

  it('goes on with the others where one cannot be opened any more, and says so', async () => {
    const world = shop(
      mounting,
      { 'key.txt': seal(PLANTED) },
      {
        'blog/compose.yaml': compose(`blog: {image: ${db}, volumes: ['./t:/t']}`),
        'blog/t': seal('planted-token'),
      },
    )
    await deploy(world)
    const before = [...world.secretFiles.laid.keys()]
    world.secretFiles.clear()
    const { secrets } = world.ctx
    const decrypt: typeof secrets.decrypt = async (file, stop) => {
      if (file.path === 'blog/t') throw new MagosError('no-identity', 'Cannot open it')
      return secrets.decrypt(file, stop)
    }
    await readySecrets({ ...world.ctx, secrets: { ...secrets, decrypt } }, signal)
    expect([...world.secretFiles.laid.keys()]).toEqual(
      before.filter((path) => path.includes('/shop/')),
    )
    expect(JSON.stringify(world.lines)).toContain('decrypted files of \\"blog\\" again')
  })
})

describe('planRequested() with encrypted files', () => {
  it('says what a changed secret would do, and lays nothing down', async () => {
    const world = shop(`web: {image: ${web}, volumes: ['./key.txt:/k']}`, {
      'key.txt': seal(PLANTED),
    })
    const planned = await planRequested({ ...world.ctx, views: createViews() }, null, signal)
    expect(planned.stacks).toMatchObject([
      { name: 'shop', services: [{ name: 'web', action: 'create' }] },
    ])
    expect(world.secretFiles.laid.size).toBe(0)
  })
})

function shop(
  services: string | readonly string[],
  files: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>> = {},
  options: WorldOptions = {},
): World {
  const own = Object.entries(files).map(([path, text]) => [`shop/${path}`, link(text)])
  const text = compose(...[services].flat())
  return createWorld({ 'shop/compose.yaml': text, ...Object.fromEntries(own), ...others }, options)
}

/** Hashes of a service that has a short secret, where digests are made by this key. */
async function hashesBy(key: string) {
  const world = shop(`web: {image: ${web}, env_file: a.env}`, { 'a.env': seal('PIN=1234\n') })
  const keyed = createMemorySecrets({ key })
  await deploy({ ...world, ctx: { ...world.ctx, secrets: keyed } })
  return [...world.machine.containers.values()].map(({ labels }) => labels['magos.hash'])
}

function hashOf({ machine }: World, name: string): string | undefined {
  const found = [...machine.containers.values()].find(({ service }) => service === name)
  return found?.labels['magos.hash']
}

function link(text: string) {
  return text.startsWith('-> ') ? { mode: '120000' as const, content: text.slice(3) } : text
}

function definition(world: World, name: string): unknown {
  const found = [...world.machine.containers.values()].find((one) => one.name === name)
  return JSON.parse(found?.definition ?? 'null')
}
