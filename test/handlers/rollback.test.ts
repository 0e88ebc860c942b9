import { describe, expect, it } from 'vitest'
import type { Context } from '../../handlers/context.ts'
import { deployRevision, revisionPushed } from '../../handlers/revision-pushed.ts'
import { planRequested } from '../../handlers/plan-requested.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import { MagosError } from '../../src/domain/error.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { dying, Killed, type Death } from './dying.ts'
import { status } from './status.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World, WorldOptions } from './world.ts'

const web = `ghcr.io/o/web@${digest(1)}`
const web2 = `ghcr.io/o/web@${digest(2)}`
const db = `ghcr.io/o/db@${digest(5)}`
const shop = compose(`web: {image: ${web}}`, `db: {image: ${db}}`)
const broken = shop.replace(web, web2)

describe('a deployment that fails its proof', () => {
  it('runs the last good state again, with its files, and leaves what did not change', async () => {
    const world = await proven({ 'shop/compose.yaml': shop, 'shop/README.md': 'old\n' })
    const before = containers(world)
    const files = world.files.list('shop')
    const { deployments } = await fail(world, {
      'shop/compose.yaml': broken,
      'shop/README.md': 'new\n',
      'shop/more.txt': 'more\n',
    })
    expect(outcomes(deployments)).toEqual(['shop rolled-back'])
    expect(images(world)).toEqual([db, web])
    expect(containers(world)['shop-db-1']).toBe(before['shop-db-1'])
    expect(world.files.list('shop')).toEqual(files)
    expect(world.machine.observed(null).every(({ state }) => state === 'running')).toBe(true)
  })

  it.each(['web2 is well', 'web2 fails'] as const)(
    'is not to blame for a container of another service whose stop hangs: %s',
    async (how) => {
      const world = await proven({ 'shop/compose.yaml': shop })
      world.machine.hang(containers(world)['shop-db-1'] ?? '')
      if (how === 'web2 fails') world.machine.behave(web2, 'exits')
      world.git.change({ 'shop/compose.yaml': broken })
      const { deployments } = await deploy(world)
      const isWell = how === 'web2 is well'
      expect(outcomes(deployments)).toEqual([isWell ? 'shop succeeded' : 'shop rolled-back'])
      expect(images(world)).toEqual([db, isWell ? web2 : web])
      expect(world.machine.observed(null).every(({ state }) => state === 'running')).toBe(true)
    },
  )

  it('is recorded before anything is undone', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const seen: unknown[] = []
    const up: Context['compose']['up'] = async (request, asked) => {
      seen.push(world.history.failed('shop')?.restored ?? null)
      return await world.ctx.compose.up(request, asked)
    }
    world.machine.behave(web2, 'exits')
    world.git.change({ 'shop/compose.yaml': broken })
    await pass({ ...world.ctx, compose: { ...world.ctx.compose, up } })
    expect(seen).toEqual([null, 'due'])
    expect(world.history.failed('shop')).toMatchObject({ restored: 'done', retry: 'when-changed' })
  })

  it('says both: why it failed, and what runs now', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const { commit } = await world.git.head(signal)
    const { deployments, reports } = await fail(world, { 'shop/compose.yaml': broken })
    const reason = `service "web" exited with 7; rolled back to ${commit.slice(0, 12)}: healthy and steady for 0.3 s`
    expect(deployments[0]?.reason).toBe(reason)
    expect(reports.map(({ state, description }) => [state, description])).toEqual([
      ['failure', '1 rolled-back'],
      ['failure', reason],
    ])
  })

  it('names the newest commit of which the last good state was proven', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const state = world.history.proven('shop')
    if (state === null) throw new Error('Nothing was proven')
    world.history.prove({ ...state, commit: 'c0ffee'.repeat(7) })
    const { deployments } = await fail(world, { 'shop/compose.yaml': broken })
    expect(deployments[0]?.reason).toContain('; rolled back to c0ffeec0ffee: healthy')
    world.machine.behave(`ghcr.io/o/web@${digest(9)}`, 'pull-fails')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, `ghcr.io/o/web@${digest(9)}`) })
    const untouched = await deploy(world)
    expect(untouched.deployments[0]?.reason).toContain('runs on (c0ffeec0ffee)')
  })

  it('destroys nothing where there is no last good state, and tries no other', async () => {
    const world = createWorld({ 'shop/compose.yaml': broken })
    world.machine.behave(web2, 'exits')
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop failed'])
    expect(calls.filter((call) => /^(?:remove|up)/.test(call))).toEqual(['up shop all'])
    expect(world.history.failed('shop')).toMatchObject({ restored: 'none' })
    expect((await deploy(world)).calls).toEqual(['observe'])
  })

  it('says so where the last good state fails too, and tries neither again', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const { commit } = await world.git.head(signal)
    world.machine.behave(web, 'unhealthy')
    const { deployments } = await fail(world, { 'shop/compose.yaml': broken })
    expect(deployments[0]).toMatchObject({
      outcome: 'failed',
      reason: `service "web" exited with 7; and the last good state (${commit.slice(0, 12)}) could not be restored: service "web" is unhealthy`,
    })
    for (let again = 0; again < 3; again += 1) {
      expect((await deploy(world)).calls).toEqual(['observe'])
    }
    expect((await stacks(world))[0]).toMatchObject({ state: 'failed' })
    world.machine.behave(web, 'healthy')
    world.git.change({ 'shop/compose.yaml': shop })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
  })

  it('needs nothing of git: the old commit may be gone', async () => {
    const world = await proven({ 'shop/compose.yaml': shop, 'shop/README.md': 'old\n' })
    world.machine.behave(web2, 'exits')
    world.git.change({ 'shop/compose.yaml': broken, 'shop/README.md': 'new\n' })
    const now = new Set((await world.git.tree(await world.git.head(signal), signal)).map(oidOf))
    const source: Context['source'] = {
      ...world.ctx.source,
      async read(entry, asked) {
        if (!now.has(entry.oid)) throw new MagosError('git', 'It was garbage, and is collected')
        return await world.ctx.source.read(entry, asked)
      },
    }
    const { answer } = await pass({ ...world.ctx, source })
    expect(outcomes(answer.deployments)).toEqual(['shop rolled-back'])
    expect(world.files.list('shop')).toMatchObject({ 'README.md': 'old\n' })
  })

  it('reads an untracked .env as it was when the state was proven, and writes none', async () => {
    const world = createWorld({ 'shop/compose.yaml': withOwnEnv(web) })
    world.files.write('shop', 'own.env', 'A=1\n')
    await deploy(world)
    const labels = hashes(world)
    world.files.write('shop', 'own.env', 'A=2\n')
    const { deployments } = await fail(world, { 'shop/compose.yaml': withOwnEnv(web2) })
    expect(outcomes(deployments)).toEqual(['shop rolled-back'])
    expect(hashes(world)).toEqual(labels)
    expect(world.files.list('shop')['own.env']).toBe('A=2\n')
  })

  it('is tried again when a person asks, and rolled back again', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    await fail(world, { 'shop/compose.yaml': broken })
    const again = await deploy(world, byPerson)
    expect(outcomes(again.deployments)).toEqual(['shop rolled-back'])
    expect(again.calls.filter((call) => call.startsWith('up'))).toHaveLength(2)
    world.machine.behave(web2, 'healthy')
    expect(outcomes((await deploy(world, byPerson)).deployments)).toEqual(['shop succeeded'])
  })

  it('is rolled back as well, once, where nobody foresaw what happened', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    let ups = 0
    const up: Context['compose']['up'] = async (request, asked) => {
      ups += 1
      if (ups === 1) throw new TypeError('planted')
      return await world.ctx.compose.up(request, asked)
    }
    const ctx = { ...world.ctx, compose: { ...world.ctx.compose, up } }
    world.git.change({ 'shop/compose.yaml': broken })
    const first = await pass(ctx)
    expect(first.answer.deployments).toMatchObject([{ outcome: 'rolled-back' }])
    expect(outcomes((await deploy(world, () => pass(ctx))).deployments)).toEqual([
      'shop rolled-back',
    ])
    expect(ups).toBe(1)
  })

  it('blames nothing for restarts that it had behind it before', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const old = containers(world)['shop-db-1']
    const shown = (state: ObservedState): ObservedState => ({
      ...state,
      containers: state.containers.map((one): ObservedContainer => {
        return one.id === old ? { ...one, restartCount: 9 } : one
      }),
    })
    const { engine } = world.ctx
    const restarted: Context['engine'] = {
      ...engine,
      observe: async (asked) => shown(await engine.observe(asked)),
      async *watch(project, asked) {
        for await (const state of engine.watch(project, asked)) yield shown(state)
      },
    }
    world.git.change({ 'shop/compose.yaml': broken })
    const { answer } = await pass({ ...world.ctx, engine: restarted })
    expect(outcomes(answer.deployments)).toEqual(['shop succeeded'])
    expect(containers(world)['shop-db-1']).toBe(old)
  })

  it('is known although the history is lost: what was kept last is the last good state', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const { history } = openMemoryStore({ now: () => world.ctx.now })
    world.machine.behave(web2, 'exits')
    world.git.change({ 'shop/compose.yaml': broken })
    const { answer } = await pass({ ...world.ctx, history })
    expect(outcomes(answer.deployments)).toEqual(['shop rolled-back'])
    expect(images(world)).toEqual([db, web])
    world.git.change({ 'shop/compose.yaml': shop })
    const after = await pass({ ...world.ctx, history })
    expect(outcomes(after.answer.deployments)).toEqual(['shop unchanged'])
  })

  it('gives what stays another start where the failure beside it made it ill', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const before = containers(world)
    const ctx = sickening(world, web2, before['shop-db-1'] ?? '')
    world.git.change({ 'shop/compose.yaml': broken })
    const { answer } = await pass(ctx)
    expect(answer.deployments[0]).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringMatching(/^service "db" is unhealthy; rolled back/),
    })
    expect(containers(world)['shop-db-1']).toBe(before['shop-db-1'])
    expect(world.machine.calls).toContain(`restart ${before['shop-db-1']}`)
  })

  it('is shown by the plan, with what a person would try again', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    expect((await planRequested(world.ctx, null, signal)).stacks[0]).not.toHaveProperty('failed')
    await fail(world, { 'shop/compose.yaml': broken })
    expect((await planRequested(world.ctx, null, signal)).stacks).toMatchObject([
      {
        name: 'shop',
        services: [{ action: 'keep' }, { action: 'recreate' }],
        failed: expect.stringMatching(/^service "web" exited with 7; rolled back to/),
      },
    ])
  })

  it('takes away what it made under another project name', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const renamed = { 'shop/compose.yaml': `name: other\n${broken}` }
    expect(outcomes((await fail(world, renamed)).deployments)).toEqual(['shop held'])
    for (const id of Object.values(containers(world))) world.machine.containers.delete(id)
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop rolled-back'])
    expect(Object.keys(containers(world)).toSorted()).toEqual(['shop-db-1', 'shop-web-1'])
  })
})

