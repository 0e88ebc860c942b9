/** Planted secrets through a whole life with the real launcher, and then a look into everything that anybody can read. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LAUNCHER, runMagos, type LabDaemon } from '../lab/daemon.ts'
import { debianPodmanCompose } from '../lab/engine/podman-compose.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { filesBelow, objectsOf, programPlaces, rowsBelow } from '../lab/places.ts'
import { findLeaks, plant, type Place } from '../lab/planted.ts'
import { fields, text } from '../lab/sops/encrypt.ts'
import { createSealer, type Sealer } from '../lab/sops/sealer.ts'
import { readTrace, tracedInto, type Program } from '../lab/trace.ts'
import { containersOf, eventually, git } from './look.ts'

const run = promisify(execFile)

const isLong = process.env['MAGOS_LONG'] === '1'

/** The stack's name, which is no secret: wherever secrets are looked for, this one has to be found. */
const STACK = 'wardrobe'

let traces: string
beforeAll(async () => {
  traces = await mkdtemp(join(tmpdir(), 'magos-traces-'))
})
afterAll(async () => {
  await rm(traces, { recursive: true, force: true })
})

describe('a planted leak', () => {
  const secret = plant()
  const bytes = Buffer.from(secret)
  test.each([
    ['as it is', secret],
    ['in JSON', JSON.stringify({ a: secret })],
    ['in JSON of ASCII', JSON.stringify(secret).replaceAll('é', String.raw`\u00e9`)],
    ['percent-encoded', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ a: secret }).toString()],
    ['in base64', bytes.toString('base64')],
    ['in base64 for addresses', bytes.toString('base64url')],
    ['in base64 behind one byte', Buffer.from(`u${secret}:x`).toString('base64')],
    ['in base64 behind two', Buffer.from(`u:${secret}x`).toString('base64')],
    ['in hexadecimal', bytes.toString('hex')],
    ['without its end', secret.slice(0, 20)],
    ['without its beginning', secret.slice(20)],
    ['as a line of many', `a\n  ${secret}\nb`],
  ])('is seen %s', (_title, said) => {
    expect(findLeaks({ it: secret }, [['here', `before ${said} behind`]])).not.toEqual([])
  })

  test('is seen in arguments and in the environment of a grandchild', async () => {
    const file = join(traces, 'planted')
    const script = 'SHOWN="$1" /bin/true; sh -c "/bin/echo \\"\\$0\\"" "$1" >/dev/null; /bin/true'
    const [program = '', ...flags] = tracedInto(file)
    await run(program, [...flags, '/bin/sh', '-c', script, 'sh', secret], { env: { PATH: '/bin' } })
    const programs = await eventually(
      () => readTrace(file),
      (seen) => seen.filter(({ path }) => path === '/bin/true').length === 2,
    )
    const leaks = findLeaks({ it: secret }, programPlaces(programs)).map(({ where }) => where)
    expect(leaks.some((where) => where.startsWith('environment of /bin/true'))).toBe(true)
    expect(leaks.some((where) => where.startsWith('arguments of /bin/echo'))).toBe(true)
  })

  test('is seen in files, in databases and in objects of git', async () => {
    const directory = join(traces, 'planted.d')
    await run('git', ['init', '-q', directory])
    await writeFile(join(directory, 'file'), secret)
    const person = ['-c', 'user.name=a', '-c', 'user.email=a@b']
    await git(directory, ...person, 'commit', '-q', '--allow-empty', '-m', secret)
    const database = new DatabaseSync(join(directory, 'one.db'))
    database.exec('CREATE TABLE t (a TEXT)')
    database.prepare('INSERT INTO t VALUES (?)').run(secret)
    database.close()
    for (const places of [
      filesBelow(directory, [join(directory, '.git')]),
      rowsBelow(directory),
      objectsOf(directory),
    ]) {
      expect(findLeaks({ it: secret }, await places)).not.toEqual([])
    }
  })
})

