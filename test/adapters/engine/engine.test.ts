import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '../../../src/adapters/engine/engine.ts'
import type { EngineOptions } from '../../../src/adapters/engine/engine.ts'
import { probeEngine } from '../../../src/adapters/engine/probe.ts'
import { parseImageReference } from '../../../src/domain/image-reference.ts'
import type { Log } from '../../../src/ports.ts'
import { fakeClock } from '../../work/fake-clock.ts'
import { scriptedRun } from './scripted-run.ts'
import type { Answer } from './scripted-run.ts'
import * as shapes from './shapes.ts'

const signal = new AbortController().signal
const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}
// oxlint-disable-next-line require-yield -- a stream without a line
const silentFollow: EngineOptions['follow'] = async function* follow() {
  return await Promise.resolve({ outcome: 'ended', stderr: '' })
}
let runtimeDirectory: string

beforeAll(async () => {
  runtimeDirectory = await mkdtemp(join(tmpdir(), 'me-'))
})
afterAll(async () => {
  await rm(runtimeDirectory, { recursive: true })
})

function engineOf(
  runtime: EngineOptions['runtime'],
  answer: (words: string) => Answer | undefined,
  over: Partial<EngineOptions> = {},
) {
  const { run, calls } = scriptedRun(answer)
  const engine = createEngine({
    runtime,
    run,
    follow: silentFollow,
    clock: fakeClock(),
    log: silent,
    runtimeDirectory,
    ...over,
  })
  return { engine, calls }
}

describe('observe()', () => {
  it('asks podman for containers and images by two commands', async () => {
    const { engine, calls } = engineOf('podman', (words) => {
      if (words.startsWith('podman ps')) return { stdout: JSON.stringify([shapes.PODMAN_PS]) }
      return { stdout: JSON.stringify([shapes.PODMAN_4_3, shapes.PODMAN_IMAGE]) }
    })
    const { containers } = await engine.observe(signal)
    expect(containers.map(({ digests }) => digests)).toEqual([[shapes.PLATFORM, shapes.INDEX]])
    expect(calls.map(({ words }) => words)).toEqual([
      'podman ps --all --no-trunc --filter label=com.docker.compose.project --format json',
      `podman inspect ${shapes.ID} ${shapes.IMAGE}`,
    ])
  })

  it('reads docker’s lines, and the image by Compose’s label', async () => {
    const { engine, calls } = engineOf('docker', (words) => {
      if (words.startsWith('docker ps')) return { stdout: `${JSON.stringify(shapes.DOCKER_PS)}\n` }
      return { stdout: JSON.stringify([shapes.DOCKER, shapes.DOCKER_IMAGE]) }
    })
    const { containers } = await engine.observe(signal)
    expect(containers.map(({ digests }) => digests)).toEqual([[shapes.INDEX]])
    expect(calls).toHaveLength(2)
  })

  it('asks docker a third time for an image that no label names', async () => {
    const { engine, calls } = engineOf('docker', (words) => {
      if (words.startsWith('docker ps'))
        return { stdout: JSON.stringify({ ...shapes.DOCKER_PS, Labels: '' }) }
      const isImage = words === `docker inspect ${shapes.IMAGE}`
      return { stdout: JSON.stringify([isImage ? shapes.DOCKER_IMAGE : shapes.DOCKER]) }
    })
    const { containers } = await engine.observe(signal)
    expect(containers[0]?.digests).toEqual([shapes.INDEX])
    expect(calls).toHaveLength(3)
  })

  it('leaves out a container that went away in between', async () => {
    const gone = { ...shapes.PODMAN_PS, Id: 'f'.repeat(64) }
    const { engine } = engineOf('podman', (words) => {
      if (words.startsWith('podman ps')) return { stdout: JSON.stringify([shapes.PODMAN_PS, gone]) }
      const stdout = JSON.stringify([shapes.PODMAN_4_3, shapes.PODMAN_IMAGE])
      return { exitCode: 125, stdout, stderr: 'Error: inspecting object: no such object: "ffff"' }
    })
    expect((await engine.observe(signal)).containers).toHaveLength(1)
  })

  it.each(['[]', 'null', ''])('is empty for an empty list, printed as "%s"', async (stdout) => {
    const { engine, calls } = engineOf('podman', () => ({ stdout }))
    expect((await engine.observe(signal)).containers).toEqual([])
    expect(calls).toHaveLength(1)
  })

  it.each([
    ['docker', { exitCode: 1, stderr: 'Cannot connect to the Docker daemon at unix:///x' }],
    ['podman', { exitCode: 125, stderr: 'Error: unable to connect to Podman socket: dial unix' }],
    ['podman', { exitCode: 125, stderr: 'Error: database configuration mismatch' }],
    ['podman', { outcome: 'absent' }],
    ['podman', { outcome: 'timed-out' }],
    ['podman', { stdout: 'no JSON' }],
  ] as const)('throws `engine` with a remedy: %s %o', async (runtime, answer) => {
    const { engine } = engineOf(runtime, () => answer)
    await expect(engine.observe(signal)).rejects.toMatchObject({
      code: 'engine',
      remedy: expect.stringMatching(/\w/),
    })
  })
})

