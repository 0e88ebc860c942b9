import { describe, expect, it } from 'vitest'
import { planRequested } from '../../handlers/plan-requested.ts'
import { deployRevision, revisionPushed } from '../../handlers/revision-pushed.ts'
import { Killed } from './dying.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World } from './world.ts'

const db = `ghcr.io/o/db@${digest(1)}`
const db2 = `ghcr.io/o/db@${digest(2)}`
const web = `ghcr.io/o/web@${digest(3)}`
const web2 = `ghcr.io/o/web@${digest(4)}`

const files = {
  'db/compose.yaml': compose(`db: {image: ${db}}`),
  'web/compose.yaml': compose(`web: {image: ${web}}`),
  '.magos.yaml': 'stacks:\n  web: {after: [db]}\n',
}

describe('revisionPushed() with stacks in an order', () => {
  it('deploys a stack when the one before it is proven', async () => {
    const world = createWorld({ ...files, 'a/compose.yaml': compose(`a: {image: ${web}}`) })
    world.git.change({ '.magos.yaml': 'stacks:\n  a: {after: [web]}\n  web: {after: [db]}\n' })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['a succeeded', 'db succeeded', 'web succeeded'])
    expect(calls.filter((call) => call.startsWith('up '))).toEqual([
      'up db all',
      'up web all',
      'up a all',
    ])
  })

  it('holds those that come after one that failed, with the reason, until it is well', async () => {
    const world = createWorld(files)
    await deploy(world)
    const before = containers(world)
    world.machine.behave(db2, 'unhealthy')
    world.git.change({
      'db/compose.yaml': compose(`db: {image: ${db2}}`),
      'web/compose.yaml': compose(`web: {image: ${web2}}`),
    })
    const { deployments } = await deploy(world)
    const held = deployments.find(({ stack }) => stack === 'web')
    expect(held).toMatchObject({
      outcome: 'held',
      reason: expect.stringMatching(/^it comes after stack "db", which is .*unhealthy/),
      remedy: expect.stringContaining('db'),
    })
    expect(containers(world)['web-web-1']).toBe(before['web-web-1'])

    world.git.change({ 'db/compose.yaml': compose(`db: {image: ${db}}`) })
    const after = await deploy(world)
    expect(outcomes(after.deployments)).toContain('web succeeded')
  })

  it('holds one that is asked for alone while the one before it is known to have failed', async () => {
    const world = createWorld(files)
    world.machine.behave(db, 'unhealthy')
    await deploy(world)
    const { deployments } = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'web', asked: 'by-person' }, signal),
    )
    expect(outcomes(deployments)).toEqual(['web held'])
  })

  it('leaves one alone that has nothing due, whatever became of the other', async () => {
    const world = createWorld(files)
    await deploy(world)
    world.machine.behave(db2, 'unhealthy')
    world.git.change({ 'db/compose.yaml': compose(`db: {image: ${db2}}`) })
    expect(outcomes((await deploy(world)).deployments)).toContain('web unchanged')
  })

  it('waits for none that a person holds and that runs as it was proven', async () => {
    const world = createWorld(files)
    await deploy(world)
    const hold = { kind: 'operator', by: 'ada', reason: 'moving', at: 1, tracked: null } as const
    await world.ctx.holds.hold('db', hold)
    world.git.change({ 'web/compose.yaml': compose(`web: {image: ${web2}}`) })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['db held', 'web succeeded'])

    world.git.change({ 'web/compose.yaml': compose(`web: {image: ${web}}`) })
    const alone = await deploy(world, (ctx) =>
      deployRevision(ctx, { stack: 'web', asked: 'by-person' }, signal),
    )
    expect(outcomes(alone.deployments)).toEqual(['web succeeded'])

    world.machine.kill(containers(world)['db-db-1'] ?? '')
    world.git.change({ 'web/compose.yaml': compose(`web: {image: ${web2}}`) })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['db held', 'web held'])
  })

  it('waits for none that belongs to another host', async () => {
    const world = createWorld({
      ...files,
      '.magos.yaml': 'stacks:\n  web: {after: [db]}\n  db: {hosts: [pi]}\n',
    })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['web succeeded'])
  })
})