describe('a secret', () => {
  const planted = {
    'a value of an env_file': plant(),
    'a variable': plant(),
    'a value of a compose file': plant(),
    'a secret file': [plant(), plant(), plant()].join('\n'),
    'a config file': plant(),
    'a file in a mounted folder': plant(),
    'a duration': plant(),
    'a value of a rotated env_file': plant(),
  }
  let lab: Homelab
  let sealer: Sealer
  let credentials: Record<string, string>
  const daemons: LabDaemon[] = []
  const told: Place[] = []
  const answers: Place[] = []

  beforeAll(async () => {
    lab = await startHomelab()
    sealer = await createSealer()
    await lab.push('app', '1.0.0', { files: { start: 'exec httpd -f -p 8080 -h /www\n' } })
    await lab.repository.commit([
      { path: `${STACK}/compose.yaml`, content: compose(lab.image('app')) },
      { path: `${STACK}/compose.override.yaml`, content: await sealer.yaml(override(planted)) },
      { path: `${STACK}/.env`, content: await sealer.dotenv(dotenv(planted)) },
      { path: `${STACK}/a.env`, content: await sealer.dotenv(envFile(planted)) },
      { path: `${STACK}/key.pem`, content: await sealer.binary(planted['a secret file']) },
      { path: `${STACK}/app.conf`, content: await sealer.binary(planted['a config file']) },
      {
        path: `${STACK}/conf/token`,
        content: await sealer.binary(planted['a file in a mounted folder']),
      },
    ])
    const environment = lab.environment()
    await writeFile(String(environment['MD_CONFIG']), 'settle: 1s\ndeadline: 40s\ndebounce: 0s\n')
    credentials = {
      'the age key': sealer.identity,
      'the webhook secret': String(environment['MD_WEBHOOK_SECRET']),
      'the App key': String(environment['GITHUB_APP_PRIVATE_KEY']),
    }
  })
  afterAll(async () => {
    await lab.close()
  })

  test('reaches its containers', async () => {
    const before = await head()
    await start()
    const commit = await eventually(head, (now) => now !== before)
    expect((await lab.status(commit, `magos/attic/${STACK}`)).state).toBe('success')
    const { web } = await containersOf(lab.engine, STACK)
    const inside = (...command: string[]) => lab.engine.cli(['exec', web?.id ?? '', ...command])
    const environment = await inside('env')
    expect(environment).toContain(`A=${planted['a value of an env_file']}\n`)
    expect(environment).toContain(`B=${planted['a variable']}\n`)
    expect(environment).toContain(`C=${planted['a value of a compose file']}\n`)
    expect(await inside('cat', '/run/secrets/key')).toBe(planted['a secret file'])
    expect(await inside('cat', '/app.conf')).toBe(planted['a config file'])
    expect(await inside('cat', '/conf/token')).toBe(planted['a file in a mounted folder'])
  })

  test('lies on no disk when the daemon is killed in the midst of a deployment', async () => {
    const before = await ups()
    const value = planted['a value of a rotated env_file']
    const rotated = { path: `${STACK}/a.env`, content: await sealer.dotenv({ A: value }) }
    const { commit } = await lab.repository.commit([rotated], 'feat: rotate')
    // From this moment on Compose has the rendered stack.
    await eventually(ups, (seen) => seen > before)
    await daemons.at(-1)?.kill()
    expect(leaksIn(await disk())).toEqual([])
    expect(leaksIn(await rowsBelow(dataDirectory()))).toEqual([])
    await start()
    expect((await lab.status(commit, `magos/attic/${STACK}`)).state).toBe('success')
    await expectMountedAlone()
  })

  test('is repeated to nobody where a container repeats it and fails', async () => {
    const before = await head()
    await lab.publish('app', '1.1.0', {
      health: 'none',
      files: { start: TELLING },
    })
    const update = await eventually(head, (now) => now !== before)
    const left = isLong ? await killWhile('Restoring the last good state') : []
    expect(findLeaks(planted, left)).toEqual([])
    expect((await lab.status(update, `magos/attic/${STACK}`)).state).toBe('failure')
    const revert = await eventually(head, (now) => now !== update)
    const message = await git(lab.repository.gitDir, 'show', '-s', '--format=%B', revert)
    expect(message).toContain('web: telling all')
    // of three values each: in the environment, in a file, in a spelling
    expect(message.match(/\*{3}/gu)?.length).toBeGreaterThanOrEqual(9)
  })

  test('is repeated to nobody where Compose repeats it and refuses', async () => {
    const content = compose(lab.image('app'), 'healthcheck: { interval: "${PAUSE}" }')
    const { commit } = await lab.repository.commit([{ path: `${STACK}/compose.yaml`, content }])
    // Magos may pin what it names before it looks at it.
    const pinned = eventually(head, (now) => now !== commit)
    const statuses = [commit, pinned].map(async (one) =>
      lab.status(await one, `magos/attic/${STACK}`),
    )
    expect((await Promise.any(statuses)).state).toBe('failure')
    await Promise.allSettled(statuses)
    await quiet()
  })

  test('is in nothing that a command says', async () => {
    const env = lab.environment({ SOPS_AGE_KEY: sealer.identity })
    for (const command of ['status', 'history', 'plan', `explain ${STACK}`, 'secrets check']) {
      for (const form of isLong ? [[], ['--json']] : [['--json']]) {
        const { stdout, stderr } = await runMagos([...command.split(' '), ...form], { env })
        told.push([`stdout of ${command}`, stdout], [`stderr of ${command}`, stderr])
      }
    }
    expect(leaksIn(told)).toEqual([])
  })

  test('is in no answer of the daemon, and in nothing that GitHub was told', async () => {
    const { log } = lab.github.deliveries
    answers.push(...log.map(({ event, response }): Place => [`answer to ${event}`, response ?? '']))
    for (const path of ['healthz', 'metrics', '', `webhooks/registry/docker/${STACK}`]) {
      const answer = await fetch(`http://${lab.environment()['MD_LISTEN']}/${path}`)
      answers.push([path, `${JSON.stringify([...answer.headers])} ${await answer.text()}`])
    }
    expect(leaksIn(answers, 'accepted')).toEqual([])
    const { statuses, deployments, checkRuns, pulls } = lab.repository.record
    const requests = lab.github.requests.map(({ method, path, query, body }): Place => [
      `${method} ${path}`,
      `${path}${query} ${JSON.stringify(body)}`,
    ])
    expect(statuses.length * deployments.length).toBeGreaterThan(0)
    const shown = JSON.stringify([statuses, deployments, checkRuns, pulls], withoutApp)
    expect(leaksIn([...requests, ['what GitHub shows', shown]])).toEqual([])
    expect(leaksIn(await objectsOf(lab.repository.gitDir))).toEqual([])
  })

  test('is in no log, no file and no database, and in memory only as containers need it', async () => {
    await expectMountedAlone()
    const { code } = (await daemons.at(-1)?.stop()) ?? { code: 1 }
    expect(code).toBe(0)
    const lines = daemons.flatMap((daemon) => daemon.lines)
    expect(leaksIn(lines.map((line): Place => ['log', JSON.stringify(line)]))).toEqual([])
    expect(JSON.stringify(lines)).toContain('telling all')
    expect(leaksIn(await disk())).toEqual([])
    expect(leaksIn(await rowsBelow(dataDirectory()))).toEqual([])
  })

  test('is in no argument and in no environment of a program outside of its container', async () => {
    const all = await programs()
    const outside = all.filter(({ place }) => place === 'host')
    const tokens = [...lab.github.state.tokens.keys()].map((token, index) => [
      `token ${index}`,
      token,
    ])
    // Those are in Magos's own environment, and the launcher becomes Magos.
    const children = outside.filter(({ words }) => !words.includes('run') && !isLaunching(words))
    expect(findLeaks(planted, programPlaces(outside))).toEqual([])
    expect(
      findLeaks({ ...credentials, ...Object.fromEntries(tokens) }, programPlaces(children)),
    ).toEqual([])
    const inside = findLeaks(
      planted,
      programPlaces(all.filter(({ place }) => place === 'container')),
    )
    expect(new Set(inside.map(({ secret }) => secret))).toContain('a value of an env_file')
    for (const name of ['podman', 'docker-compose', 'conmon', 'runc', 'netavark']) {
      expect(outside.some(({ path }) => path.endsWith(`/${name}`))).toBe(true)
    }
  })

  async function start(): Promise<void> {
    const file = join(traces, `daemon-${daemons.length}`)
    const env = { SOPS_AGE_KEY: sealer.identity }
    daemons.push(await lab.start(env, { command: [...tracedInto(file), LAUNCHER] }))
  }

  /** Everything that a killed daemon left on disks; another one goes on. */
  async function killWhile(message: string): Promise<readonly Place[]> {
    await daemons.at(-1)?.line((line) => line.message.startsWith(message))
    await daemons.at(-1)?.kill()
    const places = [...(await disk()), ...(await rowsBelow(dataDirectory()))]
    await start()
    return places
  }

  async function programs(): Promise<readonly Program[]> {
    const files = daemons.map((_, index) => join(traces, `daemon-${index}`))
    return (await Promise.all(files.map(readTrace))).flat()
  }

  /** How often Compose was asked to make the stack so. */
  async function ups(): Promise<number> {
    const all = await programs()
    return all.filter(({ path, words }) => path.endsWith('/docker-compose') && words.includes('up'))
      .length
  }

  /** Every secret that is told there. The stack's name has to stand there too, or else nobody looked. */
  function leaksIn(places: readonly Place[], known = STACK) {
    if (!places.some(([, said]) => said.includes(known))) throw new Error(`No "${known}" there`)
    return findLeaks({ ...planted, ...credentials }, places)
  }

  /** All that lies beside the engine's own store. */
  async function disk(): Promise<readonly Place[]> {
    const { directory } = lab.engine
    const store = ['graph', 'run', 'tmp', 'x'].map((name) => join(directory, name))
    return await filesBelow(directory, store)
  }

  async function expectMountedAlone(): Promise<void> {
    const { web } = await containersOf(lab.engine, STACK)
    const format = '{{range .Mounts}}{{.Source}}{{"\\n"}}{{end}}'
    const mounted = await lab.engine.cli(['inspect', '--format', format, web?.id ?? ''])
    const places = await filesBelow(lab.engine.runtimeDirectory, [])
    const telling = places.filter((place) => findLeaks(planted, [place]).length > 0)
    const paths = telling.map(([path]) => path)
    expect(paths).toHaveLength(3)
    for (const path of paths) {
      const own = path.replace(lab.engine.runtimeDirectory, join(lab.engine.directory, 'x'))
      expect(mounted.split('\n')).toContain(own)
      expect((await stat(path)).mode & 0o777).toBe(0o600)
    }
  }

  function dataDirectory(): string {
    return String(lab.environment()['MD_DATA_DIR'])
  }

  async function head(): Promise<string> {
    return (await lab.repository.head()).commit
  }

  async function quiet(): Promise<void> {
    await lab.github.deliveries.settled()
    await eventually(
      async () => (await fetch(`http://${lab.environment()['MD_LISTEN']}/healthz`)).text(),
      (health) => health.includes('"pending":0'),
    )
  }
})