describe('pull()', () => {
  const image = parseImageReference(`docker.io/o/app:1@${shapes.INDEX}`)
  const options = { credential: { username: 'u', password: 'p:w' }, plainHttp: false }

  it('gives docker a private configuration and the current context’s address', async () => {
    const files: string[] = []
    const { run, calls } = scriptedRun((words) =>
      words.startsWith('docker context') ? { stdout: 'unix:///run/user/1/docker.sock\n' } : {},
    )
    const engine = createEngine({
      runtime: 'docker',
      follow: silentFollow,
      clock: fakeClock(),
      log: silent,
      runtimeDirectory,
      async run(command, args, given) {
        const directory = given.env?.['DOCKER_CONFIG']
        if (directory !== undefined) {
          const file = join(directory, 'config.json')
          files.push(await readFile(file, 'utf8'), ((await stat(file)).mode & 0o777).toString(8))
        }
        return await run(command, args, given)
      },
    })
    expect(await engine.pull(image, options, signal)).toEqual({ outcome: 'pulled' })
    expect(calls.at(-1)?.words).toBe(`docker pull -q docker.io/o/app@${shapes.INDEX}`)
    expect(calls.at(-1)?.env['DOCKER_HOST']).toBe('unix:///run/user/1/docker.sock')
    const auth = { auth: Buffer.from('u:p:w').toString('base64') }
    const auths = { 'docker.io': auth, 'https://index.docker.io/v1/': auth }
    expect(files).toEqual([JSON.stringify({ auths }), '600'])
    expect(await readdir(runtimeDirectory)).toEqual([])
  })

  it('gives an identity token as one, beside the name that podman wants to see', async () => {
    const files: string[] = []
    const { run } = scriptedRun(() => ({}))
    const engine = createEngine({
      runtime: 'podman',
      follow: silentFollow,
      clock: fakeClock(),
      log: silent,
      runtimeDirectory,
      async run(command, args, given) {
        files.push(await readFile(args[args.indexOf('--authfile') + 1] ?? '', 'utf8'))
        return await run(command, args, given)
      },
    })
    const credential = { username: '<token>', password: 'long-lived' }
    await engine.pull(image, { credential, plainHttp: false }, signal)
    const login = { auth: Buffer.from('<token>:').toString('base64'), identitytoken: 'long-lived' }
    const auths = { 'docker.io': login, 'https://index.docker.io/v1/': login }
    expect(JSON.parse(files.join())).toEqual({ auths })
  })

  it('keeps the engine from its own logins where none is to be used', async () => {
    const files: string[] = []
    const { run } = scriptedRun(() => ({}))
    const engine = createEngine({
      runtime: 'podman',
      follow: silentFollow,
      clock: fakeClock(),
      log: silent,
      runtimeDirectory,
      async run(command, args, given) {
        files.push(await readFile(args[args.indexOf('--authfile') + 1] ?? '', 'utf8'))
        return await run(command, args, given)
      },
    })
    await engine.pull(image, { credential: 'anonymous', plainHttp: false }, signal)
    const auth = Buffer.from('anonymous:').toString('base64')
    const auths = { 'docker.io': { auth }, 'https://index.docker.io/v1/': { auth } }
    expect(files).toEqual([JSON.stringify({ auths })])
  })

  it('says nothing of the credential in its arguments, whatever becomes of the pull', async () => {
    const { engine, calls } = engineOf('podman', () => ({
      exitCode: 125,
      stderr: 'Error: denied\n',
    }))
    expect(await engine.pull(image, options, signal)).toEqual({
      outcome: 'failed',
      reason: 'denied',
    })
    expect(calls[0]?.words).toMatch(
      /^podman pull -q --authfile \S+\/config\.json docker\.io\/o\/app@/,
    )
    expect(await readdir(runtimeDirectory)).toEqual([])
  })

  it('skips TLS only where the registry may be spoken to without', async () => {
    const { engine, calls } = engineOf('podman', () => ({}))
    await engine.pull(image, { credential: null, plainHttp: true }, signal)
    await engine.pull(image, { credential: null, plainHttp: false }, signal)
    const flags = calls.map(({ words }) => words.includes('--tls-verify=false'))
    expect(flags).toEqual([true, false])
  })

  it('asks for the tag where there is no digest', async () => {
    const { engine, calls } = engineOf('podman', () => ({}))
    const tagged = { credential: null, plainHttp: false }
    await engine.pull(parseImageReference('nginx'), tagged, signal)
    expect(calls[0]?.words).toBe('podman pull -q docker.io/library/nginx:latest')
  })

  it('keeps podman’s harmless log lines out of the reason', async () => {
    const stderr = [
      'time="2026-11-23T14:31:13Z" level=warning msg="Failed, retrying in 1s ... (1/3)."',
      'Error: initializing source: manifest unknown',
    ].join('\n')
    const { engine } = engineOf('podman', () => ({ exitCode: 125, stderr }))
    expect(await engine.pull(image, { credential: null, plainHttp: false }, signal)).toEqual({
      outcome: 'failed',
      reason: 'initializing source: manifest unknown',
    })
  })
})