describe('revisionPushed() with a stack whose settings are broken', () => {
  it('leaves that stack alone, tells the place, and deploys the others', async () => {
    const world = createWorld({ ...files, '.magos.yaml': 'stacks:\n  web: {setle: 3s}\n' })
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['db succeeded', 'web failed'])
    expect(deployments[1]).toMatchObject({
      reason: 'Stack "web" has the unknown key "setle"',
      file: '.magos.yaml',
      line: 2,
      column: 9,
    })
    expect(Object.keys(containers(world))).toEqual(['db-db-1'])
  })

  it('tells nobody on hosts that the stack does not belong to', async () => {
    const theirs = 'stacks:\n  web: {hosts: [pi], settle: 3}\n'
    const world = createWorld({ ...files, '.magos.yaml': theirs })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['db succeeded'])
  })
})

describe('revisionPushed() with a service that ends with 0', () => {
  it('takes it for a one-shot where nothing speaks against it', async () => {
    expect(outcomes((await deploy(ending(''))).deployments)).toEqual(['web succeeded'])
  })

  it.each([
    ['it publishes ports', ', ports: ["8080:80"]', ''],
    ['it has a probe', '', 'stacks: {web: {probes: {web: {tcp: 8080}}}}\n'],
  ])('fails it where %s', async (why, more, said) => {
    const { deployments } = await deploy(ending(more, said))
    expect(deployments[0]).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining(`service "web" exited with 0 and is no one-shot: ${why}`),
    })
  })
})

describe('revisionPushed() with a stack that takes its time', () => {
  it('holds it still as long as it wants', async () => {
    const { deployments } = await deploy(patient('settle: 1s'))
    expect(deployments[0]?.reason).toBe('healthy and steady for 1 s')
  })

  it('holds it still no shorter than the host’s owner wants', async () => {
    const { deployments } = await deploy(patient('settle: 0.1s'))
    expect(deployments[0]?.reason).toBe('healthy and steady for 0.3 s')
  })

  it('ends at its own deadline', async () => {
    const world = patient('settle: 9s, deadline: 4s')
    expect((await deploy(world)).deployments[0]?.reason).toContain('not proven within 4 s')
  })

  it('looks anew when its settings change', async () => {
    const world = patient('settle: 9s, deadline: 4s')
    await deploy(world)
    world.git.change({ '.magos.yaml': 'stacks: {web: {settle: 1s}}\n' })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['web succeeded'])
  })
})

describe('revisionPushed() with probes', () => {
  it.each([
    ['{http: "http://127.0.0.1:9/health"}', 'http://127.0.0.1:9/health', 'status 503, not 200'],
    ['{tcp: 5432}', '127.0.0.1:5432', 'connection refused'],
    ['{exec: [pg_isready, -q]}', 'pg_isready -q', 'exit code 2'],
  ])('fails where %s fails, with what it said', async (probe, name, failure) => {
    const world = probed(probe)
    world.prober.answer(name, failure)
    const { deployments } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/^not proven within 2 s: .*does not answer: /),
    })
    expect(deployments[0]?.reason).toContain(failure)
    // Nothing of it looks broken, so all that runs may say why.
    const failed = world.lines.find(({ message }) => message.startsWith('Deployment failed'))
    expect(failed?.fields['containers']).toEqual({ web: '' })

    world.prober.answer(name, null)
    world.git.change({
      '.magos.yaml': `# again\n${settings(probe.replace('}', ', deadline: 1s}'))}`,
    })
    const again = await deploy(world)
    expect(again.deployments[0]).toMatchObject({
      outcome: 'succeeded',
      reason: 'healthy and steady for 0.3 s',
    })
  })

  it('connects to published ports, unless it is told not to', async () => {
    const world = probed('{exec: ["true"]}', ', ports: ["8080:80"]')
    world.prober.answer('127.0.0.1:8080', 'connection refused')
    const { deployments } = await deploy(world)
    expect(deployments[0]?.reason).toContain(
      'port 8080 of 127.0.0.1 of service "web" does not answer: connection refused',
    )
    world.git.change({ '.magos.yaml': settings('{ports: ignore}') })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['web succeeded'])
  })

  it('runs a command that succeeded no more often than every two seconds', async () => {
    const world = createWorld({
      'web/compose.yaml': compose(`web: {image: ${web}}`),
      '.magos.yaml': 'stacks: {web: {settle: 5s, probes: {web: {exec: ["true"]}}}}\n',
    })
    await deploy(world)
    expect(world.prober.tried).toHaveLength(3)
  })

  it('stops what keeps crashing when that is the verdict', async () => {
    const world = createWorld({
      'web/compose.yaml': compose(`web: {image: ${web}, restart: always}`),
    })
    world.machine.behave(web, 'exits')
    const { deployments, calls } = await deploy(world)
    expect(deployments[0]?.reason).toContain('keeps crashing')
    expect(calls).toContain(`stop ${containers(world)['web-web-1']}`)
  })
})

