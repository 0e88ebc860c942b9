/** The packed form: what `npm install --global` brings to a machine, and that it runs there without the checkout. */
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { startDaemon } from '../lab/daemon.ts'
import { pushImage } from '../lab/registry/push.ts'
import { startRegistry } from '../lab/registry/registry.ts'
import {
  cloneHead,
  createFreshMachine,
  pathWithoutNode,
  ROOT,
  type FreshMachine,
} from './fresh-machine.ts'

/** Node lies below the package, or beside it; the launcher's own tests hold both, so the short form installs once. */
const GLOBAL = { name: 'npm install --global', flags: ['--global'], magos: 'bin/magos' }
const LOCAL = { name: 'npm install', flags: [], magos: 'node_modules/.bin/magos' }
const INSTALLATIONS = process.env['MAGOS_LONG'] === '1' ? [GLOBAL, LOCAL] : [GLOBAL]

const SECRETS = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\\n]+[A-Za-z0-9+/]{40}/,
  /AGE-SECRET-KEY-1[0-9A-Z]{50}/,
  /gh[opsu]_[A-Za-z0-9]{36}/,
]

let machine: FreshMachine
let tarball: string
let files: readonly string[]
/** Without a Node, so that the one that npm brought has to be found. */
let env: Record<string, string>

beforeAll(async () => {
  machine = await createFreshMachine()
  const clone = join(machine.folder, 'clone')
  cloneHead(clone)
  // only read: what is built and packed lies in the clone
  await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
  const to = ['--pack-destination', machine.folder]
  await machine.succeed('npm', ['pack', '--silent', ...to], { cwd: clone })
  tarball = join(machine.folder, `magos-dominus-${manifest.version}.tgz`)
  files = (await machine.succeed('tar', ['-tzf', tarball])).trim().split('\n')
  env = { ...machine.env, PATH: await pathWithoutNode(machine.folder) }
})
afterAll(async () => {
  await machine.remove()
})

describe('the tarball of npm pack', () => {
  test('holds what runs and what is copied, and nothing else', () => {
    const wanted =
      /^package\/(?:package\.json|README\.md|LICENSE|dist\/magos\.mjs|src\/cli\/magos\.sh|configs\/[\w.-]+|tunnel\/[\w.-]+)$/
    expect(files.filter((file) => !wanted.test(file))).toEqual([])
    for (const file of ['dist/magos.mjs', 'src/cli/magos.sh', 'LICENSE', 'README.md']) {
      expect(files).toContain(`package/${file}`)
    }
    expect(files).toContain('package/configs/magos-dominus.service')
    expect(files).toContain('package/configs/env.sample')
  })

  test('holds no secret, and no path of the machine that it was packed on', async () => {
    const content = await machine.succeed('tar', ['-xzOf', tarball])
    // what is found is not printed: it would be a secret, or two megabytes
    expect(SECRETS.filter((secret) => secret.test(content))).toEqual([])
    expect([machine.folder, ROOT].filter((path) => content.includes(path))).toEqual([])
  })
})