describe.each(isLong ? ['podman-compose'] : [])('a secret on a host with %s', () => {
  const planted = { 'a file': plant(), 'a value': plant() }
  let lab: Homelab
  let env: Record<string, string>

  beforeAll(async () => {
    lab = await startHomelab({ triggers: 'polling' })
    await lab.push('app', '1.0.0')
    const sealer = await createSealer()
    const image = `image: ${lab.image('app')}:1.0.0`
    const repository = await lab.localRepository('checked-out', {
      [`${STACK}/compose.yaml`]: `services: { web: { ${image}, volumes: ['./key:/key'] } }\n`,
      [`${STACK}/key`]: await sealer.binary(planted['a file']),
      'shown/compose.yaml': `services: { web: { ${image}, environment: { A: '\${A}' } } }\n`,
      'shown/.env': await sealer.dotenv({ A: planted['a value'] }),
    })
    env = lab.environment({
      MD_REPO: repository,
      PODMAN_COMPOSE_PROVIDER: debianPodmanCompose(),
      SOPS_AGE_KEY: sealer.identity,
    })
  })
  afterAll(async () => {
    await lab.close()
  })

  test('is mounted, or its stack is refused, and no program is told of it', async () => {
    const file = join(traces, 'podman-compose')
    const daemon = await lab.start(env, { command: [...tracedInto(file), LAUNCHER] })
    await daemon.line(({ message }) => message.includes('on command lines'), 60_000)
    const { web } = await eventually(
      () => containersOf(lab.engine, STACK),
      (seen) => seen['web']?.health === 'healthy',
    )
    expect(await lab.engine.cli(['exec', web?.id ?? '', 'cat', '/key'])).toBe(planted['a file'])
    expect(await containersOf(lab.engine, 'shown')).toEqual({})
    await daemon.stop()
    const programs = (await readTrace(file)).filter(({ place }) => place === 'host')
    const stacks = programs
      .filter(({ words }) => words.includes('up'))
      .flatMap(({ words }) => words)
    expect(stacks).toContain(STACK)
    expect(stacks).not.toContain('shown')
    const lines = daemon.lines.map((line): Place => ['log', JSON.stringify(line)])
    const { directory } = lab.engine
    const store = ['graph', 'run', 'tmp', 'x'].map((name) => join(directory, name))
    const places = [...programPlaces(programs), ...lines, ...(await filesBelow(directory, store))]
    expect(findLeaks(planted, places)).toEqual([])
  })
})