describe('revisionPushed() with files that a service is told of', () => {
  const nginx = {
    'web/compose.yaml': compose(`web: {image: ${web}, volumes: ["./conf:/etc/nginx"]}`),
    'web/conf/a.conf': 'one\n',
    'web/conf/pages/a.html': 'one\n',
    '.magos.yaml': 'stacks: {web: {changes: {web: {conf: HUP, conf/pages: ignore}}}}\n',
  }

  it('keeps the container, sends it the signal once, and proves it again', async () => {
    const world = createWorld(nginx)
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'web/conf/a.conf': 'two\n' })
    const plan = await planRequested(world.ctx, null, signal)
    const reasons = ['it is sent HUP, because these files changed: conf/a.conf']
    const services = [{ name: 'web', action: 'keep', and: ['signal HUP'], reasons }]
    expect(plan.stacks).toEqual([{ name: 'web', services }])

    const { deployments, calls } = await deploy(world)
    expect(deployments[0]).toMatchObject({ outcome: 'succeeded', services })
    expect(containers(world)).toEqual(before)
    expect(calls).toContain(`kill HUP ${before['web-web-1']}`)
    expect(calls.some((call) => call.startsWith('up '))).toBe(false)
    expect(world.files.list('web')['conf/a.conf']).toBe('two\n')

    const again = await deploy(world)
    expect(outcomes(again.deployments)).toEqual(['web unchanged'])
    expect(again.calls.some((call) => call.startsWith('kill'))).toBe(false)
  })

  it('restarts it where that is said', async () => {
    const world = createWorld({
      ...nginx,
      '.magos.yaml': 'stacks: {web: {changes: {web: {".": restart}}}}\n',
    })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'web/conf/a.conf': 'two\n' })
    const { calls, deployments, told } = await deploy(world)
    expect(calls).toContain(`restart ${before['web-web-1']}`)
    expect(deployments[0]?.services).toMatchObject([{ action: 'keep', and: ['restart'] }])
    // To GitHub that is a deployment like any other.
    expect(told.map(({ kind }) => kind)).toContain('deployment')
    expect(containers(world)).toEqual(before)
  })

  it('restarts it once more where nobody remembers the proof, and then no more', async () => {
    const world = createWorld({
      ...nginx,
      '.magos.yaml': 'stacks: {web: {changes: {web: {".": restart}}}}\n',
    })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'web/conf/a.conf': 'two\n' })
    const { ctx } = world
    const dead = deploy(world, (asked) =>
      revisionPushed(
        { ...asked, now: ctx.now, history: { ...ctx.history, succeed: dieAtRecord } },
        { kind: 'revision-pushed' },
        signal,
      ),
    )
    await expect(dead).rejects.toThrow('Killed')
    const again = await deploy(world)
    expect(restarts(again)).toEqual([`restart ${before['web-web-1']}`])
    expect(outcomes(again.deployments)).toEqual(['web succeeded'])
    expect(restarts(await deploy(world))).toEqual([])
    expect(containers(world)).toEqual(before)
  })

  it('does nothing for a file that is ignored, and lays it down', async () => {
    const world = createWorld(nginx)
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'web/conf/pages/a.html': 'two\n' })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['web unchanged'])
    expect(calls.filter((call) => /^(?:up|kill|restart)/.test(call))).toEqual([])
    expect(containers(world)).toEqual(before)
    expect(world.files.list('web')['conf/pages/a.html']).toBe('two\n')
  })

  it('tells a container again after a failure, for nobody knows what it has read', async () => {
    const world = createWorld(nginx)
    await deploy(world)
    const [id = ''] = Object.values(containers(world))
    world.machine.behave(web, 'unhealthy')
    world.git.change({ 'web/conf/a.conf': 'broken\n' })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['web failed'])
    world.machine.behave(web, 'healthy')
    world.git.change({ 'web/conf/a.conf': 'one\n' })
    const { deployments, calls } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['web succeeded'])
    expect(calls).toContain(`kill HUP ${id}`)
  })

  it('starts one that is stopped, for its stack changed in git', async () => {
    const world = createWorld(nginx)
    await deploy(world)
    const [id = ''] = Object.values(containers(world))
    world.machine.kill(id)
    world.git.change({ 'web/conf/a.conf': 'two\n' })
    const { deployments, calls } = await deploy(world)
    const reasons = ['container web-web-1 exited with 137: it is started']
    expect(deployments[0]).toMatchObject({
      outcome: 'succeeded',
      services: [{ name: 'web', action: 'keep', and: ['start'], reasons }],
    })
    expect(calls.filter((call) => /^(?:up|kill|restart|stop)/.test(call))).toEqual(['up web all'])
  })

  it('recreates for a link’s target', async () => {
    const world = createWorld({
      'web/compose.yaml': compose(`web: {image: ${web}, volumes: ["./current:/etc/x"]}`),
      'web/v1/a': 'one\n',
      'web/current': { mode: '120000', content: 'v1' },
    })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'web/v1/a': 'two\n' })
    await deploy(world)
    expect(containers(world)).not.toEqual(before)
  })

  it.each(['changes: {wbe: {conf: HUP}}', 'probes: {wbe: {tcp: 80}}'])(
    'refuses what is said of a service that is not there: %s',
    async (line) => {
      const world = createWorld({ ...nginx, '.magos.yaml': `stacks: {web: {${line}}}\n` })
      const { deployments } = await deploy(world)
      expect(deployments[0]).toMatchObject({
        outcome: 'failed',
        file: '.magos.yaml',
        line: 1,
        reason: 'Cannot apply the settings of service "wbe": stack "web" has no such service',
        remedy: 'Write one of web, or activate its profile',
      })
      expect(containers(world)).toEqual({})
    },
  )
})