describe.each(INSTALLATIONS)('magos, installed with $name', ({ flags, magos }) => {
  let bin: string

  beforeAll(async () => {
    const prefix = await mkdtemp(join(machine.folder, 'prefix-'))
    await machine.succeed('npm', ['install', ...flags, '--silent', '--prefix', prefix, tarball])
    bin = join(prefix, magos)
  })

  test('runs its bundle with the Node that npm brought', async () => {
    const version = await machine.succeed(bin, ['--version'], { env })
    expect(version).toBe(`${manifest.version}\n`)
    const answer = await machine.succeed(bin, ['image', 'nginx:1.2', '--json'], { env, cwd: '/' })
    expect(JSON.parse(answer)).toMatchObject([{ canonical: 'docker.io/library/nginx:1.2' }])
  })

  test('check asks a registry and changes nothing', async () => {
    const registry = await startRegistry()
    try {
      await pushImage(registry, 'o/app', '1.0.0', { version: '1.0.0' })
      const digest = await pushImage(registry, 'o/app', '1.1.0', { version: '1.1.0' })
      const image = `${registry.host}/o/app`
      const compose = `services:\n  web:\n    image: ${image}:1.0.0  # {"magos": {"policy": "semver"}}\n`
      const folder = await stacks(compose)
      const answer = await machine.succeed(bin, ['check', '--json'], { env, cwd: folder })
      expect(JSON.parse(answer)).toMatchObject({
        updates: [{ file: 'web/compose.yaml', line: 3, to: `${image}:1.1.0@${digest}` }],
        held: [],
      })
      expect(await readFile(join(folder, 'web/compose.yaml'), 'utf8')).toBe(compose)
    } finally {
      await registry.close()
    }
  })

  test('run ends with 2 without a repository, and says which variable names it', async () => {
    const { code, stdout, stderr } = await machine.run(bin, ['run'], { env })
    expect(code).toBe(2)
    expect(`${stdout}${stderr}`).toContain('MD_REPO')
  })

  test('run ends with 3 where there is no container engine, and says so', async () => {
    const more = await settings()
    const { code, stdout, stderr } = await machine.run(bin, ['run'], { env: { ...env, ...more } })
    expect(code).toBe(3)
    expect(`${stdout}${stderr}`).toContain('there is no "podman" nor "docker" in the PATH')
    expect(`${stdout}${stderr}`).toContain('Install podman')
  })

  test('run works a local repository until SIGTERM, and ends with 0', async () => {
    const PATH = `${await engineAway()}:${env['PATH'] ?? ''}`
    const own = { ...env, ...(await settings()), PATH }
    const daemon = await startDaemon(own, { command: [bin], cwd: machine.folder })
    const { address } = await daemon.line(({ message }) => message.startsWith('Listening on'))
    await daemon.line(({ message }) => message.includes('there is no engine here'))
    const health = await fetch(`${String(address)}/healthz`)
    expect({ status: health.status, body: await health.json() }).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    })
    const { code, after } = await daemon.stop()
    expect(code).toBe(0)
    expect(after).toBeLessThan(10_000)
    expect(daemon.lines.filter(({ level }) => level === 'raw')).toEqual([])
  })
})

/** An engine that is installed and cannot be reached. */
async function engineAway(): Promise<string> {
  const podman = await machine.write(
    'engine/podman',
    `#!/bin/sh
case $1 in
  --version) echo 'podman version 5.4.2' ;;
  *) echo 'Error: unable to connect to Podman socket: there is no engine here' >&2; exit 125 ;;
esac
`,
  )
  await machine.succeed('chmod', ['+x', podman])
  return join(machine.folder, 'engine')
}

/** A folder of its own with one compose file, not yet a repository. */
async function stacks(compose: string): Promise<string> {
  const folder = await mkdtemp(join(machine.folder, 'stacks-'))
  await mkdir(join(folder, 'web'))
  await writeFile(join(folder, 'web/compose.yaml'), compose)
  return folder
}

/** What a daemon needs of its own: a repository, a data directory and a port. */
async function settings(): Promise<Record<string, string>> {
  return {
    MD_REPO: await repository('services: {}\n'),
    MD_DATA_DIR: await mkdtemp(join(machine.folder, 'data-')),
    MD_LISTEN: '127.0.0.1:0',
    MD_POLL_INTERVAL: '1s',
  }
}

async function repository(compose: string): Promise<string> {
  const folder = await stacks(compose)
  const identity = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.org']
  const git = (...args: readonly string[]) => machine.succeed('git', args, { cwd: folder })
  await git('init', '--quiet', '--initial-branch=main')
  await git('add', '.')
  await git(...identity, 'commit', '--quiet', '--message=first')
  return folder
}
