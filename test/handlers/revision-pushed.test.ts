import { describe, expect, it } from 'vitest'
import type { PullCredential } from '../../src/ports.ts'
import type { Context } from '../../handlers/context.ts'
import { planRequested } from '../../handlers/plan-requested.ts'
import { deployRevision, revisionPushed } from '../../handlers/revision-pushed.ts'
import { latestTrouble } from '../../handlers/steps/latest-failure.ts'
import { createViews } from '../../handlers/views.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import { MagosError } from '../../src/domain/error.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const web2 = `ghcr.io/o/web@${digest(2)}`
const db = `ghcr.io/o/db@${digest(5)}`
const shop = compose(`web: {image: ${web}}`, `db: {image: ${db}}`)
const webImage = { registry: 'ghcr.io', repository: 'o/web' }
const blog = compose(`blog: {image: ghcr.io/o/blog@${digest(7)}}`)

/** As long as anybody looks. */
function waiting<State extends ObservedState>(state: State): State {
  const seen = state.containers.map((one) =>
    one.service === 'web' ? Object.assign({}, one, { health: 'starting' as const }) : one,
  )
  return { ...state, containers: seen }
}

describe('revisionPushed() at the first time', () => {
  it('creates every service of every stack, and proves them', async () => {
    const world = home()
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog succeeded', 'shop succeeded'])
    expect(deployments[1]).toEqual({
      stack: 'shop',
      outcome: 'succeeded',
      reason: 'healthy and steady for 0.3 s',
      services: [
        { name: 'db', action: 'create', reasons: ['it has no container'] },
        { name: 'web', action: 'create', reasons: ['it has no container'] },
      ],
    })
    expect(Object.keys(containers(world))).toEqual(['blog-blog-1', 'shop-web-1', 'shop-db-1'])
    expect(world.files.list('shop')).toEqual({ 'compose.yaml': shop, 'README.md': '# Shop\n' })
  })

  it('pulls every image before a service is touched, and looks until it is proven', async () => {
    const world = home()
    await deploy(world)
    const calls = world.machine.calls.filter((call) => !call.includes('blog'))
    expect(calls.filter((call) => call === 'definitions')).toHaveLength(2)
    const others = calls.filter((call) => call !== 'definitions')
    expect(others.slice(0, 9)).toEqual([
      'observe',
      'provider',
      'provider',
      'resolve shop',
      `has ${web}`,
      `pull ${web}`,
      `has ${db}`,
      `pull ${db}`,
      'up shop all',
    ])
    expect(others.slice(9).every((call) => call === 'watch shop')).toBe(true)
    expect(others.length).toBeGreaterThan(12)
  })

  it('remembers what it proved and which commit it reached', async () => {
    const world = home()
    const { commit } = await world.git.head(signal)
    await deploy(world)
    expect(world.history.proven('shop')).toMatchObject({
      commit,
      project: 'shop',
      provider: 'docker-compose',
    })
    expect(world.history.reached()).toBe(commit)
    expect(world.history.deployments(9).map(({ outcome }) => outcome)).toEqual([
      'succeeded',
      'succeeded',
    ])
  })

  it('tells the commit again where it died before its answer was stored', async () => {
    const world = home()
    const told = async () => {
      const { followUps } = await pass(dying(world))
      return [...world.raised.splice(0), ...followUps].map(({ event }) =>
        event.kind === 'report-due' ? event.report.context : event.kind,
      )
    }
    const first = await told()
    const again = await told()
    expect(new Set(again)).toEqual(new Set(first))
    expect(again).toContain('magos/nas/shop')
    expect((await deploy(world)).reports).not.toEqual([])
    expect((await deploy(world)).reports).toEqual([])
  })

  it('remembers how long it took until the last look', async () => {
    const world = home()
    await deploy(world)
    world.machine.behave(web2, 'unhealthy')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    await deploy(world)
    const [failed, ...proven] = world.history.deployments(9).map(({ startedAt, endedAt }) => {
      return (endedAt ?? 0) - startedAt
    })
    for (const ms of proven) expect(ms).toBeGreaterThanOrEqual(300)
    expect(failed).toBeGreaterThanOrEqual(100)
    expect(failed).toBeLessThan(2_000)
  })

  it('logs each step with its stack and commit', async () => {
    const world = home()
    const { commit } = await world.git.head(signal)
    await deploy(world)
    const lines = world.lines.filter(({ fields }) => fields['stack'] === 'shop')
    expect(lines.map(({ message }) => message)).toEqual([
      'Will create: it has no container',
      'Will create: it has no container',
      'Deployment succeeded: healthy and steady for 0.3 s',
    ])
    expect(lines.every(({ fields }) => fields['commit'] === commit)).toBe(true)
  })

  it('pulls what has a tag alone even if it is here, with the credential of the check', async () => {
    const world = home({ 'shop/compose.yaml': compose('web: {image: "ghcr.io/o/web:1"}') })
    world.machine.images.add('ghcr.io/o/web:1')
    const given: unknown[] = []
    const credential = { username: 'me', password: 'planted' }
    const engine: Context['engine'] = {
      ...world.ctx.engine,
      pull: (image, options, asked) => {
        given.push(options)
        return world.ctx.engine.pull(image, options, asked)
      },
    }
    const registry = { ...world.ctx.registry, credential: async () => credential }
    const ctx = { ...world.ctx, engine, registry }
    const { calls } = await deploy(world, () => pass(ctx))
    expect(calls).toContain('pull ghcr.io/o/web:1')
    expect(given[0]).toEqual({ credential, plainHttp: false })
    expect(JSON.stringify([world.lines, world.history.deployments(9)])).not.toContain('planted')
  })

  it.each(['ghcr.io/o/web:1', `ghcr.io/o/web:1@sha256:${'5'.repeat(64)}`])(
    'pulls %s without the login that its registry turns down, once it was asked',
    async (image) => {
      const world = createWorld({ 'shop/compose.yaml': compose(`web: {image: "${image}"}`) })
      const login = { username: 'me', password: 'expired' }
      const given: unknown[] = []
      let known: PullCredential = login
      const engine: Context['engine'] = {
        ...world.ctx.engine,
        async pull(asked, options, stop) {
          given.push(options.credential)
          if (options.credential !== 'anonymous') return { outcome: 'failed', reason: 'denied' }
          return await world.ctx.engine.pull(asked, options, stop)
        },
      }
      const registry: Context['registry'] = {
        ...world.ctx.registry,
        credential: async () => known,
        async digest() {
          known = 'anonymous'
          return `sha256:${'5'.repeat(64)}`
        },
      }
      const ctx = { ...world.ctx, engine, registry }
      const { deployments } = await deploy(world, () => pass(ctx))
      expect(outcomes(deployments)).toContain('shop succeeded')
      expect(given).toEqual([login, 'anonymous'])
    },
  )

  it.each(['never', 'missing', 'if_not_present'])(
    'takes an image that is here as it is where pull_policy says so: %s',
    async (policy) => {
      const file = compose(`web: {image: "localhost/mine:1", pull_policy: ${policy}}`)
      const world = createWorld({ 'shop/compose.yaml': file })
      world.machine.images.add('localhost/mine:1')
      const { deployments, calls } = await deploy(world)
      expect(outcomes(deployments)).toEqual(['shop succeeded'])
      expect(calls).not.toContain('pull localhost/mine:1')
    },
  )

  it.each(['missing', 'if_not_present'])(
    'pulls an image that is not here where pull_policy allows it: %s',
    async (policy) => {
      const file = compose(`web: {image: "ghcr.io/o/web:1", pull_policy: ${policy}}`)
      const { calls } = await deploy(createWorld({ 'shop/compose.yaml': file }))
      expect(calls).toContain('pull ghcr.io/o/web:1')
    },
  )

  it('fails, and says why, where an image is not here and must not be pulled', async () => {
    const file = compose('web: {image: "localhost/mine:1", pull_policy: never}')
    const world = createWorld({ 'shop/compose.yaml': file })
    const { deployments, calls } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'failed',
      reason:
        'cannot use localhost/mine:1: it is not on this host, and "pull_policy: never" of service "web" forbids to pull it',
    })
    expect(calls.filter((call) => /^(?:pull|up)/.test(call))).toEqual([])
    world.machine.images.add('localhost/mine:1')
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
  })

  it('lets the provider build what is built, and pulls nothing for it', async () => {
    const file = compose('web: {build: ./src, image: local/web}')
    const world = home({ 'shop/compose.yaml': file, 'shop/src/app.js': '1\n' })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toContain('shop succeeded')
    expect(calls.some((call) => call.startsWith('pull') && call.includes('web'))).toBe(false)
  })

  it.each([
    ['no services', 'services: {}\n', 'unchanged'],
    ['one service without replicas', compose(`web: {image: ${web}, scale: 0}`), 'unchanged'],
  ])('takes a stack with %s for what it is, and asks nobody again', async (_title, file, said) => {
    const world = home({ 'shop/compose.yaml': file })
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toContain(`shop ${said}`)
    expect((await deploy(world)).calls).toEqual(['observe'])
  })
})

