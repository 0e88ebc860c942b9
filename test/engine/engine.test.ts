import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '../../src/adapters/engine/engine.ts'
import type { EngineOptions } from '../../src/adapters/engine/engine.ts'
import { probeEngine } from '../../src/adapters/engine/probe.ts'
import { ownContainer } from '../../src/adapters/machine/own-container.ts'
import { createProber } from '../../src/adapters/probe/prober.ts'
import { identityTokenUser } from '../../src/domain/identity-token.ts'
import { type ImageReference, parseImageReference } from '../../src/domain/image-reference.ts'
import { createRunChild } from '../../src/host/process.ts'
import type { PullCredential } from '../../src/ports.ts'
import { bringUp, containersOf, documentOf, removeProject } from '../contracts/engine-host.ts'
import { signal } from '../contracts/engine-host.ts'
import { engineContract } from '../contracts/engine.ts'
import { appImage } from '../lab/app-image.ts'
import { freePort } from '../lab/daemon.ts'
import { chosenRuntime } from '../lab/engine/chosen.ts'
import { clock, recordingLog, startRealHost } from '../lab/engine/host.ts'
import type { RealHost } from '../lab/engine/host.ts'
import { labHtpasswd, labLogin, startDockerRegistry } from '../lab/registry/docker-registry.ts'
import { pushImage } from '../lab/registry/push.ts'
import { startRegistry } from '../lab/registry/registry.ts'

const runtime = chosenRuntime()

engineContract(runtime, () => startRealHost())

