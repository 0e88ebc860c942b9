import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCompose } from '../../src/adapters/compose/compose.ts'
import type { ComposeOptions } from '../../src/adapters/compose/compose.ts'
import { asMagosError } from '../../src/domain/error.ts'
import type { ApplyRequest, StackInput } from '../../src/ports.ts'
import { composeContract, requestOf } from '../contracts/compose.ts'
import { bringUp, containersOf, documentOf, removeProject } from '../contracts/engine-host.ts'
import { signal, until } from '../contracts/engine-host.ts'
import { chosenRuntime } from '../lab/engine/chosen.ts'
import { recordingLog, startRealHost } from '../lab/engine/host.ts'
import type { RealHost } from '../lab/engine/host.ts'
import { debianPodmanCompose } from '../lab/engine/podman-compose.ts'

const runtime = chosenRuntime()

composeContract(`Compose v2 on ${runtime}`, () => startRealHost())

wholeWay(`Compose v2 on ${runtime}`, {})

// The ways of an old one are its own: files are read here, and services made one at a time.
if (process.env['MAGOS_LONG'] === '1' && runtime === 'podman')
  wholeWay('Debian’s podman-compose', { provider: debianPodmanCompose() })

function wholeWay(name: string, options: { readonly provider?: string }): void {
  describe(`From files to a running container: ${name}`, () => {
    let host: RealHost
    beforeAll(async () => {
      host = await startRealHost(options)
    })
    afterAll(async () => {
      await host.stop()
    })

    it('every `$` arrives as Compose means it, and no private path does', async () => {
      const project = host.project()
      const image = await host.publish('unchecked')
      const compose = [
        'services:',
        '  web:',
        `    image: ${image.text}`,
        '    command: ["sh", "-c", "env; echo done; sleep 60"]',
        '    environment:',
        '      ONE: "a$$b"',
        '      TWO: "a$$$$b"',
        '      BRACES: "a$${X}b"',
        '      FROM_DOTENV: "${FROM_DOTENV}"',
        '      HERE: "${PWD}/data"',
        '    volumes: ["./data:/data", "../../shared:/shared"]',
      ]
      const request = {
        ...requestOf(project, {
          'apps/web/compose.yaml': `${compose.join('\n')}\n`,
          'apps/web/.env': "FROM_DOTENV='c$$d'\n",
        }),
        home: await host.home(),
      }
      const { home } = request
      const document = await host.compose.resolve(request, signal)
      expect(JSON.stringify(document)).not.toContain(host.runtimeDirectory)
      await mkdir(join(home, 'data'))
      await mkdir(join(home, '.magos/repository/shared'), { recursive: true })
      await bringUp({ ...host, home: async () => await Promise.resolve(home) }, project, document)
      const [container] = await containersOf(host, project)
      const logs = await untilLogged(host, container?.id ?? '', 'done')
      expect(environmentOf(logs)).toMatchObject({
        ONE: 'a$b',
        TWO: 'a$$b',
        BRACES: 'a${X}b',
        FROM_DOTENV: 'c$$d',
        HERE: `${home}/data`,
      })
      const mounts = await host.lab.cli([
        'inspect',
        '--format',
        '{{range .Mounts}}{{.Source}}:{{.Destination}} {{end}}',
        container?.id ?? '',
      ])
      expect(mounts.trim().split(' ').toSorted()).toEqual(
        [`${home}/.magos/repository/shared:/shared`, `${home}/data:/data`].toSorted(),
      )
      await removeProject(host, project)
    })

    const isFit = runtime === 'docker' || options.provider !== undefined
    it(`a seccomp profile of the stack ${isFit ? 'holds what runs' : 'is refused'}`, async () => {
      const project = host.project()
      const image = await host.publish('unchecked')
      const resolving = await resolveProfiled(host, project, image.text)
      expect(resolving.outcome).toBe(isFit ? 'resolved' : 'refused')
      if (resolving.outcome !== 'resolved') return
      const { home, document } = resolving
      await bringUp({ ...host, home: async () => await Promise.resolve(home) }, project, document)
      const [container] = await containersOf(host, project)
      const logs = await untilLogged(host, container?.id ?? '', 'done')
      expect(logs.split('\n')).toContain('refused')
      await removeProject(host, project)
    })

    // docker has no command that runs a check at once, and takes the words as they are.
    it.skipIf(runtime === 'docker')('the words of a health check arrive as they are', async () => {
      const project = host.project()
      const image = await host.publish('unchecked')
      const compose = [
        'services:',
        `  ill: {image: "${image.text}", healthcheck: {test: [CMD, sh, -c, "exit 3"]}}`,
        `  well: {image: "${image.text}", healthcheck: {test: [CMD, env, "A=it's  $$1", sh, -c, 'test "$$A" = "it''s  $$""1"']}}`,
      ]
      const files = { 'apps/web/compose.yaml': `${compose.join('\n')}\n` }
      const request = { ...requestOf(project, files), home: await host.home() }
      const document = await host.compose.resolve(request, signal)
      await bringUp(host, project, document)
      const check = async (service: string) => {
        const found = (await containersOf(host, project)).find((one) => one.service === service)
        return await host.lab.cli(['healthcheck', 'run', found?.id ?? ''])
      }
      await expect(check('well')).resolves.toBeDefined()
      await expect(check('ill')).rejects.toThrow('healthcheck run')
      await removeProject(host, project)
    })

    it('a service is built from its stable directory, and anew when its context changed', async () => {
      const project = host.project()
      await host.lab.buildImage('localhost/base:1', { health: 'none' })
      const home = await host.home()
      await mkdir(join(home, 'app'))
      await writeFile(join(home, 'app/Dockerfile'), 'FROM localhost/base:1\nENV BUILT=here\n')
      const build = { context: join(home, 'app') }
      const document = { services: { app: { build, image: `localhost/${project}:1` } } }
      const request: ApplyRequest = { project, home, document, services: 'all' }
      const evidence = await host.compose.up(request, signal)
      expect(evidence).toMatchObject({ exitCode: 0 })
      const [container] = await until(host, project, ([one]) => one?.state === 'running')
      const env = await host.lab.cli(['exec', container?.id ?? '', 'env'])
      expect(environmentOf(env)).toMatchObject({ BUILT: 'here' })
      await writeFile(join(home, 'app/Dockerfile'), 'FROM localhost/base:1\nENV BUILT=again\n')
      expect(await host.compose.up(request, signal)).toMatchObject({ exitCode: 0 })
      const [again] = await until(
        host,
        project,
        ([one]) => one?.state === 'running' && one.id !== container?.id,
      )
      const anew = await host.lab.cli(['exec', again?.id ?? '', 'env'])
      expect(environmentOf(anew)).toMatchObject({ BUILT: 'again' })
      await removeProject(host, project)
    })
  })
}