describe('revisionPushed() without a change', () => {
  it('asks the engine once and the provider never, lays nothing and tells nobody', async () => {
    const world = home()
    await deploy(world)
    const laid = world.files.reports.length
    const { deployments, calls, reports } = await deploy(world)
    expect(calls).toEqual(['observe'])
    expect(outcomes(deployments)).toEqual(['blog unchanged', 'shop unchanged'])
    expect(reports).toEqual([])
    expect(world.files.reports).toHaveLength(laid)
  })

  it('starts a container that stopped beside others that run', async () => {
    const world = home()
    await deploy(world)
    world.machine.kill(containers(world)['shop-web-1'] ?? '')
    const { calls, deployments } = await deploy(world)
    expect(calls).toContain('up shop web')
    expect(deployments[1]).toMatchObject({
      outcome: 'succeeded',
      reason: expect.stringContaining('container shop-web-1 exited with 137'),
    })
    expect((await deploy(world)).calls).toEqual(['observe'])
  })

  it('starts it also when another service of the stack changes', async () => {
    const world = home()
    await deploy(world)
    world.machine.kill(containers(world)['shop-db-1'] ?? '')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    const { deployments } = await deploy(world)
    expect(deployments[1]).toMatchObject({ stack: 'shop', outcome: 'succeeded' })
    expect(running(world)).toMatchObject({ 'shop-db-1': 'running', 'shop-web-1': 'running' })
  })

  it('makes a container anew that is gone', async () => {
    const world = home()
    await deploy(world)
    world.machine.containers.delete(containers(world)['shop-web-1'] ?? '')
    const { calls } = await deploy(world)
    expect(calls).toContain('up shop web')
    expect(Object.keys(containers(world))).toContain('shop-web-1')
  })
})

describe('revisionPushed() on a change', () => {
  it('recreates only the service whose digest changed', async () => {
    const { calls, kept } = await change({ 'shop/compose.yaml': shop.replace(web, web2) })
    expect(calls).toContain('up shop web')
    expect(kept).toEqual(['blog-blog-1', 'shop-db-1'])
  })

  it('recreates only the service whose env_file changed', async () => {
    const file = compose(`web: {image: ${web}, env_file: web.env}`, `db: {image: ${db}}`)
    const before = { 'shop/compose.yaml': file, 'shop/web.env': 'A=1\n' }
    const { calls, kept } = await change({ 'shop/web.env': 'A=2\n' }, before)
    expect(calls).toContain('up shop web')
    expect(kept).toEqual(['blog-blog-1', 'shop-db-1'])
  })

  it('recreates only the service whose tracked bind-mounted file changed', async () => {
    const file = compose(`web: {image: ${web}, volumes: ["./conf:/conf"]}`, `db: {image: ${db}}`)
    const before = { 'shop/compose.yaml': file, 'shop/conf/a.conf': 'a\n' }
    const { calls, kept } = await change({ 'shop/conf/a.conf': 'b\n' }, before)
    expect(calls).toContain('up shop web')
    expect(kept).toEqual(['blog-blog-1', 'shop-db-1'])
  })

  it('recreates nothing for a file that no service reads, lays it and counts it as proven', async () => {
    const { world, calls, kept, deployments } = await change({ 'shop/README.md': '# New\n' })
    expect(calls).toEqual(['observe', 'provider', 'resolve shop', 'definitions'])
    expect(kept).toHaveLength(3)
    expect(outcomes(deployments)).toEqual(['blog unchanged', 'shop unchanged'])
    expect(world.files.list('shop')['README.md']).toBe('# New\n')
    expect(world.history.proven('shop')?.commit).toBe(world.history.reached())
    expect((await deploy(world)).calls).toEqual(['observe'])
  })

  it('recreates nothing for the pin of a digest that runs already', async () => {
    const file = compose('web: {image: "ghcr.io/o/web:1"}')
    const world = home({ 'shop/compose.yaml': file })
    world.machine.behave('ghcr.io/o/web:1', 'healthy', [digest(1)])
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'shop/compose.yaml': file.replace('web:1', `web:1@${digest(1)}`) })
    await deploy(world)
    expect(containers(world)).toEqual(before)
  })

  it('counts an untracked .env and an untracked env_file of the stable directory', async () => {
    const file = compose(`web: {image: ${web}, env_file: own.env}`, `db: {image: ${db}}`)
    const world = home({ 'shop/compose.yaml': file })
    world.files.write('shop', 'own.env', 'A=1\n')
    await deploy(world)
    const before = containers(world)
    world.files.write('shop', '.env', 'B=1\n')
    expect((await deploy(world)).calls).toContain('resolve shop')
    expect(containers(world)).toEqual(before)
    world.files.write('shop', 'own.env', 'A=2\n')
    expect((await deploy(world)).calls).toContain('up shop web')
    expect(world.files.list('shop')).toMatchObject({ '.env': 'B=1\n', 'own.env': 'A=2\n' })
  })

  it('tells which file of a person’s it put aside', async () => {
    const world = home()
    await deploy(world)
    world.files.write('shop', 'README.md', 'mine\n')
    world.git.change({ 'shop/README.md': '# New\n' })
    await deploy(world)
    expect(world.lines.find(({ message }) => message.includes('git won'))).toMatchObject({
      level: 'warn',
      fields: { stack: 'shop', file: 'README.md', savedAs: 'README.md.before-magos-1' },
    })
  })

  it('removes what left the file, but not before the new state is proven', async () => {
    const world = home()
    await deploy(world)
    const old = containers(world)['shop-db-1'] ?? ''
    world.git.change({ 'shop/compose.yaml': compose(`web: {image: ${web2}}`) })
    await deploy(world)
    expect(world.machine.calls.slice(-3)).toEqual([
      'watch shop',
      `remove ${old}`,
      'network rm shop',
    ])
    expect(Object.keys(containers(world))).toEqual(['blog-blog-1', 'shop-web-1'])
  })

  it.each([
    ['a service is made anew', compose(`web: {image: ${web2}}`, `db: {image: ${db}}`), 1],
    ['one left the file', compose(`web: {image: ${web}}`), 1],
    ['one came', compose(`web: {image: ${web}}`, `db: {image: ${db}}`, `new: {image: ${db}}`), 0],
  ])(
    'removes networks that services left once the new state is proven, where %s',
    async (_title, file, times) => {
      const world = createWorld({
        'shop/compose.yaml': compose(`web: {image: ${web}}`, `db: {image: ${db}}`),
      })
      await deploy(world)
      world.git.change({ 'shop/compose.yaml': file })
      const before = world.machine.calls.length
      expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
      const calls = world.machine.calls.slice(before)
      expect(calls.filter((call) => call === 'network rm shop')).toHaveLength(times)
      expect(calls.slice(0, calls.lastIndexOf('watch shop'))).not.toContain('network rm shop')
    },
  )

  it('removes nothing when the new state fails', async () => {
    const world = home()
    await deploy(world)
    world.machine.behave(web2, 'unhealthy')
    world.git.change({ 'shop/compose.yaml': compose(`web: {image: ${web2}}`) })
    await deploy(world)
    expect(Object.keys(containers(world))).toContain('shop-db-1')
    expect(world.machine.calls.some((call) => call.startsWith('remove'))).toBe(false)
  })

  it('removes a service that left the file when nothing else changed', async () => {
    const { kept, calls } = await change({ 'shop/compose.yaml': compose(`web: {image: ${web}}`) })
    expect(kept).toEqual(['blog-blog-1', 'shop-web-1'])
    expect(calls.filter((call) => call.startsWith('up'))).toEqual([])
  })
})