describe('has()', () => {
  it('throws `engine` for anything but yes and no', async () => {
    const { engine } = engineOf('podman', () => ({ exitCode: 125, stderr: 'Error: odd' }))
    await expect(engine.has(parseImageReference('nginx'), signal)).rejects.toMatchObject({
      code: 'engine',
      message: expect.stringContaining('odd'),
    })
  })
})

describe('info()', () => {
  it('reads docker’s, its architecture as registries write it', async () => {
    const stdout = JSON.stringify({
      ServerVersion: '28.2.2',
      OSType: 'linux',
      Architecture: 'aarch64',
      SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'],
    })
    const { engine } = engineOf('docker', () => ({ stdout }))
    expect(await engine.info(signal)).toEqual({
      name: 'docker',
      version: '28.2.2',
      limits: [],
      complaints: [],
      rootless: true,
      os: 'linux',
      architecture: 'arm64',
      images: null,
      network: null,
    })
  })

  it('tells what podman complained of as it answered, and no warning', async () => {
    const words = String.raw`User-selected graph driver \"vfs\" overwritten by \"overlay\"\n`
    const log = (level: string) => `time="2026-11-23T23:42:10Z" level=${level} msg="${words}"\n`
    const stdout = JSON.stringify({ version: { Version: '4.3.1' }, host: {} })
    const { engine } = engineOf('podman', () => ({
      stdout,
      stderr: log('warning') + log('error'),
    }))
    expect((await engine.info(signal)).complaints).toEqual([
      'User-selected graph driver "vfs" overwritten by "overlay"',
    ])
  })

  it('gives podman’s own words, without its log’s, and the remedy of their cause', async () => {
    const words = String.raw`XDG_RUNTIME_DIR directory \"/root\" is not owned by the current user`
    const stderr = `time="2026-11-23T23:42:13Z" level=error msg="${words}"\n`
    const { engine } = engineOf('podman', () => ({ exitCode: 1, stderr }))
    await expect(engine.info(signal)).rejects.toMatchObject({
      code: 'engine',
      message:
        'Ask the engine by "podman info": XDG_RUNTIME_DIR directory "/root" is not owned by the current user',
      remedy: expect.stringContaining('rather than by su or sudo'),
    })
  })

  const away =
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?'
  const forbidden =
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix /var/run/docker.sock: connect: permission denied'

  it.each([
    [
      'what a newer docker says',
      { exitCode: 1, stderr: away },
      away,
      /systemctl enable --now docker/,
    ],
    [
      'what an older docker answers',
      { exitCode: 0, stdout: JSON.stringify({ ID: '', ServerErrors: [away] }) },
      away,
      /systemctl enable --now docker/,
    ],
    ['a newer forbidden one', { exitCode: 1, stderr: forbidden }, forbidden, /usermod -aG docker/],
    [
      'an older forbidden one',
      { exitCode: 0, stdout: JSON.stringify({ ID: '', ServerErrors: [forbidden] }) },
      forbidden,
      /usermod -aG docker/,
    ],
  ] as const)('throws `engine` with the remedy for %s', async (_title, answer, words, remedy) => {
    const { engine } = engineOf('docker', () => answer)
    await expect(engine.info(signal)).rejects.toMatchObject({
      code: 'engine',
      message: expect.stringContaining(words),
      remedy: expect.stringMatching(remedy),
    })
  })

  it.each([
    ['4.3.1', 'always', ['no systemd', 'cannot wait', 'has no "podman compose"']],
    ['4.6.0', 'always', ['no systemd', 'has no "podman compose"']],
    ['4.9.3', 'always', ['no systemd']],
    ['6.0.0', 'never', []],
  ] as const)(
    'tells what podman %s leaves to others, health checks driven %s',
    async (version, drivesHealthchecks, expected) => {
      const stdout = JSON.stringify({ host: { arch: 'amd64' }, version: { Version: version } })
      const { engine } = engineOf('podman', () => ({ stdout }), { drivesHealthchecks })
      const { limits } = await engine.info(signal)
      expect(limits).toEqual(expected.map((words) => expect.stringContaining(words)))
    },
  )

  it('throws `engine` for docker’s information without its daemon', async () => {
    const stdout = JSON.stringify({ ServerErrors: ['Is the docker daemon running?'] })
    const { engine } = engineOf('docker', () => ({ stdout }))
    await expect(engine.info(signal)).rejects.toMatchObject({ code: 'engine' })
  })
})