describe(`The adapter: ${runtime}`, () => {
  let host: RealHost
  beforeAll(async () => {
    host = await startRealHost()
  })
  afterAll(async () => {
    await host.stop()
  })

  const engineWith = (more: Partial<EngineOptions>) =>
    createEngine({
      runtime,
      run: host.run,
      follow: host.follow,
      clock,
      log: recordingLog([]),
      runtimeDirectory: host.runtimeDirectory,
      ...more,
    })

  it('observe() knows a container of an index by both digests', async () => {
    const project = host.project()
    const content = { ...appImage('multi', { health: 'none' }), index: 'always' } as const
    const index = await pushImage(host.registry, 'lab/multi', '1', content)
    const image = parseImageReference(`${host.registry.host}/lab/multi:1@${index}`)
    await bringUp(host, project, documentOf({ web: { image: image.text } }))
    expect(await host.engine.has(image, signal)).toBe(true)
    const [container] = await containersOf(host, project)
    expect(container?.digests).toContain(index)
    // docker forgets what the index led it to.
    expect(container?.digests.length).toBeGreaterThan(runtime === 'docker' ? 0 : 1)
    await removeProject(host, project)
  })

  it('observe() asks the engine twice, however many containers there are', async () => {
    const project = host.project()
    const image = (await host.publish('unchecked')).text
    const services = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { image }]))
    await bringUp(host, project, documentOf(services))
    const calls: string[] = []
    const engine = engineWith({
      async run(command, args, options) {
        calls.push(`${command} ${args[0]}`)
        return await host.run(command, args, options)
      },
    })
    const { containers } = await engine.observe(signal)
    expect(containers.filter((one) => one.project === project)).toHaveLength(4)
    expect(calls).toEqual([`${runtime} ps`, `${runtime} inspect`])
    await removeProject(host, project)
  })

  it('pull() gives the credential to that pull alone and leaves no file behind', async () => {
    const registry = await startDockerRegistry({ htpasswd: labHtpasswd })
    const target = { url: registry.url, login: labLogin }
    const digest = await pushImage(target, 'lab/private', '1', appImage('private'))
    const before = await readdir(host.runtimeDirectory)
    const image = parseImageReference(`${registry.host}/lab/private:1@${digest}`)
    const pull = async (password: string | null) => {
      const credential = password === null ? null : { username: labLogin.username, password }
      return await host.engine.pull(image, { credential, plainHttp: true }, signal)
    }
    const refused = {
      outcome: 'failed',
      reason: expect.stringMatching(/unauthorized|authenticat|no basic auth/),
    }
    expect(await pull(null)).toMatchObject(refused)
    const wrong = await pull('no-such-password')
    expect(wrong).toMatchObject(refused)
    expect(JSON.stringify(wrong)).not.toContain('no-such-password')
    expect(await pull(labLogin.password)).toEqual({ outcome: 'pulled' })
    expect(await readdir(host.runtimeDirectory)).toEqual(before)
    await registry.close()
  })

  it('pull() uses no login of the engine where none is to be used, and an identity token as one', async () => {
    const users = { [labLogin.username]: labLogin.password }
    const registry = await startRegistry({ kind: 'bearer', anonymous: 'pull', users })
    const target = { url: registry.url, login: labLogin }
    const push = async (name: string) => {
      const digest = await pushImage(target, `lab/${name}`, '1', appImage(name))
      return parseImageReference(`${registry.host}/lab/${name}:1@${digest}`)
    }
    const directory = await mkdtemp(join(tmpdir(), 'magos-expired-'))
    const file = join(directory, 'config.json')
    const auth = Buffer.from(`${labLogin.username}:expired`).toString('base64')
    await writeFile(file, JSON.stringify({ auths: { [registry.host]: { auth } } }))
    const own = { REGISTRY_AUTH_FILE: file, DOCKER_CONFIG: directory }
    const engine = engineWith({
      run: (command, args, options) =>
        host.run(command, args, { ...options, env: { ...own, ...options.env } }),
    })
    const pull = async (image: ImageReference, credential: PullCredential) => {
      registry.forget()
      const { outcome } = await engine.pull(image, { credential, plainHttp: true }, signal)
      return outcome
    }
    const image = await push('public')
    expect(await pull(image, null)).toBe('failed')
    expect(await pull(image, 'anonymous')).toBe('pulled')
    const token = { username: identityTokenUser, password: labLogin.password }
    expect(await pull(await push('by-token'), token)).toBe('pulled')
    const asked = registry.log().find(({ path }) => path.startsWith('/token'))
    expect(asked).toMatchObject({ method: 'POST', status: 200 })
    await registry.close()
    await rm(directory, { recursive: true })
  })

  it('pull() returns a registry that is away or speaks TLS only as a failure, not as no engine', async () => {
    const away = parseImageReference(`127.0.0.1:9/lab/app@sha256:${'0'.repeat(64)}`)
    const options = { credential: null, plainHttp: true }
    expect(await host.engine.pull(away, options, signal)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('connection refused'),
    })
    const image = await host.publish('healthy')
    const secure = { credential: null, plainHttp: false }
    // Which registries may do without TLS is dockerd's to say, and on loopback they may.
    const refused = {
      outcome: 'failed',
      reason: expect.stringContaining('server gave HTTP response to HTTPS client'),
    }
    const expected = runtime === 'docker' ? { outcome: 'pulled' } : refused
    expect(await host.engine.pull(image, secure, signal)).toMatchObject(expected)
  })

  it('pull() ends at its deadline', async () => {
    const image = await host.publish('healthy')
    const engine = engineWith({ pullDeadline: 1 })
    expect(await engine.pull(image, host.pullOptions, signal)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('did not end within'),
    })
  })

  it('every call throws `engine` where the engine cannot be reached', async () => {
    const gone = `unix://${join(host.lab.directory, 'gone.sock')}`
    const remote = createRunChild({
      environment: { ...host.lab.env, CONTAINER_HOST: gone, DOCKER_HOST: gone },
    })
    const engine = engineWith({ run: remote })
    const image = host.unpublished()
    const failure = { code: 'engine', remedy: expect.stringMatching(/\w/) }
    await expect(engine.info(signal)).rejects.toMatchObject(failure)
    await expect(engine.observe(signal)).rejects.toMatchObject(failure)
    await expect(engine.pull(image, host.pullOptions, signal)).rejects.toMatchObject(failure)
    await expect(engine.has(image, signal)).rejects.toMatchObject(failure)
    await expect(engine.remove(['a'], signal)).rejects.toMatchObject(failure)
    const watching = engine.watch('p', signal)[Symbol.asyncIterator]().next()
    await expect(watching).rejects.toMatchObject(failure)
  })

  it.skipIf(runtime === 'docker')(
    'watch() leaves health checks alone where it is told to',
    async () => {
      const project = host.project()
      const image = await host.publish('healthy')
      await bringUp(host, project, documentOf({ web: { image: image.text } }))
      const engine = engineWith({ drivesHealthchecks: 'never', look: 200 })
      const seen: (string | undefined)[] = []
      for await (const { containers } of engine.watch(project, signal)) {
        if (seen.push(containers[0]?.health) === 5) break
      }
      expect(new Set(seen)).toEqual(new Set(['starting']))
      await removeProject(host, project)
    },
  )

  it('observe() shows published ports, which a prober reaches, as it does commands inside', async () => {
    const project = host.project()
    const image = await host.publish('unchecked')
    const ports = await Promise.all([freePort(), freePort()])
    const [web, dead] = ports
    const published = [`127.0.0.1:${web}:8080`, `127.0.0.1:${dead}:9`]
    await bringUp(host, project, documentOf({ web: { image: image.text, ports: published } }))
    const [container] = await containersOf(host, project)
    const shown = container?.ports.map((one) => `${one.protocol} ${one.host}:${one.port}`)
    expect(shown?.toSorted()).toEqual(ports.map((port) => `tcp 127.0.0.1:${port}`).toSorted())
    const prober = createProber({ runtime, run: host.run })
    const url = `http://127.0.0.1:${web}/`
    const inside = (...command: string[]) =>
      prober.attempt({ kind: 'exec', container: container?.id ?? '', command }, signal)
    expect(await prober.attempt({ kind: 'http', url, status: null }, signal)).toBeNull()
    const refused = { kind: 'tcp', host: '127.0.0.1', port: dead } as const
    // An ordinary user's podman takes the connection, and hangs up.
    expect(await prober.attempt(refused, signal)).toMatch(
      /^connection (?:refused|reset|closed at once)$/,
    )
    expect(await prober.attempt({ ...refused, port: web }, signal)).toBeNull()
    expect([await inside('true'), await inside('false')]).toEqual([null, 'exit code 1'])
    await removeProject(host, project)
  })

  it('ownContainer() knows a container by what it sees of itself', async () => {
    const project = host.project()
    const image = await host.publish('unchecked')
    await bringUp(host, project, documentOf({ web: { image: image.text } }))
    const [container] = await containersOf(host, project)
    const inside = (path: string) => host.lab.cli(['exec', container?.id ?? '', 'cat', path])
    const cgroup = await inside('/proc/self/cgroup')
    const mounts = await inside('/proc/self/mountinfo')
    const hostname = await inside('/etc/hostname')
    expect(ownContainer({ hostname: '', cgroup: '', mounts })).toBe(container?.id)
    expect(ownContainer({ hostname, cgroup, mounts: '' })).toMatch(/^[0-9a-f]{12}/)
    expect(container?.id).toContain(ownContainer({ hostname, cgroup, mounts: '' }))
    await removeProject(host, project)
  })

  it('probeEngine() finds it', async () => {
    // Where both are, podman comes first.
    const preferred = runtime === 'docker' ? runtime : null
    expect(await probeEngine(host.run, preferred, signal)).toBe(runtime)
  })
})