describe('revisionPushed() when an image cannot be had', () => {
  it('touches nothing, and tries again at the next pass', async () => {
    const world = home()
    await deploy(world)
    const before = [containers(world), world.files.list('shop')]
    world.machine.behave(web2, 'pull-fails')
    world.registry.push(webImage, '2', digest(2))
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2), 'shop/README.md': '# New\n' })
    const first = await deploy(world)
    expect(first.deployments[1]).toMatchObject({
      outcome: 'failed',
      reason: `cannot pull ${web2}: manifest unknown`,
    })
    expect([containers(world), world.files.list('shop')]).toEqual(before)
    expect(first.calls.some((call) => call.startsWith('up'))).toBe(false)
    const second = await deploy(world)
    expect(second.calls).toContain(`pull ${web2}`)
    expect(second.reports).toEqual([])
    world.machine.behave(web2, 'healthy')
    const third = await deploy(world)
    expect(outcomes(third.deployments)).toContain('shop succeeded')
    expect(third.reports.map(({ state }) => state)).toEqual(['success', 'success'])
  })

  it('is over, and told to be over, when git goes back', async () => {
    const world = home()
    await deploy(world)
    world.machine.behave(web2, 'pull-fails')
    world.registry.push(webImage, '2', digest(2))
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': shop })
    const { deployments, calls, reports } = await deploy(world)
    expect(outcomes(deployments)).toContain('shop unchanged')
    expect(calls).toEqual(['observe'])
    expect(reports.map(({ context }) => context)).toEqual(['magos/nas', 'magos/nas/shop'])
    expect((await deploy(world)).reports).toEqual([])
  })
})