describe('remove()', () => {
  it('tries again while a container dies just as it is stopped, and gives up in the end', async () => {
    const clock = fakeClock()
    const { run, calls } = scriptedRun((words) =>
      words.startsWith('podman rm') ? { exitCode: 125, stderr: 'state improper' } : {},
    )
    const engine = createEngine({
      runtime: 'podman',
      run,
      follow: silentFollow,
      clock,
      log: silent,
      runtimeDirectory,
    })
    const removing = engine.remove(['a'], signal).catch((thrown: unknown) => thrown)
    await clock.advance(10_000)
    // Of this one stack: an engine that is away would stop all of them.
    expect(await removing).toMatchObject({
      code: 'stack',
      message: 'Remove containers by "podman rm": state improper',
    })
    expect(calls.filter(({ words }) => words.startsWith('podman rm'))).toHaveLength(5)
    expect(calls.some(({ words }) => words.includes('--force'))).toBe(false)
  })

  it('throws `engine` where the engine itself is away', async () => {
    const stderr = 'Cannot connect to Podman. Please verify your connection'
    const { engine } = engineOf('podman', () => ({ exitCode: 125, stderr }))
    await expect(engine.remove(['a'], signal)).rejects.toMatchObject({ code: 'engine' })
  })

  it('takes docker’s "No such container" as done', async () => {
    const stderr = 'Error response from daemon: No such container: a\n'
    const { engine } = engineOf('docker', () => ({ exitCode: 1, stderr }))
    await expect(engine.remove(['a'], signal)).resolves.toBeUndefined()
  })
})