describe('the last good state', () => {
  it('is the desired one while git is ahead: what is gone of it comes back', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    await fail(world, { 'shop/compose.yaml': broken })
    world.machine.containers.delete(containers(world)['shop-db-1'] ?? '')
    const { deployments, calls, reports } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop rolled-back'])
    expect(calls).toContain('up shop db')
    expect(calls.join()).not.toContain(web2)
    expect(images(world)).toEqual([db, web])
    expect(reports.map(({ state }) => state)).toEqual(['failure', 'failure'])
  })

  it('is the newest proven one, kept for each stack until the next', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const web3 = `ghcr.io/o/web@${digest(3)}`
    const before = world.history.proven('shop')?.inputs ?? ''
    const { commit } = world.git.change({ 'shop/compose.yaml': shop.replace(web, web3) })
    await deploy(world)
    const inputs = world.history.proven('shop')?.inputs ?? ''
    expect((await world.ctx.lastGood.recall('shop', inputs))?.commit).toBe(commit)
    expect(await world.ctx.lastGood.recall('shop', before)).toBeNull()
    await fail(world, { 'shop/compose.yaml': broken })
    expect(images(world)).toEqual([db, web3])
  })

  it('is kept as well where nothing had to be deployed', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    world.git.change({ 'shop/README.md': 'new\n' })
    await deploy(world)
    const inputs = world.history.proven('shop')?.inputs ?? ''
    const kept = await world.ctx.lastGood.recall('shop', inputs)
    expect(kept?.files.map(({ path }) => path)).toContain('shop/README.md')
  })

  it('runs the very image that an unpinned service ran, pulling nothing for it', async () => {
    const world = await proven({ 'shop/compose.yaml': unpinned('') })
    const [old] = world.machine.observed(null)
    world.machine.push('ghcr.io/o/web:1', 'exits')
    world.git.change({ 'shop/compose.yaml': unpinned(', tty: true') })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop rolled-back'])
    expect(world.machine.observed(null)).toMatchObject([
      { imageId: old?.imageId, state: 'running', labels: old?.labels },
    ])
    expect(calls.filter((call) => call.startsWith('pull'))).toHaveLength(1)
    expect((await deploy(world)).calls).toEqual(['observe'])
  })

  it('has an image anew that was removed meanwhile, and says so', async () => {
    const world = await proven({ 'shop/compose.yaml': unpinned('') })
    world.machine.prune(world.machine.observed(null)[0]?.imageId ?? '')
    world.machine.push('ghcr.io/o/web:1', 'exits')
    world.git.change({ 'shop/compose.yaml': unpinned(', tty: true') })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop failed'])
    const told = world.lines.find(({ message }) => message.startsWith('Image that ran is gone'))
    expect(told).toMatchObject({ level: 'warn', fields: { service: 'web' } })
  })

  it('builds nothing: what was built before still has its id', async () => {
    const world = await proven({ 'shop/compose.yaml': built(''), 'shop/src/app.js': '1\n' })
    const documents: unknown[] = []
    const up: Context['compose']['up'] = async (request, asked) => {
      documents.push(request.document.services['web'])
      return await world.ctx.compose.up(request, asked)
    }
    world.machine.behave('local/web', 'exits')
    world.git.change({ 'shop/compose.yaml': built(', tty: true') })
    await pass({ ...world.ctx, compose: { ...world.ctx.compose, up } })
    expect(documents).toHaveLength(2)
    expect(documents[0]).toMatchObject({ build: './src' })
    expect(documents[1]).not.toHaveProperty('build')
    expect(documents[1]).toMatchObject({ image: 'local/web' })
  })
})