describe('revisionPushed() when the new state does not prove itself', () => {
  it.each([
    ['unhealthy', 'unhealthy', 'service "web" is unhealthy'],
    ['exits', 'exits', 'service "web" exited with 7'],
  ] as const)('fails and remembers it: %s', async (_title, behaviour, reason) => {
    const { world, deployments } = await breakShop(behaviour)
    expect(deployments[1]).toMatchObject({ stack: 'shop', outcome: 'rolled-back' })
    expect(deployments[1]?.reason).toMatch(new RegExp(`^${reason}; rolled back to \\w{12}: `))
    expect(outcomes(deployments)).toContain('blog unchanged')
    expect(world.history.failed('shop')).toMatchObject({ reason, retry: 'when-changed' })
    expect(world.history.deployments(1)[0]).toMatchObject({ outcome: 'rolled-back', reason })
  })

  it('is known for a failure when the clock was set back meanwhile, and for over when it is', async () => {
    const world = home()
    await deploy(world)
    const ctx = { ...world.ctx, now: 1_000 }
    const looked: Context['engine']['watch'] = async function* (project, asked) {
      for await (const state of world.ctx.engine.watch(project, asked)) {
        yield { ...state, at: state.at - Date.UTC(2025, 0, 1) }
      }
    }
    const back = { ...ctx, engine: { ...ctx.engine, watch: looked } }
    world.machine.behave(web2, 'unhealthy')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    expect(outcomes((await deploy(world, () => pass(back))).deployments)).toContain(
      'shop rolled-back',
    )
    const again = await deploy(world, () => pass(back))
    expect(again.calls).toEqual(['observe'])
    expect(statusOf(world)).toBe('failed')
    world.git.change({ 'shop/compose.yaml': shop })
    await deploy(world, () => pass(back))
    expect(statusOf(world)).toBe('proven')
  })

  it('is over when git goes back, though the clock was set back meanwhile', async () => {
    const world = home()
    await deploy(world)
    world.machine.behave(web2, 'pull-fails')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': shop })
    const back = { ...world.ctx, now: 1_000 }
    expect(contexts(await deploy(world, () => pass(back)))).toContain('magos/nas/shop success')
    expect(contexts(await deploy(world, () => pass(back)))).toEqual([])
    expect(statusOf(world)).toBe('proven')
  })

  it('is not tried again by an event', async () => {
    const { world } = await breakShop()
    const { deployments, calls, reports } = await deploy(world)
    expect(calls).toEqual(['observe'])
    expect(reports).toEqual([])
    expect(deployments[1]).toMatchObject({
      outcome: 'rolled-back',
      remedy: 'Commit a change, or try it again with: magos sync shop',
    })
    expect(deployments[1]?.reason).toMatch(
      /^rolled back, git ahead: service "web" is unhealthy; rolled back to /,
    )
  })

  it.each(['unhealthy', 'exits'] as const)(
    'is tried again from new containers when a person asks: %s',
    async (behaviour) => {
      const { world } = await breakShop(behaviour)
      const before = containers(world)
      const again = await deploy(world, byPerson)
      expect(outcomes(again.deployments)).toEqual(['shop rolled-back'])
      expect(again.calls.filter((call) => call === 'up shop web')).toHaveLength(2)
      expect(containers(world)['shop-web-1']).not.toBe(before['shop-web-1'])
      expect(containers(world)['shop-db-1']).toBe(before['shop-db-1'])
      world.machine.behave(web2, 'healthy')
      const mended = await deploy(world, byPerson)
      expect(outcomes(mended.deployments)).toEqual(['shop succeeded'])
      expect(world.history.failed('shop')).toBeNull()
    },
  )

  it('is tried again when it changes', async () => {
    const { world } = await breakShop()
    world.git.change({ 'shop/compose.yaml': shop.replace(web, `ghcr.io/o/web@${digest(3)}`) })
    expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
    expect(world.history.failed('shop')).toBeNull()
  })

  it.each(['unhealthy', 'exits'] as const)(
    'is no success because a file changed that no service reads: %s',
    async (behaviour) => {
      const { world } = await breakShop(behaviour)
      world.git.change({ 'shop/README.md': '# New\n' })
      const { deployments } = await deploy(world)
      expect(outcomes(deployments)).toContain('shop rolled-back')
      expect(world.history.failed('shop')?.inputs).not.toBe(world.history.proven('shop')?.inputs)
    },
  )

  it('is over, with nothing to do, when git goes back to what runs again', async () => {
    const { world } = await breakShop()
    const before = containers(world)
    world.git.change({ 'shop/compose.yaml': shop })
    const { deployments, calls, reports } = await deploy(world)
    expect(calls).toEqual(['observe'])
    expect(outcomes(deployments)).toContain('shop unchanged')
    expect(reports.map(({ state }) => state)).toEqual(['success', 'success'])
    expect(containers(world)).toEqual(before)
    expect(statusOf(world)).toBe('proven')
    expect((await deploy(world)).reports).toEqual([])
  })

  it('is remembered after git went back: the same state is not tried again', async () => {
    const { world } = await breakShop()
    world.git.change({ 'shop/compose.yaml': shop })
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toContain('shop rolled-back')
    expect(calls).toEqual(['observe'])
  })

  it('remembers a proven state that fails when its container had to be made anew', async () => {
    const world = home()
    await deploy(world)
    world.machine.containers.delete(containers(world)['shop-web-1'] ?? '')
    world.machine.behave(web, 'unhealthy')
    expect(outcomes((await deploy(world)).deployments)).toContain('shop failed')
    const again = await deploy(world)
    expect(outcomes(again.deployments)).toContain('shop failed')
    expect(again.calls).toEqual(['observe'])
    world.machine.behave(web, 'healthy')
    expect(outcomes((await deploy(world, byPerson)).deployments)).toEqual(['shop unchanged'])
  })

  it('makes it anew when a person asks, though it was proven before', async () => {
    const world = home()
    await deploy(world)
    world.machine.containers.delete(containers(world)['shop-web-1'] ?? '')
    world.machine.behave(web, 'exits')
    await deploy(world)
    const before = containers(world)
    expect((await deploy(world, byPerson)).calls).toContain('up shop web')
    expect(containers(world)['shop-web-1']).not.toBe(before['shop-web-1'])
  })

  it('starts a container that stopped also in the next try', async () => {
    const { world } = await breakShop()
    world.machine.kill(containers(world)['shop-db-1'] ?? '')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, `ghcr.io/o/web@${digest(3)}`) })
    expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
    expect(running(world)).toMatchObject({ 'shop-db-1': 'running', 'shop-web-1': 'running' })
  })

  it('keeps what the provider said as evidence, and its complaint beside the reason', async () => {
    const said = { exitCode: 17, output: 'port is taken\n' }
    const world = createWorld({ 'shop/compose.yaml': shop }, { provider: { answerUp: () => said } })
    const { deployments } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'failed',
      reason:
        'not proven within 2 s: service "web" has 0 of 1 containers; docker-compose: port is taken',
    })
    expect(world.lines.at(-1)?.fields).toMatchObject({ exitCode: 17, provider: 'port is taken' })
    // At once, and not only with the verdict: the deadline may be minutes away.
    const warned = world.lines.find(({ message }) => message.startsWith('Provider failed'))
    expect(warned).toMatchObject({
      level: 'warn',
      fields: { exitCode: 17, provider: 'port is taken' },
    })
  })

  it('keeps none of the values that it was given in what it said', async () => {
    const said = { exitCode: 1, output: "podman create -e 'KEY=planted' web\n" }
    const file = compose(`web: {image: ${web}, environment: {KEY: planted}}`)
    const world = createWorld({ 'shop/compose.yaml': file }, { provider: { answerUp: () => said } })
    const { deployments } = await deploy(world)
    expect(world.lines.at(-1)?.fields['provider']).toBe("podman create -e 'KEY=***' web")
    expect(deployments[0]?.reason).toContain("docker-compose: podman create -e 'KEY=***' web")
  })

  it('keeps the last words of the container in trouble, and of no other', async () => {
    const { world } = await breakShop('exits')
    const failure = world.lines.find(({ message }) => message.startsWith('Deployment failed'))
    expect(failure?.fields['containers']).toEqual({ web: 'coming up\ngoing down' })
  })

  it('keeps the words of what is not healthy in time, and a few of its check', async () => {
    const world = createWorld({
      'shop/compose.yaml': compose(`web: {image: ${web}}`, `db: {image: ${db}}`),
    })
    world.machine.behave(db, 'unchecked')
    const { engine } = world.ctx
    const ctx: Context = {
      ...world.ctx,
      engine: {
        ...engine,
        observe: async (asked) => waiting(await engine.observe(asked)),
        async *watch(project, asked) {
          for await (const state of engine.watch(project, asked)) yield waiting(state)
        },
        logs: async (id) => await Promise.resolve(`${id === '' ? '' : 'said'}\n`),
        checkOutput: async () => await Promise.resolve('1\n2\n3\n4\n5\n6'),
      },
    }
    await deploy(world, () => pass(ctx))
    const failure = world.lines.find(({ message }) => message.startsWith('Deployment failed'))
    expect(failure?.message).toContain('is not healthy yet')
    const check = [2, 3, 4, 5, 6].map((count) => `\nhealth check: ${count}`).join('')
    expect(failure?.fields['containers']).toEqual({ web: `said${check}` })
  })

  it('keeps no words of a container that was given other values', async () => {
    const file = (value: string) => compose(`web: {image: ${web}, environment: {A: ${value}}}`)
    const world = createWorld({ 'shop/compose.yaml': file('planted-1') })
    world.machine.behave(web, 'exits')
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': file('planted-2') })
    const ctx: Context = {
      ...world.ctx,
      engine: { ...world.ctx.engine, logs: async () => await Promise.resolve('planted-1') },
      compose: {
        ...world.ctx.compose,
        up: async () => await Promise.resolve({ exitCode: 1, output: '' }),
      },
    }
    const begun = world.lines.length
    await deploy(world, () => pass(ctx))
    const failure = world.lines
      .slice(begun)
      .find(({ message }) => message.startsWith('Deployment failed'))
    expect(failure?.fields['containers']).toEqual({})
  })

  it('keeps none of the values that the containers were given in their words', async () => {
    const environment = '{PASSWORD: "plant$1", URL: "a/b c&d", PIN: 123456, MODE: dev}'
    const file = compose(`web: {image: ${web}, env_file: own.env, environment: ${environment}}`)
    const world = createWorld({ 'shop/compose.yaml': file, 'shop/.env': 'IN_GIT=planted-3\n' })
    world.files.write('shop', 'own.env', 'OWN=planted-2\nexport DOT="planted-4" # mine\n')
    world.machine.behave(web, 'exits')
    const words = 'plant$1 a/b c&d a%2Fb%20c%26d 123456 planted-2 planted-3 planted-4 dev\n'
    const engine = { ...world.ctx.engine, logs: async () => await Promise.resolve(words) }
    await deploy(world, () => pass({ ...world.ctx, engine }))
    const failure = world.lines.find(({ message }) => message.startsWith('Deployment failed'))
    expect(failure?.fields['containers']).toEqual({ web: '*** *** *** *** *** *** *** dev' })
  })

  it('proves by inspection and not by the exit code of the provider', async () => {
    const world = home()
    const up: Context['compose']['up'] = async (request, asked) => ({
      ...(await world.ctx.compose.up(request, asked)),
      exitCode: 1,
    })
    const ctx = { ...world.ctx, compose: { ...world.ctx.compose, up } }
    expect(outcomes((await deploy(world, () => pass(ctx))).deployments)).toEqual([
      'blog succeeded',
      'shop succeeded',
    ])
  })
})

describe('revisionPushed() and the provider', () => {
  it.each([
    ['io.podman.compose.project', 'podman-compose'],
    ['com.docker.compose.version', 'docker-compose'],
    ['another', null],
  ])('stays with the one that made the stack: %s', async (label, made) => {
    const world = withForeign({ host: { directories: { shop: '/home/me/shop' } } })
    const foreign = world.machine.containers.get('foreign')
    if (foreign === undefined) throw new Error('No container')
    world.machine.containers.set('foreign', { ...foreign, labels: { [label]: 'x' } })
    const asked: (string | null)[] = []
    const provider: Context['compose']['provider'] = async (maker, stop) => {
      asked.push(maker)
      return await world.ctx.compose.provider(maker, stop)
    }
    const used: unknown[] = []
    const up: Context['compose']['up'] = async (request, stop) => {
      used.push(request.provider)
      return await world.ctx.compose.up(request, stop)
    }
    await deploy(world, () =>
      pass({ ...world.ctx, compose: { ...world.ctx.compose, provider, up } }),
    )
    expect(new Set(asked)).toEqual(new Set([made, null]))
    expect(used).toEqual(['docker-compose', 'docker-compose'])
  })

  it('takes away what a provider made that is gone, before another makes its own', async () => {
    const world = withForeign({ host: { directories: { shop: '/home/me/shop' } } })
    const foreign = world.machine.containers.get('foreign')
    if (foreign === undefined) throw new Error('No container')
    const labels = { 'io.podman.compose.project': 'shop' }
    world.machine.containers.set('foreign', { ...foreign, labels })
    const { deployments, calls } = await deploy(world)
    const deployed = deployments.find(({ stack }) => stack === 'shop')
    expect(deployed?.outcome).toBe('succeeded')
    expect(deployed?.services.map(({ reasons }) => reasons.join())).toContain(
      'its provider changes from podman-compose, which is gone, to docker-compose',
    )
    const removal = calls.findIndex((call) => call.startsWith('remove') && call.includes('foreign'))
    const start = calls.findIndex((call) => call.startsWith('up shop'))
    expect(removal).toBeGreaterThan(-1)
    expect(removal).toBeLessThan(start)
  })
})