describe('revisionPushed() with hooks', () => {
  const both = 'stacks: {web: {hooks: {before: [backup, --all], after: [smoke], deadline: 9s}}}\n'
  const hooked = (allowHooks: readonly string[]) =>
    createWorld(
      {
        'web/compose.yaml': compose(`web: {image: ${web}, environment: {KEY: planted-key}}`),
        '.magos.yaml': both,
      },
      { host: { allowHooks } },
    )
  const failed = {
    outcome: 'failed',
    reason: '"x" exited with 1',
    output: 'it was planted-key\n',
  } as const

  it('runs them where the host’s owner allows it, each at its time', async () => {
    const world = hooked(['web'])
    const { deployments } = await deploy(world)
    expect(outcomes(deployments)).toEqual(['web succeeded'])
    const variables = { MAGOS_STACK: 'web', MAGOS_PROJECT: 'web' }
    const directory = world.files.home('web')
    expect(world.hooks.ran).toEqual([
      {
        command: ['backup', '--all'],
        directory,
        deadline: 9_000,
        variables: { ...variables, MAGOS_HOOK: 'before' },
      },
      {
        command: ['smoke'],
        directory,
        deadline: 9_000,
        variables: { ...variables, MAGOS_HOOK: 'after' },
      },
    ])
    await deploy(world)
    expect(world.hooks.ran).toHaveLength(2)
  })

  it.each([[[]], [['other']]])('leaves the stack alone where %j are allowed', async (allowed) => {
    const world = hooked(allowed)
    const { deployments } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'failed',
      reason: 'Run the hooks of stack "web": this host does not allow them',
      remedy: expect.stringContaining('allowHooks'),
    })
    expect(world.hooks.ran).toEqual([])
    expect(containers(world)).toEqual({})
  })

  it('touches no container where the first hook fails, and shows no value of its output', async () => {
    const world = hooked(['web'])
    world.hooks.answer('backup', failed)
    const { deployments, calls } = await deploy(world)
    expect(deployments[0]?.reason).toContain('hook "before" failed: "x" exited with 1')
    expect(calls.filter((call) => call.startsWith('up '))).toEqual([])
    expect(JSON.stringify([world.lines, world.history.deployments(9)])).not.toContain('planted-key')
  })

  it('proves nothing that the last hook refuses, and brings back what ran before', async () => {
    const world = hooked(['web'])
    await deploy(world)
    world.hooks.answer('smoke', failed)
    world.git.change({ 'web/compose.yaml': compose(`web: {image: ${web2}}`) })
    const { deployments } = await deploy(world)
    expect(deployments[0]).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringContaining('hook "after" failed: "x" exited with 1'),
    })
    expect([...world.machine.containers.values()].map(({ image }) => image)).toEqual([web])
    expect(world.hooks.ran).toHaveLength(4)
  })
})

