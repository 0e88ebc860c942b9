/** Encrypted files on real podman with the real launcher: in the clear where a container reads them, and nowhere else. */
import { execFile } from 'node:child_process'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runMagos, type CommandResult } from '../lab/daemon.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { createSealer, type Sealer } from '../lab/sops/sealer.ts'
import { containersOf, git, type SeenContainer } from './look.ts'

const PLANTED = 'planted-4f1d'

let lab: Homelab
let sealer: Sealer
let env: Record<string, string>
let repository: string
const said: CommandResult[] = []

function compose(image: string): string {
  return `services:
  web:
    image: ${image}:1.0.0
    init: true
    stop_grace_period: 1s
    env_file: a.env
  files:
    image: ${image}:1.0.0
    init: true
    stop_grace_period: 1s
    user: '1000'
    secrets: [key, token]
    volumes:
      - ./conf:/etc/app
      - ./single.txt:/single.txt:ro
  idle:
    image: ${image}:1.0.0
    init: true
    stop_grace_period: 1s
    environment: { GREETING: '\${GREETING}' }
secrets:
  key: { file: key.txt }
  token: { environment: TOKEN }
`
}

beforeAll(async () => {
  lab = await startHomelab({ triggers: 'polling' })
  sealer = await createSealer()
  await lab.push('vault', '1.0.0')
  repository = await lab.localRepository('checked-out', {
    'vault/compose.yaml': compose(lab.image('vault')),
    'vault/conf/plain.txt': 'plain\n',
    'vault/conf/token': await sealer.binary(`${PLANTED}-token`),
    'vault/single.txt': await sealer.binary(`${PLANTED}-single`),
    'vault/key.txt': await sealer.binary(`${PLANTED}-key`),
    'vault/a.env': await sealer.dotenv({ PASSWORD: `${PLANTED}-a` }),
    'vault/.env': await sealer.dotenv({
      GREETING: `${PLANTED}-greeting`,
      TOKEN: `${PLANTED}-variable`,
    }),
  })
  const keyFile = join(lab.engine.directory, 'age.key')
  await writeFile(keyFile, `${sealer.identity}\n`, { mode: 0o600 })
  const data = join(lab.engine.directory, 'data-vault')
  const config = join(lab.engine.directory, 'vault.yaml')
  await writeFile(config, 'settle: 1s\ndeadline: 20s\ndebounce: 0s\n')
  env = lab.environment({
    MD_CONFIG: config,
    MD_REPO: repository,
    MD_DATA_DIR: data,
    SOPS_AGE_KEY_FILE: keyFile,
  })
})
afterAll(async () => {
  await lab.close()
})

describe('encrypted files', () => {
  test('reach exactly the containers that name them', async () => {
    expect(await sync()).toMatchObject([{ stack: 'vault', outcome: 'succeeded' }])
    const { web, files } = await vault()
    expect(await inside(web, 'env')).toContain(`PASSWORD=${PLANTED}-a\n`)
    expect(await inside(files, 'cat', '/run/secrets/key')).toBe(`${PLANTED}-key`)
    expect(await inside(files, 'cat', '/run/secrets/token')).toBe(`${PLANTED}-variable`)
    expect(await inside(files, 'cat', '/etc/app/token')).toBe(`${PLANTED}-token`)
    expect(await inside(files, 'cat', '/etc/app/plain.txt')).toBe('plain')
    expect(await inside(files, 'cat', '/single.txt')).toBe(`${PLANTED}-single`)
  })

  test('lie in the clear in memory alone, where nobody else may enter', async () => {
    const sources = await mountsOf((await vault())['files'])
    const placed = sources.filter((path) => !path.startsWith(String(env['MD_DATA_DIR'])))
    expect(placed).toHaveLength(4)
    for (const path of placed) {
      expect((await stat(dirname(dirname(dirname(path))))).mode & 0o777).toBe(0o700)
      expect((await run('stat', ['-f', '-c', '%T', path])).stdout.trim()).toBe('tmpfs')
    }
    const places = [String(env['MD_DATA_DIR']), repository]
    const { stdout } = await run('grep', ['-rlF', PLANTED, ...places]).catch(() => ({ stdout: '' }))
    expect(stdout).toBe('')
    expect(JSON.stringify(said)).not.toContain(PLANTED)
  })

  test('are made again after a boot, byte for byte, and recreate nothing', async () => {
    const before = await vault()
    const sources = await mountsOf(before['files'])
    const placed = sources.filter((path) => !path.startsWith(String(env['MD_DATA_DIR'])))
    const contents = await Promise.all(placed.map((path) => readFile(path, 'utf8')))
    for (const path of placed)
      await rm(dirname(dirname(dirname(path))), { recursive: true, force: true })
    expect(await sync()).toMatchObject([{ outcome: 'unchanged' }])
    expect(await vault()).toEqual(before)
    expect(await Promise.all(placed.map((path) => readFile(path, 'utf8')))).toEqual(contents)
    await lab.engine.cli(['restart', before['files']?.id ?? ''])
    expect(await inside(before['files'], 'cat', '/run/secrets/key')).toBe(`${PLANTED}-key`)
  })

  test('recreate exactly their users when they change, and leave nothing of before', async () => {
    const before = await vault()
    const old = await mountsOf(before['files'])
    await commit({
      'vault/a.env': await sealer.dotenv({ PASSWORD: `${PLANTED}-new` }),
      'vault/key.txt': await sealer.binary(`${PLANTED}-key-new`),
      // The same plaintext, encrypted anew.
      'vault/single.txt': await sealer.binary(`${PLANTED}-single`),
    })
    expect(await sync()).toMatchObject([
      {
        outcome: 'succeeded',
        services: [
          { name: 'files', action: 'recreate' },
          { name: 'idle', action: 'keep' },
          { name: 'web', action: 'recreate' },
        ],
      },
    ])
    const after = await vault()
    expect(await inside(after['web'], 'env')).toContain(`PASSWORD=${PLANTED}-new\n`)
    expect(await inside(after['files'], 'cat', '/run/secrets/key')).toBe(`${PLANTED}-key-new`)
    expect(after['idle']?.id).toBe(before['idle']?.id)
    const now = await mountsOf(after['files'])
    const gone = old.filter((path) => !now.includes(path))
    expect(gone).toHaveLength(1)
    await expect(readdir(dirname(gone[0] ?? ''))).rejects.toThrow('ENOENT')
  })
})

const run = promisify(execFile)

async function sync() {
  const result = await runMagos(['sync', '--json'], { env })
  said.push(result)
  return JSON.parse(result.stdout).deployments ?? result
}

async function vault(): Promise<Readonly<Record<string, SeenContainer>>> {
  return containersOf(lab.engine, 'vault')
}

async function inside(container: SeenContainer | undefined, ...command: readonly string[]) {
  return lab.engine.cli(['exec', container?.id ?? '', ...command])
}

async function mountsOf(container: SeenContainer | undefined): Promise<readonly string[]> {
  const format = '{{range .Mounts}}{{.Source}}{{"\\n"}}{{end}}'
  const listed = await lab.engine.cli(['inspect', '--format', format, container?.id ?? ''])
  return listed.split('\n').filter((line) => line !== '')
}

async function commit(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files))
    await writeFile(join(repository, path), content)
  await git(repository, 'add', '.')
  await git(repository, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'rotate')
}