describe('revisionPushed() beside stacks that are refused', () => {
  it.each([
    ['outside the repository', 'web: {image: a, env_file: ../../secret.env}', {}],
    ['a symlink that leaves it', 'web: {image: a, env_file: link}', { 'shop/link': '../../x' }],
  ])('refuses what it refers to: %s', async (_title, service, more) => {
    const world = home({ 'shop/compose.yaml': compose(service), ...links(more) })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog succeeded', 'shop failed'])
    expect(deployments[1]?.file).toMatch(/^shop\//)
    expect(deployments[1]?.line).toBeGreaterThan(0)
    expect(deployments[1]?.remedy).toBeTruthy()
    expectUntouched(world, calls)
  })

  it('refuses a remote include where it stands', async () => {
    const file = `include:\n  - https://example.org/x.yaml\n${shop}`
    const world = home({ 'shop/compose.yaml': file })
    const { deployments, calls } = await deploy(world)
    expect(deployments[1]).toMatchObject({ file: 'shop/compose.yaml', line: 2, column: 5 })
    expectUntouched(world, calls)
  })

  it('refuses a compose file over 1 MiB', async () => {
    const world = home({ 'shop/compose.yaml': `${shop}${`# ${'x'.repeat(98)}\n`.repeat(10_600)}` })
    const { deployments, calls } = await deploy(world)
    expect(deployments[1]).toMatchObject({
      outcome: 'failed',
      file: 'shop/compose.yaml',
      line: 1,
    })
    expect(deployments[1]?.reason).toContain('over 1 MiB')
    expectUntouched(world, calls)
  })

  it('refuses an included file over 1 MiB, and one that is no text', async () => {
    for (const content of [`# ${'x'.repeat(1_048_576)}`, new Uint8Array([0xff, 0xfe, 0])]) {
      const world = home({
        'shop/compose.yaml': `include: [more.yaml]\n${shop}`,
        'shop/more.yaml': content,
      })
      const { deployments } = await deploy(world)
      expect(deployments[1]).toMatchObject({ outcome: 'failed', file: 'shop/more.yaml' })
    }
  })

  it('mounts a tracked file of any size that is no text', async () => {
    const world = home({
      'shop/compose.yaml': compose(`web: {image: ${web}, volumes: ["./logo.png:/logo.png"]}`),
      'shop/logo.png': new Uint8Array(1_100_000).fill(0xff),
    })
    expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
  })

  it('follows a tracked symlink to the compose file', async () => {
    const world = home({
      'shop/compose.yaml': { mode: '120000', content: 'real/shop.yaml' },
      'shop/real/shop.yaml': compose('web: {image: a, env_file: ../../../secret.env}'),
    })
    const { deployments } = await deploy(world)
    expect(deployments[1]).toMatchObject({ outcome: 'failed', file: 'shop/real/shop.yaml' })
  })

  it('refuses a compose file that does not parse, where it is broken', async () => {
    const world = home({ 'shop/compose.yaml': 'services:\n  web: {image: a\n' })
    const { deployments, calls } = await deploy(world)
    expect(deployments[1]).toMatchObject({ outcome: 'failed', file: 'shop/compose.yaml', line: 3 })
    expectUntouched(world, calls)
  })

  it('refuses a submodule', async () => {
    const world = home({ 'shop/lib': { mode: '160000', content: '' } })
    const { deployments, calls } = await deploy(world)
    expect(deployments[1]).toMatchObject({ outcome: 'failed', file: 'shop/lib' })
    expectUntouched(world, calls)
  })

  it('refuses what the provider refuses, in its words', async () => {
    const world = home({ 'shop/compose.yaml': compose('web: {image: a, env_file: absent.env}') })
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog succeeded', 'shop failed'])
    expect(deployments[1]?.reason).toContain('absent.env')
  })

  it('refuses an env_file that git dropped at once, though it lies in the home still', async () => {
    const file = compose(`web: {image: ${web}, env_file: a.env}`)
    const world = home({ 'shop/compose.yaml': file, 'shop/a.env': 'A=1\n' })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'shop/a.env': null })
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog unchanged', 'shop rolled-back'])
    expect(deployments[1]?.reason).toContain('a.env')
    expect(containers(world)).toEqual(before)
    world.files.write('shop', 'a.env', 'A=2\n')
    expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
  })

  it('tells a refusal once a commit, and that it is over', async () => {
    const file = compose(`web: {image: ${web}, env_file: own.env}`)
    const world = home({ 'shop/compose.yaml': file })
    world.files.write('shop', 'own.env', 'A=1\n')
    await deploy(world)
    world.files.remove('shop', 'own.env')
    expect(contexts(await deploy(world))).toEqual(['magos/nas failure', 'magos/nas/shop failure'])
    expect(contexts(await deploy(world))).toEqual([])
    expect(world.history.failed('shop')).toBeNull()
    expect(world.history.aside('shop')).toMatchObject({ outcome: 'rolled-back' })
    world.files.write('shop', 'own.env', 'A=1\n')
    expect(contexts(await deploy(world))).toEqual(['magos/nas success', 'magos/nas/shop success'])
    expect(contexts(await deploy(world))).toEqual([])
  })

  it('refuses two stacks of one project, naming both files', async () => {
    const world = home({ 'shop/compose.yaml': `name: blog\n${shop}` })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog failed', 'shop failed'])
    expect(deployments[0]?.reason).toBe(
      'Cannot tell stacks apart: "blog/compose.yaml" and "shop/compose.yaml" have the project name "blog"',
    )
    expect(calls).toEqual(['observe'])
  })

  it('refuses two stacks of one name, told in one status', async () => {
    const world = home({ 'a/b/compose.yaml': shop, 'a-b/compose.yaml': shop })
    const first = await deploy(world)
    expect(outcomes(first.deployments)).toEqual(['a-b failed', 'blog succeeded', 'shop succeeded'])
    expect(contexts(first).filter((one) => one.includes('a-b'))).toEqual(['magos/nas/a-b failure'])
    expect(contexts(await deploy(world))).toEqual([])
  })

  it.each([
    ['does not parse', 'stacks: [\n'],
    ['holds a key that nobody knows', 'stack: {}\n'],
    ['is a symlink', { mode: '120000', content: 'other.yaml' } as const],
  ])('touches nothing while .magos.yaml %s', async (_title, settings) => {
    const world = home({ '.magos.yaml': settings })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog failed', 'shop failed'])
    expect(deployments[0]).toMatchObject({ file: '.magos.yaml' })
    expect(deployments[0]?.remedy).toContain('.magos.yaml')
    expect(calls).toEqual(['observe'])
  })

  it('deploys the stacks of this host alone', async () => {
    const world = home({
      '.magos.yaml': 'stacks: {shop: {hosts: [pi]}, blog: {hosts: [pi, nas]}}\n',
    })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['blog succeeded'])
  })

  it('builds from a tracked folder at every pass', async () => {
    const world = home({
      'shop/compose.yaml': compose('web: {build: ./src}'),
      'shop/src/app.js': '1\n',
    })
    const read: Context['files']['read'] = async (stack, path, asked) => {
      if (path === 'src') throw new MagosError('storage', 'Read "src": it is no regular file')
      return world.files.read(stack, path, asked)
    }
    const ctx = { ...world.ctx, files: { ...world.files, read } }
    await deploy(world, () => pass(ctx))
    expect(outcomes((await deploy(world, () => pass(ctx))).deployments)).toContain('shop unchanged')
  })

  it('reads no file of the host for an allowed path, in a stack at the root either', async () => {
    const file = compose(`web: {image: ${web}, env_file: /etc/homelab/a.env}`)
    const world = createWorld({ 'compose.yaml': file }, { host: { allowPaths: ['/etc/homelab'] } })
    const asked: string[] = []
    const read: Context['files']['read'] = async (_stack, path) => {
      asked.push(path)
      return null
    }
    await deploy(world, () => pass({ ...world.ctx, files: { ...world.files, read } }))
    expect(asked).toEqual(['.env'])
  })
})