describe('an image that cannot be had', () => {
  const image = { registry: 'ghcr.io', repository: 'o/web' }

  it('is given up where the registry says that there is no such digest', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const before = [containers(world), world.files.list('shop')]
    world.machine.behave(web2, 'pull-fails')
    world.registry.push(image, '1', digest(1))
    world.git.change({ 'shop/compose.yaml': broken, 'shop/README.md': 'new\n' })
    const { deployments, calls } = await deploy(world)
    expect(deployments).toMatchObject([{ outcome: 'rolled-back' }])
    expect(deployments[0]?.reason).toMatch(
      /manifest unknown; nothing was touched, and the last good state runs on \(\w{12}\)$/,
    )
    expect([containers(world), world.files.list('shop')]).toEqual(before)
    expect(calls.filter((call) => /^(?:up|remove)/.test(call))).toEqual([])
    expect((await deploy(world)).calls).toEqual(['observe'])
    expect(await failures(world)).toMatchObject([{ stack: 'shop', words: '' }])
  })

  it.each(['network', 'unauthorized', 'rate-limit'] as const)(
    'is waited for where the registry does not say so: %s',
    async (code) => {
      const world = await proven({ 'shop/compose.yaml': shop })
      world.machine.behave(web2, 'pull-fails')
      world.registry.fail(image, code)
      world.git.change({ 'shop/compose.yaml': broken })
      expect(outcomes((await deploy(world)).deployments)).toEqual(['shop failed'])
      expect(await failures(world)).toEqual([])
      world.machine.behave(web2, 'healthy')
      expect(outcomes((await deploy(world)).deployments)).toEqual(['shop succeeded'])
    },
  )

  it('is waited for where a tag names it, for a tag may come', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const tagged = shop.replace(web, '"ghcr.io/o/web:9"')
    world.machine.behave('ghcr.io/o/web:9', 'pull-fails')
    world.registry.push(image, '1', digest(1))
    world.git.change({ 'shop/compose.yaml': tagged })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop failed'])
    expect((await deploy(world)).calls).toContain('pull ghcr.io/o/web:9')
  })

  it.each(['definite', 'passing'])(
    'has the last good state tried again that could not be restored before: %s',
    async (certainty) => {
      const world = await proven({ 'shop/compose.yaml': shop })
      world.machine.behave(web, 'unhealthy')
      await fail(world, { 'shop/compose.yaml': broken })
      expect(world.history.failed('shop')?.restored).toBe('failed')
      const web3 = `ghcr.io/o/web@${digest(3)}`
      world.machine.behave(web3, 'pull-fails')
      world.registry.push(image, '3', digest(certainty === 'definite' ? 1 : 3))
      world.git.change({ 'shop/compose.yaml': shop.replace(web, web3) })
      expect(outcomes((await deploy(world)).deployments)).toEqual(['shop failed'])
      expect(world.history.failed('shop')?.restored).toBe('failed')
      world.git.change({ 'shop/compose.yaml': shop })
      expect(outcomes((await deploy(world)).deployments)).toEqual(['shop failed'])
      world.machine.behave(web, 'healthy')
      expect(outcomes((await deploy(world, byPerson)).deployments)).toEqual(['shop succeeded'])
    },
  )

  it('brings back what an interrupted deployment left half done', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    world.machine.behave(web2, 'exits')
    world.git.change({ 'shop/compose.yaml': broken })
    const died = dying(world.ctx, await stepBefore(world, 'history.restore'))
    await expect(pass(died.ctx)).rejects.toBeInstanceOf(Killed)
    expect(images(world)).toEqual([db, web2])
    const web3 = `ghcr.io/o/web@${digest(3)}`
    world.machine.behave(web3, 'pull-fails')
    world.git.change({ 'shop/compose.yaml': shop.replace(web, web3) })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop rolled-back'])
    expect(images(world)).toEqual([db, web])
  })
})