type Plan = Readonly<Record<string, string>>

function compose(image: string, more = ''): string {
  return `services:
  web:
    image: ${image}:1.0.0  # {"magos": {"policy": "semver", "range": "^1"}}
    command: [sh, /start]
    init: true
    stop_grace_period: 0s
    env_file: a.env
    environment: { B: '\${VARIABLE}' }
    secrets: [key]
    configs: [{ source: app, target: /app.conf }]
    volumes: ['./conf:/conf']
    ${more}
secrets:
  key: { file: key.pem }
configs:
  app: { file: app.conf }
`
}

function override(planted: Plan) {
  const environment = fields(['C', text(planted['a value of a compose file'] ?? '')])
  return fields(['services', fields(['web', fields(['environment', environment])])])
}

function dotenv(planted: Plan) {
  return { VARIABLE: planted['a variable'] ?? '', PAUSE: planted['a duration'] ?? '' }
}

function envFile(planted: Plan) {
  return { A: planted['a value of an env_file'] ?? '' }
}

/** A program that says all that it knows, in every form, and ends. */
const TELLING = String.raw`echo telling all
env
cat /run/secrets/key /conf/token /app.conf
printf %s "$A" | busybox base64 -w 0
echo
printf %s "$B" | busybox sed 's/"/\\"/g'
echo
printf %s "$C" | busybox sed 's/&/%26/g; s/é/%C3%A9/g; s/"/%22/g; s,/,%2F,g; s/+/%2B/g; s/</%3C/g'
exit 3
`

function isLaunching(words: readonly string[]): boolean {
  return ['readlink', 'dirname'].includes(words[0] ?? '') || words.includes('--version')
}

/** The lab's record of the App has its key. */
function withoutApp(key: string, value: unknown): unknown {
  return key === 'app' || key === 'creator' ? undefined : value
}