describe('revisionPushed() with declared files', () => {
  it('hands files, profiles and env files to the provider, and takes the project name', async () => {
    const world = createWorld({
      'apps/web/base.yaml': compose(`web: {image: ${web}}`),
      'apps/web/nas.yaml': compose('web: {environment: {A: b}}'),
      'apps/web/prod.env': 'X=1\n',
      '.magos.yaml': [
        'stacks:',
        '  shop:',
        '    directory: apps/web',
        '    files: [base.yaml, nas.yaml]',
        '    profiles: [metrics]',
        '    envFiles: [prod.env]',
        '    project: old-shop',
        '',
      ].join('\n'),
    })
    const asked: unknown[] = []
    const provider = world.ctx.compose
    const recording = {
      ...world.ctx,
      compose: {
        ...provider,
        resolve: (request: Parameters<typeof provider.resolve>[0], going: AbortSignal) => {
          asked.push({ ...request, inputs: request.inputs.map(({ path }) => path) })
          return provider.resolve(request, going)
        },
      },
    }
    const { deployments } = await deploy(world, () =>
      deployRevision(recording, { stack: null, asked: 'by-event' }, signal),
    )
    expect(outcomes(deployments)).toEqual(['shop succeeded'])
    expect(Object.keys(containers(world))).toEqual(['old-shop-web-1'])
    expect(asked).toEqual([
      expect.objectContaining({
        project: 'old-shop',
        directory: 'apps/web',
        files: ['apps/web/base.yaml', 'apps/web/nas.yaml'],
        profiles: ['metrics'],
        envFiles: ['apps/web/prod.env'],
        inputs: expect.arrayContaining(['apps/web/prod.env']),
      }),
    ])
  })
})

function patient(line: string): World {
  return createWorld({
    'web/compose.yaml': compose(`web: {image: ${web}}`),
    '.magos.yaml': `stacks:\n  web: {${line}}\n`,
  })
}

function ending(more: string, said = ''): World {
  const text = `services:\n  web: {image: ${web}${more}}\n  db: {image: ${db}}\n`
  const world = createWorld({ 'web/compose.yaml': text, '.magos.yaml': said })
  world.machine.behave(web, 'ends')
  return world
}

function settings(probe: string): string {
  return `stacks: {web: {probes: {web: ${probe}}}}\n`
}

function probed(probe: string, more = ''): World {
  return createWorld({
    'web/compose.yaml': compose(`web: {image: ${web}${more}}`),
    '.magos.yaml': settings(probe),
  })
}

function dieAtRecord(): never {
  throw new Killed('the record of the proof')
}

function restarts({ calls }: { readonly calls: readonly string[] }): readonly string[] {
  return calls.filter((call) => call.startsWith('restart '))
}
