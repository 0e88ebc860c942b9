/**
 * What a user's machine has before Magos: npm with its Node, git, an empty home and an empty npm cache. Nothing of this
 * checkout's is within reach of what runs there, least of all its node_modules.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { mkdtemp, rm, symlink, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** The checkout that these tests belong to. */
export const ROOT = join(import.meta.dirname, '../..')

/** A registry that is slow to answer must not be waited for until the whole run is ended. */
const PATIENCE_MS = 150_000

export interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Where {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface FreshMachine {
  /** Everything on it lies below this folder, the home included. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** Writes a file, and the folders above it; returns its path. */
  write(path: string, text: string): Promise<string>
  run(program: string, args: readonly string[], where?: Where): Promise<Ending>
  /** Like `run`, and returns what it printed; rejects with all that it said when it fails. */
  succeed(program: string, args: readonly string[], where?: Where): Promise<string>
  remove(): Promise<void>
}

export async function createFreshMachine(): Promise<FreshMachine> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), 'magos-install-')))
  const env = { ...connection(), PATH: barePath(), HOME: join(folder, 'home'), LANG: 'C.UTF-8' }
  await mkdir(env.HOME)
  const run = (program: string, args: readonly string[], where: Where = {}) =>
    runToEnd(program, args, { cwd: folder, env, ...where })
  return {
    folder,
    env,
    run,
    async write(path, text) {
      const file = join(folder, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
      return file
    },
    async succeed(program, args, where) {
      const { code, stdout, stderr } = await run(program, args, where)
      if (code === 0) return stdout
      const said = [stdout, stderr].filter((text) => text !== '').join('\n')
      throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}:\n${said}`)
    },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/** Clones what is committed in this checkout, as a user would from GitHub. */
export function cloneHead(folder: string): void {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  const { status, stderr } = spawnSync('git', ['clone', '--quiet', ROOT, folder], {
    env: Object.fromEntries(ours),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`Clone this checkout: ${stderr}`)
}

/**
 * A PATH on which there is no Node at all, only what the launcher and Magos themselves call. Where Magos brings no Node
 * of its own, the one that runs these tests is there.
 */
export async function pathWithoutNode(folder: string): Promise<string> {
  const bin = join(folder, 'tools')
  await mkdir(bin)
  for (const tool of ['sh', 'dirname', 'readlink', 'git'])
    await symlink(which(tool), join(bin, tool))
  const isSupplied = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
  if (!isSupplied) await symlink(process.execPath, join(bin, 'node'))
  return bin
}

function runToEnd(program: string, args: readonly string[], where: Where): Promise<Ending> {
  const options = { ...where, timeout: PATIENCE_MS, maxBuffer: 64 << 20 }
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const why = child.exitCode === null ? (error?.message ?? 'a signal ended it') : ''
      resolve({ code: child.exitCode, stdout, stderr: `${stderr}${why}` })
    })
    child.stdin?.end()
  })
}

/** npm's own folder, then the system's. */
function barePath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const foreign = folders.filter((folder) => !folder.includes('node_modules'))
  const npm = foreign.find((folder) => existsSync(join(folder, 'npm')))
  if (npm === undefined) throw new Error('Find npm: there is none in the PATH')
  return [...new Set([npm, '/usr/bin', '/bin'])].join(delimiter)
}

/** How this machine reaches npm's registry is its own matter; npm tells its scripts so in these. */
function connection(): Record<string, string> {
  const names =
    /^(?:https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_(?:file|dir)|npm_config_(?:registry|cafile|ca|https?_proxy|proxy|noproxy|strict_ssl))$/i
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && names.test(name) ? [[name, value]] : [],
    ),
  )
}

function which(tool: string): string {
  const { stdout } = spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' })
  if (stdout === '') throw new Error(`Find ${tool}: there is none in the PATH`)
  return stdout.trim()
}