describe('revisionPushed() beside containers of somebody else', () => {
  it('holds the stack with the remedy, and says so once', async () => {
    const world = withForeign()
    const { deployments, calls, reports } = await deploy(world)
    expect(deployments[1]).toMatchObject({
      stack: 'shop',
      outcome: 'held',
      reason: 'project "shop" has containers that Magos did not make: shop-web-1',
      remedy:
        "Name the directory that holds its data in the daemon's YAML: stacks: {shop: {directory: /home/me/shop}}; or take it over from there: {directory: adopt}. A daemon that runs reads it when it starts anew",
    })
    expect(calls.filter((call) => /^(?:up|pull) .*shop/.test(call))).toEqual([])
    expect(world.files.list('shop')).toEqual({})
    expect(containers(world)['shop-web-1']).toBe('foreign')
    expect(reports.find(({ context }) => context.endsWith('/shop'))?.state).toBe('pending')
    expect((await deploy(world)).reports).toEqual([])
  })

  it('adopts them once the owner named the directory', async () => {
    const world = withForeign({ host: { directories: { shop: '/home/me/shop' } } })
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toContain('shop succeeded')
    expect(deployments[1]?.services).toContainEqual({
      name: 'web',
      action: 'recreate',
      reasons: ['its container was not made by Magos'],
    })
    expect(containers(world)['shop-web-1']).not.toBe('foreign')
  })

  it('holds a stack that was renamed, for its data stays in the old directory', async () => {
    const named = `name: proj\n${shop}`
    const world = home({ 'shop/compose.yaml': named })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'shop/compose.yaml': null, 'store/compose.yaml': named })
    const { deployments, calls } = await deploy(world)
    expect(deployments.find(({ stack }) => stack === 'store')).toMatchObject({
      outcome: 'held',
      reason:
        'containers of project "proj" have their data in "/memory/stacks/shop", and the stack\'s directory is now "/memory/stacks/store"',
      remedy: expect.stringContaining('stacks: {store: {directory: /memory/stacks/shop}}'),
    })
    expect(calls.filter((call) => /^(?:up|pull|remove)/.test(call))).toEqual([])
    expect(world.files.list('store')).toEqual({})
    expect(containers(world)).toEqual(before)
  })

  it('holds a stack whose project was renamed while the old one runs, named directory or not', async () => {
    const world = home({}, { host: { directories: { shop: '/memory/stacks/shop' } } })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'shop/compose.yaml': `name: other\n${shop}` })
    const held = {
      stack: 'shop',
      reason:
        'its project is named "other" now, and its containers run on as project "shop": shop-web-1, shop-db-1',
      remedy: expect.stringContaining('remove the containers: shop-web-1, shop-db-1'),
    }
    expect((await planRequested(world.ctx, null, signal)).refused).toMatchObject([held])
    const { deployments, calls } = await deploy(world)
    expect(deployments[1]).toMatchObject({ ...held, outcome: 'held' })
    expect(calls.filter((call) => /^(?:up|pull|remove)/.test(call))).toEqual([])
    expect(containers(world)).toEqual(before)
  })

  it('begins the project of the new name once the old containers are gone', async () => {
    const world = home()
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': `name: other\n${shop}` })
    await deploy(world)
    for (const [name, id] of Object.entries(containers(world))) {
      if (name.startsWith('shop-')) world.machine.containers.delete(id)
    }
    expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
    expect(Object.keys(containers(world))).toContain('other-web-1')
  })

  it('takes no other daemon’s containers for those of a former project', async () => {
    const world = home()
    await deploy(world)
    for (const one of world.machine.containers.values()) {
      const labels = { ...one.labels, 'magos.home': '/elsewhere' }
      world.machine.containers.set(one.id, { ...one, labels })
    }
    world.git.change({ 'shop/compose.yaml': `name: other\n${shop}` })
    expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
  })

  it('holds no stack whose owner named its directory', async () => {
    const world = home({}, { host: { directories: { shop: '/elsewhere/shop' } } })
    await deploy(world)
    const moved = { ...world.files, home: (stack: string) => `/elsewhere/${stack}` }
    const { deployments } = await deploy(world, () => pass({ ...world.ctx, files: moved }))
    expect(outcomes(deployments)).toEqual(['blog held', 'shop unchanged'])
  })

  it('takes no stack’s name for one that is configured', async () => {
    const world = withForeign({}, 'constructor')
    expect(outcomes((await deploy(world)).deployments)).toContain('constructor held')
  })
})