describe('a service that was renamed', () => {
  it('takes over the port of what it was before', async () => {
    const world = await proven({ 'shop/compose.yaml': named('web', web) })
    world.git.change({ 'shop/compose.yaml': named('front', web) })
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['shop succeeded'])
    expect(Object.keys(containers(world)).toSorted()).toEqual(['shop-db-1', 'shop-front-1'])
  })

  it('comes back under its old name when the new one fails', async () => {
    const world = await proven({ 'shop/compose.yaml': named('web', web) })
    const { deployments } = await fail(world, { 'shop/compose.yaml': named('front', web2) })
    expect(outcomes(deployments)).toEqual(['shop rolled-back'])
    expect(Object.keys(containers(world)).toSorted()).toEqual(['shop-db-1', 'shop-web-1'])
  })

  it('takes over a container name too, and leaves an orphan that is not in its way till the end', async () => {
    const own = `{image: ${web}, container_name: shop-web-1}`
    const world = await proven({
      'shop/compose.yaml': compose(`web: ${own}`, `db: {image: ${db}}`),
    })
    const old = containers(world)
    world.git.change({ 'shop/compose.yaml': compose(`front: ${own}`) })
    const { calls } = await deploy(world)
    const removals = calls.filter((call) => call.startsWith('remove') || call.startsWith('up'))
    expect(removals).toEqual([
      `remove ${old['shop-web-1']}`,
      'up shop all',
      `remove ${old['shop-db-1']}`,
    ])
  })

  it('fails where somebody else has the port, and what was before runs again', async () => {
    const world = await proven({
      'shop/compose.yaml': shop,
      'blog/compose.yaml': compose(`blog: {image: ${web}, ports: ["127.0.0.1:8080:80"]}`),
    })
    world.git.change({ 'shop/compose.yaml': named('web', web2) })
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['blog unchanged', 'shop rolled-back'])
    expect(images(world)).toEqual([db, web, web])
  })
})