describe('stop()', () => {
  it.each([
    ['ends where it stays down', ['exited'], 1, 600],
    ['waits for whoever cleans up, however late', ['stopped', 'stopped', 'exited'], 1, 1_000],
    [
      'stops again what was started meanwhile',
      ['stopped', 'running', 'stopped', 'exited'],
      2,
      1_200,
    ],
    ['leaves what nobody cleans up', ['stopped'], 1, 15_400],
  ])('%s', async (_title, states, stops, lasts) => {
    const clock = fakeClock()
    let look = 0
    const { run, calls } = scriptedRun((words) => {
      if (!words.startsWith('podman inspect')) return {}
      const state = states[Math.min(look, states.length - 1)] ?? ''
      look += 1
      return { stdout: `exited\n${state}\n` }
    })
    const { engine } = engineOf('podman', () => undefined, { run, clock })
    const began = clock.now()
    let ended = 0
    const stopping = engine.stop(['a', 'b'], signal).then(() => (ended = clock.now()))
    await clock.advance(30_000)
    await stopping
    expect(calls.filter(({ words }) => words === 'podman stop --ignore a b')).toHaveLength(stops)
    expect(ended - began).toBe(lasts)
  })

  it('does not try for ever', async () => {
    const clock = fakeClock()
    const { run, calls } = scriptedRun(() => ({ stdout: 'running\n' }))
    const { engine } = engineOf('podman', () => undefined, { run, clock })
    const stopping = engine.stop(['a'], signal)
    await clock.advance(60_000)
    await stopping
    expect(calls.filter(({ words }) => words.startsWith('podman stop'))).toHaveLength(40)
  })
})

describe('restart()', () => {
  const gone = 'Error: no container with name or ID "a" found: no such container\n'

  it('takes one that is gone as done, whatever podman warns of at every call', async () => {
    const log = 'time="2026-11-23T20:36:09Z" level=warning msg="Using cgroups-v1"\n'
    const stderr = log + gone
    const { engine, calls } = engineOf('podman', () => ({ exitCode: 125, stderr }))
    await expect(engine.restart(['a'], signal)).resolves.toBeUndefined()
    expect(calls).toHaveLength(1)
  })

  it('throws `stack` for what podman logs as an error beside it', async () => {
    const log = 'time="2026-11-23T20:36:09Z" level=error msg="storage is busy"\n'
    const stderr = log + gone
    const clock = fakeClock()
    const { engine } = engineOf('podman', () => ({ exitCode: 125, stderr }), { clock })
    const restarting = engine.restart(['a'], signal).catch((thrown: unknown) => thrown)
    await clock.advance(10_000)
    expect(await restarting).toMatchObject({
      code: 'stack',
      message: expect.stringContaining('storage is busy'),
    })
  })
})

describe('logs()', () => {
  it('puts both outputs in the order of their time', async () => {
    const { engine } = engineOf('podman', () => ({
      stdout: '2026-11-23T14:31:13.1Z one\n2026-11-23T14:31:13.3Z three\n',
      stderr: '2026-11-23T14:31:13.2Z two\n',
    }))
    expect(await engine.logs('a', 2, signal)).toBe('two\nthree\n')
  })

  it('joins what podman 5 stamps in pieces, and keeps stamps of the application', async () => {
    const [own, first, second] = [51, 52, 53].map((s) => `2026-11-23T20:50:${s}.123456789Z `)
    const stdout = `${first}${own}s3c${second}r3t${second}!\n`
    const { engine } = engineOf('podman', () => ({ stdout }))
    expect(await engine.logs('a', 10, signal)).toBe(`${own}s3cr3t!\n`)
  })
})

function only(name: string) {
  return scriptedRun((words) => (words.startsWith(`${name} `) ? {} : { outcome: 'absent' })).run
}

describe('probeEngine()', () => {
  it.each([
    ['podman first', null, scriptedRun(() => ({})).run, 'podman'],
    ['docker where there is no podman', null, only('docker'), 'docker'],
    ['the preferred one', 'docker' as const, scriptedRun(() => ({})).run, 'docker'],
  ])('finds %s', async (_name, preferred, run, found) => {
    expect(await probeEngine(run, preferred, signal)).toBe(found)
  })

  it('throws `engine` where there is none, or not the preferred one', async () => {
    await expect(probeEngine(only('neither'), null, signal)).rejects.toThrow(
      'Find a container engine: there is no "podman" nor "docker" in the PATH',
    )
    await expect(probeEngine(only('docker'), 'podman', signal)).rejects.toMatchObject({
      code: 'engine',
      remedy: expect.stringContaining('MD_RUNTIME'),
    })
  })
})