describe('revisionPushed() when something outside fails', () => {
  it('throws `engine` and records nothing when it cannot be reached', async () => {
    const world = home()
    world.machine.reach('away')
    await expect(pass(world.ctx)).rejects.toMatchObject({ code: 'engine' })
    expect(world.history.deployments(9)).toEqual([])
    expect(world.history.failed('shop')).toBeNull()
    expect(world.history.reached()).toBeNull()
    expect(world.files.list('shop')).toEqual({})
  })

  it('throws when the engine goes away under it, and does the rest when it is back', async () => {
    const world = home()
    const up: Context['compose']['up'] = async (request, asked) => {
      if (request.project === 'shop') world.machine.reach('away')
      return await world.ctx.compose.up(request, asked)
    }
    const ctx = { ...world.ctx, compose: { ...world.ctx.compose, up } }
    await expect(pass(ctx)).rejects.toMatchObject({ code: 'engine' })
    expect(world.history.failed('shop')).toBeNull()
    world.machine.reach('here')
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toContain('shop succeeded')
  })

  it('leaves one deployment of a stack open, however often the engine goes away in it', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    const ctx = failing(world, 'up', new MagosError('engine', 'It went away'))
    await expect(pass(ctx)).rejects.toMatchObject({ code: 'engine' })
    await expect(pass(ctx)).rejects.toMatchObject({ code: 'engine' })
    const ended = () => world.history.deployments(9).map(({ outcome }) => outcome)
    expect(ended()).toEqual([null, 'interrupted'])
    await deploy(world)
    expect(ended()).toEqual(['succeeded', 'interrupted', 'interrupted'])
  })

  it('ends the journal when the files cannot be laid, and the others go on', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    world.files.failNext(
      new MagosError('stack', 'Lay: held', { remedy: 'Clean up', place: { file: 'README.md' } }),
    )
    const { deployments } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'failed',
      reason: 'Lay: held',
      remedy: 'Clean up',
      file: 'README.md',
    })
    expect(world.history.interrupted(1)).toEqual([])
    expect(world.machine.calls.some((call) => call.startsWith('up'))).toBe(false)
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
  })

  it.each([
    ['a TypeError', new TypeError('planted'), 'TypeError'],
    ['an errno', Object.assign(new Error('planted'), { code: 'EIO' }), 'Error EIO'],
  ])('lays %s on its stack, tells none of its words, and logs them', async (_t, thrown, named) => {
    for (const step of ['resolve', 'up'] as const) {
      const world = home()
      const ctx = failing(world, step, thrown)
      const { deployments, reports } = await deploy(world, () => pass(ctx))
      expect(outcomes(deployments)).toEqual(['blog succeeded', 'shop failed'])
      expect(deployments[1]?.reason).toBe(`Cannot go on here: unexpected ${named}`)
      expect(deployments[1]?.remedy).toContain('log')
      expect(JSON.stringify([deployments, reports])).not.toContain('planted')
      const told = world.lines.find(({ fields }) => fields['error'] !== undefined)
      expect(told).toMatchObject({ level: 'error', fields: { stack: 'shop' } })
      expect(told?.fields['error']).toMatchObject({ code: 'internal', cause: thrown })
      expect(world.history.interrupted(1)).toEqual([])
      expect(outcomes((await deploy(world)).deployments)).toContain('shop succeeded')
    }
  })

  it.each(['engine', 'provider', 'git', 'network', 'storage', 'busy', 'interrupted'] as const)(
    'lays `%s` on no stack',
    async (code) => {
      for (const step of ['resolve', 'up'] as const) {
        const world = home()
        const ctx = failing(world, step, new MagosError(code, 'Not of this stack'))
        await expect(pass(ctx)).rejects.toMatchObject({ code })
        expect(world.history.failed('shop')).toBeNull()
      }
    },
  )

  it('lays an AbortError on no stack', async () => {
    const world = home()
    const ctx = failing(world, 'up', new DOMException('planted', 'AbortError'))
    await expect(pass(ctx)).rejects.toThrow('planted')
    expect(world.history.failed('shop')).toBeNull()
  })

  it('lays a git that refuses the stack’s own work tree on that stack', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    world.files.failNext(new MagosError('git', 'Ask git about "/srv/shop": dubious ownership'))
    const { deployments } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'failed',
      reason: 'Ask git about "/srv/shop": dubious ownership',
    })
  })

  it('lays a login that cannot be had on the stack that wants it', async () => {
    const world = home()
    const registry: Context['registry'] = {
      ...world.ctx.registry,
      async credential({ repository }) {
        if (repository === 'o/blog') return null
        throw new MagosError('network', 'Ask the helper: it hangs', { remedy: 'Mend it' })
      },
    }
    const { deployments } = await deploy(world, () => pass({ ...world.ctx, registry }))
    expect(outcomes(deployments)).toEqual(['blog succeeded', 'shop failed'])
    expect(deployments[1]).toMatchObject({ reason: 'Ask the helper: it hangs', remedy: 'Mend it' })
  })

  it.each(['unhealthy', 'exits'] as const)(
    'leaves the journal open when it is interrupted, and proves what it finds afterwards: %s',
    async (behaviour) => {
      const world = createWorld({ 'shop/compose.yaml': shop })
      world.machine.behave(web, behaviour)
      await interrupt(world)
      expect(world.history.reached()).toBeNull()
      expect(world.history.failed('shop')).toBeNull()
      expect(world.history.interrupted(1)).toMatchObject([
        { stack: 'shop', outcome: 'interrupted' },
      ])
      const { deployments } = await deploy(world)
      expect(outcomes(deployments)).toEqual(['shop failed'])
      expect(deployments[0]?.services.every(({ action }) => action === 'keep')).toBe(true)
    },
  )

  it('runs the old image again when git goes back while nobody looked', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    await interrupt(world)
    expect(images(world)).toContain(web2)
    world.git.change({ 'shop/compose.yaml': shop })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    expect(images(world)).toEqual([db, web])
  })

  it('takes no stack for refused because it was interrupted', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    const stop = new AbortController()
    const resolve: Context['compose']['resolve'] = async () => {
      stop.abort(new Error('stopping'))
      throw new MagosError('compose', 'Resolve: the provider was ended')
    }
    const ctx = { ...world.ctx, compose: { ...world.ctx.compose, resolve } }
    await expect(pass(ctx, stop.signal)).rejects.toThrow('stopping')
    expect(world.history.failed('shop')).toBeNull()
  })

  it('proves containers that it does not remember', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    await deploy(world)
    const { ctx } = createWorld({})
    const forgetful = { ...world.ctx, history: ctx.history }
    const before = containers(world)
    const { deployments, calls } = await deploy(world, () => pass(forgetful))
    expect(outcomes(deployments)).toEqual(['shop succeeded'])
    expect(calls).toEqual(['observe', 'provider', 'resolve shop', 'definitions'])
    expect(containers(world)).toEqual(before)
  })

  it('tells of a stack that was proven by a pass that did not end', async () => {
    const world = home()
    const up: Context['compose']['up'] = async (request, asked) => {
      if (request.project !== 'shop') return await world.ctx.compose.up(request, asked)
      throw new MagosError('provider', 'Run: it is not there any more')
    }
    const ctx = { ...dying(world), compose: { ...world.ctx.compose, up } }
    await expect(pass(ctx)).rejects.toMatchObject({ code: 'provider' })
    expect(contextsOf(world.raised.splice(0))).toEqual(['magos/nas/blog'])
    expect(contexts(await deploy(world))).toEqual([
      'magos/nas success',
      'magos/nas/blog success',
      'magos/nas/shop success',
    ])
  })
})

describe('revisionPushed() after a pass that did not come to its end', () => {
  it.each([
    ['a deployment that failed', { 'blog/compose.yaml': blog }, 'unhealthy'],
    ['an image that cannot be had', { 'blog/compose.yaml': blog }, 'pull-fails'],
    ['a refusal', { 'blog/compose.yaml': compose('blog: {image: a, env_file: gone}') }, 'healthy'],
  ] as const)('tells of %s in it, once', async (_title, files, behaviour) => {
    const world = home(files)
    world.machine.behave(`ghcr.io/o/blog@${digest(7)}`, behaviour)
    const failed = failing(world, 'up', new MagosError('engine', 'It went away'))
    await expect(pass(dying(world, failed))).rejects.toMatchObject({ code: 'engine' })
    expect(latestTrouble(world.history, 'blog')).not.toBeNull()
    expect(contextsOf(world.raised.splice(0))).toEqual(['magos/nas/blog'])
    expect(contexts(await deploy(world))).toEqual([
      'magos/nas failure',
      'magos/nas/blog failure',
      'magos/nas/shop success',
    ])
    expect(contexts(await deploy(world))).toEqual([])
  })

  it('tells nobody twice where another pass of the same process lies beside it', async () => {
    const { world } = await breakShop()
    world.machine.behave(`ghcr.io/o/web@${digest(3)}`, 'unhealthy')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, `ghcr.io/o/web@${digest(3)}`) })
    // The commit is not reached yet: that is noted by an event.
    const { followUps } = await pass(world.ctx)
    expect(contextsOf(world.raised.splice(0))).toEqual(['magos/nas/shop'])
    expect(contextsOf([...followUps])).toEqual(['magos/nas'])
    const again = await pass(world.ctx)
    expect(contextsOf([...world.raised.splice(0), ...again.followUps])).toEqual([])
  })

  it('tells of a failure whose answer was not stored', async () => {
    const { world } = await breakShop()
    world.machine.behave(`ghcr.io/o/web@${digest(3)}`, 'unhealthy')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, `ghcr.io/o/web@${digest(3)}`) })
    await pass(dying(world))
    expect(contextsOf(world.raised.splice(0))).toEqual(['magos/nas/shop'])
    expect(contexts(await deploy(world))).toEqual(['magos/nas failure', 'magos/nas/shop failure'])
  })
})

describe('revisionPushed() reports', () => {
  it('gives one status for the host and one for each stack that changed', async () => {
    const world = home()
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    const { commit } = await world.git.head(signal)
    const { reports } = await deploy(world)
    expect(reports).toEqual([
      {
        commit,
        context: 'magos/nas',
        state: 'success',
        description: '1 succeeded, 1 unchanged',
      },
      {
        commit,
        context: 'magos/nas/shop',
        state: 'success',
        description: 'healthy and steady for 0.3 s',
      },
    ])
  })

  it('gives the host’s status for a commit that changes no stack', async () => {
    const world = home()
    await deploy(world)
    world.git.change({ 'README.md': 'x' })
    expect(contexts(await deploy(world))).toEqual(['magos/nas success'])
  })

  it('tells a failure as one', async () => {
    const { world, reports } = await breakShop()
    expect(reports.map(({ context, state, description }) => [context, state, description])).toEqual(
      [
        ['magos/nas', 'failure', '1 rolled-back, 1 unchanged'],
        ['magos/nas/shop', 'failure', expect.stringMatching(/^service "web" is unhealthy; rolled/)],
      ],
    )
    expect(world.told).toEqual([])
  })

  it('keeps a description within 140 characters, none of them cut in half', async () => {
    const world = home({
      'shop/compose.yaml': compose(`web: {image: ${web}, env_file: ${'🦀'.repeat(99)}}`),
    })
    const { reports } = await deploy(world)
    const long = reports.find(({ context }) => context === 'magos/nas/shop')?.description ?? ''
    expect(long.endsWith('…')).toBe(true)
    expect(long.length).toBeLessThanOrEqual(140)
    expect(long.length).toBeGreaterThan(130)
    expect(long.isWellFormed()).toBe(true)
  })

  it('gives none where there is nobody to report to', async () => {
    const world = home()
    const { reports } = await deploy(world, () => pass({ ...world.ctx, reports: null }))
    expect(reports).toEqual([])
  })
})