describe('a state that is refused', () => {
  it('leaves the last good state running, and says so', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const before = containers(world)
    world.git.change({ 'shop/compose.yaml': compose('web: {image: a, env_file: gone.env}') })
    const { deployments } = await deploy(world)
    expect(deployments).toMatchObject([{ outcome: 'rolled-back' }])
    expect(deployments[0]?.reason).toMatch(
      /gone\.env.*; nothing was touched, and the last good state runs on/,
    )
    expect(containers(world)).toEqual(before)
    expect((await stacks(world))[0]).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('the last good state runs on'),
    })
  })

  it('is a failure where nothing ran before', async () => {
    const world = createWorld({
      'shop/compose.yaml': compose('web: {image: a, env_file: gone.env}'),
    })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['shop failed'])
  })

  it('makes nobody forget what failed before', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    await fail(world, { 'shop/compose.yaml': broken })
    world.git.change({ 'shop/compose.yaml': 'services: [\n' })
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': broken })
    expect((await deploy(world)).calls).toEqual(['observe'])
  })
})

describe('SIGKILL at any step', () => {
  it.each([
    ['that fails is rolled back', 'exits', 'rolled-back', [db, web]],
    ['that is well succeeds', 'healthy', 'proven', [db, web2]],
  ] as const)('of a deployment %s at the next start', async (_title, behaviour, state, run) => {
    const lives: { readonly death: string; readonly life: unknown }[] = []
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += 1) {
        const { death, life } = await liveOn(behaviour, { at, when })
        if (death === null) break
        lives.push({ death, life })
      }
    }
    const readme = behaviour === 'healthy' ? 'new\n' : 'old\n'
    const well = {
      images: run,
      unchanged: 'kept',
      readme,
      lastGood: 'kept',
      told: true,
      state,
      calls: ['observe'],
    }
    expect(lives).toEqual(lives.map(({ death }) => ({ death, life: well })))
    expect(lives.length).toBeGreaterThan(40)
  })
})