/** A stack whose profile lets nobody make a directory; podman takes none from Compose v2. */
async function resolveProfiled(host: RealHost, project: string, image: string) {
  const compose = [
    'services:',
    '  web:',
    `    image: ${image}`,
    '    command: ["sh", "-c", "mkdir /made || echo refused; echo done; sleep 60"]',
    '    init: true',
    '    stop_grace_period: 0s',
    '    security_opt: ["seccomp:./profile.json"]',
  ]
  const home = await host.home()
  const forbidden = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }]
  const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: forbidden }
  await writeFile(join(home, 'profile.json'), JSON.stringify(profile))
  const request = requestOf(project, { 'apps/web/compose.yaml': `${compose.join('\n')}\n` })
  try {
    const document = await host.compose.resolve({ ...request, home }, signal)
    return { outcome: 'resolved', home, document } as const
  } catch (thrown) {
    return { outcome: asMagosError(thrown).code === 'compose' ? 'refused' : 'broken' } as const
  }
}

describe(`The adapter: Compose v2 on ${runtime}`, () => {
  let host: RealHost
  beforeAll(async () => {
    host = await startRealHost()
  })
  afterAll(async () => {
    await host.stop()
  })

  const composeWith = (more: Partial<ComposeOptions>) =>
    createCompose({
      runtime,
      run: host.run,
      log: recordingLog([]),
      environment: host.lab.env,
      runtimeDirectory: host.runtimeDirectory,
      engine: host.engine,
      ...more,
    })

  it('resolve() inlines env_files, extended services and executable inputs', async () => {
    const document = await host.compose.resolve(
      {
        project: 'shop',
        directory: 'apps/web',
        files: ['apps/web/compose.yaml'],
        profiles: [],
        envFiles: null,
        home: '/srv/a$b',
        inputs: [
          input(
            'apps/web/compose.yaml',
            'services:\n  web:\n    extends: {file: ../../base/base.yaml, service: base}\n    env_file: [app.env]\n',
          ),
          input('apps/web/app.env', "SECRET='p$x'\n"),
          input('apps/web/link.env', 'app.env', '120000'),
          input('base/base.yaml', 'services: {base: {image: "a:1", volumes: ["./rel:/rel"]}}\n'),
          input('apps/web/run.sh', '#!/bin/sh\n', '100755'),
        ],
      },
      signal,
    )
    expect(document.services['web']).toMatchObject({
      image: 'a:1',
      environment: { SECRET: 'p$$x' },
      volumes: [{ source: '/srv/a$$b/.magos/repository/base/rel', target: '/rel' }],
    })
    expect(await readdir(host.runtimeDirectory)).toEqual([])
  })

  it('resolve() reads named env files in place of .env, the last first', async () => {
    const compose = 'services: {web: {image: "a:${A}${B}${C:-d}"}}\n'
    const texts = {
      'apps/web/compose.yaml': compose,
      'apps/web/.env': 'A=9\nC=9\n',
      'apps/web/one.env': 'A=1\nB=1\n',
      'two.env': 'B=2\n',
    }
    const envFiles = ['apps/web/one.env', 'two.env']
    const request = { ...requestOf(host.project(), texts), envFiles }
    const { services } = await host.compose.resolve(request, signal)
    expect(services['web']).toMatchObject({ image: 'a:12d' })
  })

  it('resolve() refuses a missing env_file without a word of the private copy', async () => {
    const compose = 'services: {web: {image: "a:1", env_file: [gone.env]}}\n'
    const resolving = host.compose.resolve(
      requestOf(host.project(), { 'apps/web/compose.yaml': compose }),
      signal,
    )
    await expect(resolving).rejects.toMatchObject({ code: 'compose' })
    await expect(resolving).rejects.toThrow(/apps\/web\/gone\.env/)
    await expect(resolving).rejects.not.toThrow(host.runtimeDirectory)
  })

  it('resolve() shows nothing of a broken env_file’s content', async () => {
    const resolving = host.compose.resolve(
      requestOf(host.project(), {
        'apps/web/compose.yaml': 'services: {web: {image: "a:1", env_file: [app.env]}}\n',
        'apps/web/app.env': 'PASS WORD=hunter2\n',
      }),
      signal,
    )
    await expect(resolving).rejects.toMatchObject({ code: 'compose' })
    await expect(resolving).rejects.not.toThrow('hunter2')
  })

  it('up() never removes orphans, whatever the home’s .env says', async () => {
    const project = host.project()
    const image = await host.publish('unchecked')
    const service = { image: image.text }
    await bringUp(host, project, documentOf({ web: service, orphan: service }))
    const home = await host.home()
    await writeFile(join(home, '.env'), 'COMPOSE_REMOVE_ORPHANS=true\n')
    const document = documentOf({ web: { ...service, environment: { CHANGED: '1' } } })
    await host.compose.up({ project, home, document, services: 'all' }, signal)
    const services = (await containersOf(host, project)).map((one) => one.service)
    expect(services.toSorted()).toEqual(['orphan', 'web'])
    await removeProject(host, project)
  })

  it('up() waits for a healthy service when the engine is watched beside it', async () => {
    const project = host.project()
    const image = await host.publish('healthy')
    const service = { image: image.text }
    const late = { ...service, depends_on: { web: { condition: 'service_healthy' } } }
    const document = documentOf({ web: service, late })
    await host.engine.pull(image, host.pullOptions, signal)
    const compose = composeWith({
      accompany: async (watched, during) => {
        for await (const state of host.engine.watch(watched, during)) if (state.at < 0) return
      },
    })
    const home = await host.home()
    const evidence = await compose.up({ project, home, document, services: 'all' }, signal)
    expect(evidence).toMatchObject({ exitCode: 0 })
    const containers = await containersOf(host, project)
    expect(containers.find((one) => one.service === 'web')?.health).toBe('healthy')
    await removeProject(host, project)
  })

  it('up() ends at its deadline, with what the provider said, and leaves no service running', async () => {
    const project = host.project()
    const image = await host.publish('unhealthy')
    const service = { image: image.text }
    const never = { ...service, depends_on: { web: { condition: 'service_healthy' } } }
    await host.engine.pull(image, host.pullOptions, signal)
    const document = documentOf({ web: service, never })
    const home = await host.home()
    const compose = composeWith({ deadline: 2_000 })
    const evidence = await compose.up({ project, home, document, services: 'all' }, signal)
    expect(evidence).toMatchObject({ exitCode: null })
    expect(evidence.output).toContain('Ended because it was not done within 2 s')
    expect(evidence.output).toContain(`${project}-web-1`)
    expect(await readdir(host.runtimeDirectory)).toEqual([])
    await removeProject(host, project)
  })

  it('up() rejects with `interrupted` when the signal is aborted on the way', async () => {
    const project = host.project()
    const image = await host.publish('unhealthy')
    const service = { image: image.text }
    const never = { ...service, depends_on: { web: { condition: 'service_healthy' } } }
    await host.engine.pull(image, host.pullOptions, signal)
    const document = documentOf({ web: service, never })
    const home = await host.home()
    const request: ApplyRequest = { project, home, document, services: 'all' }
    const upping = host.compose.up(request, AbortSignal.timeout(1_000))
    await expect(upping).rejects.toMatchObject({ code: 'interrupted' })
    expect(await readdir(host.runtimeDirectory)).toEqual([])
    await removeProject(host, project)
  })

  it('up() tells the provider’s words of a taken port', async () => {
    const project = host.project()
    const image = await host.publish('unchecked')
    const ports = [`${host.registry.host}:8080`]
    await host.engine.pull(image, host.pullOptions, signal)
    const document = documentOf({ web: { image: image.text, ports } })
    const home = await host.home()
    const evidence = await host.compose.up({ project, home, document, services: 'all' }, signal)
    expect(evidence.exitCode).not.toBe(0)
    expect(evidence.output).toMatch(/address already in use/)
    await removeProject(host, project)
  })

  it('up() keeps the rendered stack to this user and in memory only', async () => {
    const seen: string[] = []
    const compose = composeWith({
      async run(command, args, options) {
        const file = args[args.indexOf('-f') + 1] ?? ''
        if (args.includes('up')) seen.push(file, await readFile(file, 'utf8'))
        return await host.run(command, args, options)
      },
    })
    const document = documentOf({ web: { image: host.unpublished().text } })
    const request: ApplyRequest = { project: host.project(), home: '/', document, services: 'all' }
    await compose.up(request, signal)
    expect(seen[0]?.startsWith(host.runtimeDirectory)).toBe(true)
    expect(seen[1]).toBe(JSON.stringify(document))
  })
})

function input(path: string, text: string, mode: StackInput['mode'] = '100644'): StackInput {
  return { path, mode, content: Buffer.from(text) }
}

async function untilLogged(host: RealHost, id: string, word: string): Promise<string> {
  for (let look = 0; look < 50; look += 1) {
    const logs = await host.engine.logs(id, 100, signal)
    if (logs.includes(word)) return logs
  }
  throw new Error(`Never logged: ${word}`)
}

function environmentOf(text: string): Record<string, string> {
  const pairs = text.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line))
  return Object.fromEntries(pairs.flatMap((one) => (one === null ? [] : [[one[1], one[2]]])))
}