describe('deployRevision() for one stack', () => {
  it('leaves the others and what the host reached alone', async () => {
    const world = home()
    const { deployments } = await deploy(world, byPerson)
    expect(outcomes(deployments)).toEqual(['shop succeeded'])
    expect(Object.keys(containers(world))).toEqual(['shop-web-1', 'shop-db-1'])
    expect(world.history.reached()).toBeNull()
  })

  it('gives the host a status that is about all of its stacks', async () => {
    const { world } = await breakShop()
    const { reports } = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'blog', asked: 'by-person' }, signal),
    )
    expect(reports).toEqual([])
    world.machine.containers.delete(containers(world)['blog-blog-1'] ?? '')
    const mended = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'blog', asked: 'by-person' }, signal),
    )
    expect(contexts(mended)).toEqual(['magos/nas failure', 'magos/nas/blog success'])
    expect(mended.reports[0]?.description).toBe('1 rolled-back, 1 succeeded')
  })

  it('says that another one waits for its first time', async () => {
    expect(contexts(await deploy(home(), byPerson))).toEqual([
      'magos/nas pending',
      'magos/nas/shop success',
    ])
  })

  it('throws `usage` for a stack that this host does not have', async () => {
    const world = home()
    await expect(
      deployRevision(world.ctx, { stack: 'shpo', asked: 'by-person' }, signal),
    ).rejects.toMatchObject({
      code: 'usage',
      message: 'Cannot find stack "shpo" on this host: there are blog, shop',
    })
  })
})

type Files = Parameters<typeof createWorld>[0]

function home(more: Files = {}, options: WorldOptions = {}): World {
  const files = {
    'shop/compose.yaml': shop,
    'shop/README.md': '# Shop\n',
    'blog/compose.yaml': blog,
  }
  return createWorld({ ...files, ...more }, options)
}

function pass(ctx: Context, asked: AbortSignal = signal) {
  return revisionPushed(ctx, { kind: 'revision-pushed' }, asked)
}

function byPerson(ctx: Context) {
  return deployRevision(ctx, { stack: 'shop', asked: 'by-person' }, signal)
}

/** Deploys, changes the files, and deploys again; `kept` are containers that are the same. */
async function change(files: Parameters<World['git']['change']>[0], before: Files = {}) {
  const world = home(before)
  await deploy(world)
  const old = containers(world)
  world.git.change(files)
  const result = await deploy(world)
  const now = containers(world)
  return { world, ...result, kept: Object.keys(old).filter((name) => old[name] === now[name]) }
}

async function breakShop(behaviour: 'unhealthy' | 'exits' = 'unhealthy') {
  const world = home()
  await deploy(world)
  world.machine.behave(web2, behaviour)
  world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
  return { world, ...(await deploy(world)) }
}

/** A world in which one call of the provider for `shop` throws. */
/** A process that dies behind its pass: what it knew of itself is gone with it. */
function dying(world: World, ctx: Context = world.ctx): Context {
  return { ...ctx, views: createViews() }
}

function failing(world: World, step: 'resolve' | 'up', thrown: unknown): Context {
  const { compose: provider } = world.ctx
  const refuse = (at: typeof step, project: string): void => {
    if (at === step && project === 'shop') throw thrown
  }
  const failed: Context['compose'] = {
    ...provider,
    async resolve(request, asked) {
      refuse('resolve', request.project)
      return provider.resolve(request, asked)
    },
    async up(request, asked) {
      refuse('up', request.project)
      return provider.up(request, asked)
    },
  }
  return { ...world.ctx, compose: failed }
}

/** A pass that is ended as soon as the provider has done its part. */
async function interrupt(world: World): Promise<void> {
  const stop = new AbortController()
  const up: Context['compose']['up'] = async (request, asked) => {
    const evidence = await world.ctx.compose.up(request, asked)
    stop.abort(new Error('stopping'))
    return evidence
  }
  const ctx = { ...world.ctx, compose: { ...world.ctx.compose, up } }
  await expect(pass(ctx, stop.signal)).rejects.toThrow('stopping')
}

function statusOf({ history }: World): 'failed' | 'proven' {
  return latestTrouble(history, 'shop') === null ? 'proven' : 'failed'
}

function images({ machine }: World): string[] {
  return [...machine.containers.values()].map(({ image }) => image).toSorted()
}

function withForeign(options: WorldOptions = {}, stack = 'shop'): World {
  const world = home({ [`${stack}/compose.yaml`]: shop }, options)
  world.machine.containers.set('foreign', {
    id: 'foreign',
    name: `${stack}-web-1`,
    project: stack,
    service: 'web',
    image: web,
    definition: '',
    labels: { 'com.docker.compose.project.working_dir': '/home/me/shop' },
    restarts: 'no',
    imageId: 'a'.repeat(64),
    ports: [],
    startedAt: 1,
    stopped: null,
  })
  return world
}

function links(files: Readonly<Record<string, string>>): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      { mode: path.endsWith('link') ? '120000' : '100644', content },
    ]),
  )
}

function expectUntouched(world: World, calls: readonly string[]): void {
  expect(world.files.list('shop')).toEqual({})
  expect(calls.filter((call) => call.includes('shop'))).toEqual([])
}

function running({ machine }: World): Record<string, string> {
  return Object.fromEntries(machine.observed(null).map(({ name, state }) => [name, state]))
}

function contexts({ reports }: Awaited<ReturnType<typeof deploy>>): string[] {
  return reports.map(({ context, state }) => `${context} ${state}`)
}

/** Of the statuses that were raised while others were under way. */
function contextsOf(raised: World['raised']): string[] {
  return raised.flatMap(({ event }) =>
    event.kind === 'report-due' && event.report.kind === 'status' ? [event.report.context] : [],
  )
}

describe('revisionPushed() and what failed', () => {
  it('raises update-failed in every pass, until git wants another state', async () => {
    const world = home()
    await deploy(world)
    const { commit: proven } = await world.git.head(signal)
    world.machine.behave(web2, 'exits')
    const { commit } = world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    const reason = 'service "web" exited with 7'
    const words = 'web: coming up\nweb: going down'
    const event = { kind: 'update-failed', stack: 'shop', commit, proven, reason, words }
    expect(await failures(world)).toEqual([event])
    expect(await failures(world)).toEqual([event])
    world.git.change({ 'README.md': 'else\n' })
    expect(await failures(world)).toEqual([event])
    world.git.change({ 'shop/compose.yaml': shop })
    expect(await failures(world)).toEqual([])
  })

  it('raises none for what was not touched', async () => {
    const world = home()
    await deploy(world)
    world.machine.behave(web2, 'pull-fails')
    world.registry.push(webImage, '2', digest(2))
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web2) })
    expect(await failures(world)).toEqual([])
  })

  it('says where nothing was proven before, and bounds the words', async () => {
    const world = createWorld({ 'shop/compose.yaml': compose(`web: {image: ${web}}`) })
    world.machine.behave(web, 'exits')
    const said = `${'x'.repeat(3_000)}\n${'y'.repeat(1_500)}\nlast 🦀\n`
    const engine = { ...world.ctx.engine, logs: async () => await Promise.resolve(said) }
    await pass({ ...world.ctx, engine })
    const event = world.raised.map((one) => one.event).find(({ kind }) => kind === 'update-failed')
    expect(event).toMatchObject({ proven: null })
    const words = event?.kind === 'update-failed' ? event.words : ''
    expect(words).toBe(`web: ${'y'.repeat(1_500)}\nweb: last 🦀`)
  })
})

async function failures(world: World) {
  await pass(world.ctx)
  const raised = world.raised.splice(0)
  return raised.map(({ event }) => event).filter(({ kind }) => kind === 'update-failed')
}