/** Kills a deployment there, starts again, and tells what became of it. */
async function liveOn(behaviour: 'exits' | 'healthy', death: Death) {
  const world = await proven({ 'shop/compose.yaml': shop, 'shop/README.md': 'old\n' })
  const before = containers(world)['shop-db-1']
  world.machine.behave(web2, behaviour)
  world.git.change({ 'shop/compose.yaml': broken, 'shop/README.md': 'new\n' })
  const { ctx, died } = dying(world.ctx, death)
  const thrown = await pass(ctx).then(
    () => null,
    (error: unknown) => error,
  )
  const step = died()
  if (step === null) return { death: null, life: null }
  if (!(thrown instanceof Killed)) throw new Error(`Survived ${step}`, { cause: thrown })
  world.history.interrupted(world.ctx.now)
  const { reports } = await deploy(world)
  const { inputs = '' } = world.history.proven('shop') ?? {}
  const kept = await world.ctx.lastGood.recall('shop', inputs)
  const life = {
    images: images(world),
    unchanged: containers(world)['shop-db-1'] === before ? 'kept' : 'made anew',
    readme: world.files.list('shop')['README.md'],
    lastGood: kept === null ? 'lost' : 'kept',
    told: reports.length > 0,
    state: (await stacks(world))[0]?.state,
    calls: (await deploy(world)).calls,
  }
  return { death: `${step} ${death.when} (${death.at})`, life }
}

describe('statusRequested() while a stack is worked on', () => {
  it('says deploying, and restoring', async () => {
    const world = await proven({ 'shop/compose.yaml': shop })
    const states: unknown[] = []
    const up: Context['compose']['up'] = async (request, asked) => {
      states.push((await stacks(world))[0])
      return await world.ctx.compose.up(request, asked)
    }
    world.machine.behave(web2, 'exits')
    const { commit } = world.git.change({ 'shop/compose.yaml': broken })
    await pass({ ...world.ctx, compose: { ...world.ctx.compose, up } })
    expect(states).toMatchObject([
      { state: 'deploying', reason: `deploying commit ${commit.slice(0, 12)}` },
      {
        state: 'deploying',
        reason: 'restoring the last good state: service "web" exited with 7',
      },
    ])
  })

  it('is never unknown, at the first time neither', async () => {
    const world = createWorld({ 'shop/compose.yaml': shop })
    const states: unknown[] = []
    const up: Context['compose']['up'] = async (request, asked) => {
      states.push((await stacks(world))[0]?.state)
      return await world.ctx.compose.up(request, asked)
    }
    await pass({ ...world.ctx, compose: { ...world.ctx.compose, up } })
    expect(states).toEqual(['deploying'])
  })
})

function withOwnEnv(image: string): string {
  return compose(`web: {image: ${image}, env_file: own.env}`)
}

function unpinned(more: string): string {
  return compose(`web: {image: "ghcr.io/o/web:1"${more}}`)
}

function built(more: string): string {
  return compose(`web: {build: ./src, image: local/web${more}}`)
}

function named(name: string, image: string): string {
  return compose(`${name}: {image: ${image}, ports: ["8080:80"]}`, `db: {image: ${db}}`)
}

async function proven(
  files: Parameters<typeof createWorld>[0],
  options: WorldOptions = {},
): Promise<World> {
  const world = createWorld(files, options)
  await deploy(world)
  return world
}

/** Brings in a state whose web crashes. */
async function fail(world: World, files: Parameters<World['git']['change']>[0]) {
  world.machine.behave(web2, 'exits')
  world.git.change(files)
  return await deploy(world)
}

/** An engine on which one container is unhealthy from when an image runs beside it until it is started anew. */
function sickening(world: World, image: string, victim: string): Context {
  const { engine } = world.ctx
  let isIll = false
  const shown = (state: ObservedState): ObservedState => {
    isIll ||= state.containers.some((one) => one.image === image)
    const all = state.containers.map((one): ObservedContainer => {
      return isIll && one.id === victim ? { ...one, health: 'unhealthy' } : one
    })
    return { ...state, containers: all }
  }
  return {
    ...world.ctx,
    engine: {
      ...engine,
      observe: async (asked) => shown(await engine.observe(asked)),
      async *watch(project, asked) {
        for await (const state of engine.watch(project, asked)) yield shown(state)
      },
      async restart(ids, asked) {
        await engine.restart(ids, asked)
        if (ids.includes(victim)) isIll = false
      },
    },
  }
}

function pass(ctx: Context) {
  return revisionPushed(ctx, { kind: 'revision-pushed' }, signal)
}

function byPerson(ctx: Context) {
  return deployRevision(ctx, { stack: 'shop', asked: 'by-person' }, signal)
}

async function failures(world: World) {
  await pass(world.ctx)
  const raised = world.raised.splice(0)
  return raised.map(({ event }) => event).filter(({ kind }) => kind === 'update-failed')
}

function images({ machine }: World): string[] {
  return [...machine.containers.values()].map(({ image }) => image).toSorted()
}

function hashes({ machine }: World) {
  return [...machine.containers.values()].map(({ labels }) => labels['magos.hash'])
}

async function stacks(world: World) {
  return (await status(world)).stacks
}

function oidOf({ oid }: { readonly oid: string }): string {
  return oid
}

/** The death right before the first call of that name in a pass like the next one. */
async function stepBefore(world: World, name: string) {
  for (let at = 1; ; at += 1) {
    const copy = await proven({ 'shop/compose.yaml': shop })
    copy.machine.behave(web2, 'exits')
    copy.git.change({ 'shop/compose.yaml': broken })
    const { ctx, died } = dying(copy.ctx, { at, when: 'before' })
    await pass(ctx).catch(() => undefined)
    if (died() === name) return { at, when: 'before' } as const
    if (died() === null) throw new Error(`No ${name} in ${world.order.join()}`)
  }
}
