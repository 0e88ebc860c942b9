/**
 * What the lab needs of the machine, and how it gets there. Odd about build machines, and handled here and in
 * `start.ts` and `isolate.ts`: they are root in a container-like Debian without systemd, their Debian 12 has a podman
 * without `podman compose` and no Compose v2, so that one comes out of the next suite's archive, unpacked beside the
 * system and never installed into it.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** `given`: whoever calls has said what will be installed. A function is asked with the words. */
export type Consent = 'given' | 'forbidden' | ((words: string) => Promise<boolean>)

export interface InstallOptions {
  readonly consent: Consent
  readonly say: (line: string) => void
}

export type InstallOutcome =
  | { readonly outcome: 'ready'; readonly installed: readonly string[] }
  | { readonly outcome: 'missing'; readonly missing: readonly string[]; readonly reason: string }

/** Each Debian package with a file that shows it is there, whoever put it there. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  podman: ['podman'],
  runc: ['runc'],
  netavark: ['/usr/lib/podman/netavark', '/usr/libexec/podman/netavark'],
  'aardvark-dns': ['/usr/lib/podman/aardvark-dns', '/usr/libexec/podman/aardvark-dns'],
  iptables: ['iptables'],
  nftables: ['nft'],
  catatonit: ['catatonit', '/usr/libexec/podman/catatonit'],
  skopeo: ['skopeo'],
  'busybox-static': [],
  'docker-registry': ['docker-registry'],
  'podman-compose': ['podman-compose'],
  age: ['age'],
  strace: ['strace'],
}

const COMPOSE = 'docker-compose'
/** The Debian after the one of build machines. */
export const NEWER_SUITE = 'trixie'

/** Names of what is not here: Debian packages, and `docker-compose` for Compose v2. Looks only. */
export function missingPackages(): readonly string[] {
  const missing = Object.entries(PACKAGES)
    .filter(([name, signs]) =>
      name === 'busybox-static' ? busyboxPath() === null : !present(signs),
    )
    .map(([name]) => name)
  return composePath() === null ? [...missing, COMPOSE] : missing
}

/** Brings what is missing, with consent; `missing` where it is forbidden, refused or not possible here. Idempotent. */
export async function install({ consent, say }: InstallOptions): Promise<InstallOutcome> {
  const missing = missingPackages()
  if (missing.length === 0) return { outcome: 'ready', installed: [] }
  const refusal = whyNot(missing, consent)
  if (refusal !== null) return { outcome: 'missing', missing, reason: refusal }
  const words = announcement(missing)
  say(words)
  if (typeof consent === 'function' && !(await consent(words))) {
    return { outcome: 'missing', missing, reason: 'it was declined' }
  }
  try {
    await bring(missing)
  } catch (thrown) {
    return { outcome: 'missing', missing: missingPackages(), reason: lastWords(thrown) }
  }
  const still = missingPackages()
  return still.length === 0
    ? { outcome: 'ready', installed: missing }
    : { outcome: 'missing', missing: still, reason: 'the installation did not bring them' }
}

/** Compose v2's binary: the cached one, else one that a package put into a plugin directory. */
export function composePath(): string | null {
  const places = [
    join(cacheDirectory(), COMPOSE),
    '/usr/libexec/docker/cli-plugins/docker-compose',
    '/usr/lib/docker/cli-plugins/docker-compose',
    '/usr/local/lib/docker/cli-plugins/docker-compose',
  ]
  return places.find(executable) ?? null
}

/** A busybox without a dynamic loader, which alone runs in an image made from scratch. */
export function busyboxPath(): string | null {
  const places = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static']
  return places.find((path) => executable(path) && isStatic(path)) ?? null
}

/** The file of a program, found as a shell finds it, the system directories included. */
export function programPath(name: string): string | null {
  if (name.startsWith('/')) return executable(name) ? name : null
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin']
  const paths = directories.filter((directory) => directory !== '').map((d) => join(d, name))
  return paths.find(executable) ?? null
}

function present(signs: readonly string[]): boolean {
  return signs.some((sign) => programPath(sign) !== null)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** ELF programs that need a loader name it; a static one has no such path in its head. */
function isStatic(path: string): boolean {
  return !readFileSync(path).subarray(0, 4096).includes('ld-linux')
}

/** Where the lab keeps what it brings beside the system. */
export function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? ''
  return join(base === '' ? join(homedir(), '.cache') : base, 'magos-lab')
}

function whyNot(missing: readonly string[], consent: Consent): string | null {
  if (process.env['MAGOS_LAB_INSTALL'] === '0') return 'MAGOS_LAB_INSTALL=0 forbids to install'
  if (consent === 'forbidden') return 'nobody agreed to install'
  if (!existsSync('/etc/debian_version')) return 'only Debian is known how to install on'
  if (missing.some((name) => name !== COMPOSE) && process.getuid?.() !== 0) {
    return `only root can install; run: apt-get install ${missing.filter((n) => n !== COMPOSE).join(' ')}`
  }
  return null
}

function announcement(missing: readonly string[]): string {
  const packages = missing.filter((name) => name !== COMPOSE)
  const parts = []
  if (packages.length > 0) parts.push(`Debian packages ${packages.join(' ')} by apt-get`)
  if (missing.includes(COMPOSE)) {
    parts.push(`Compose v2 out of Debian ${NEWER_SUITE}'s package into ${cacheDirectory()}`)
  }
  return `The lab installs ${parts.join(', and ')}`
}

async function bring(missing: readonly string[]): Promise<void> {
  const packages = missing.filter((name) => name !== COMPOSE)
  if (packages.length > 0) {
    const lock = ['-o', 'DPkg::Lock::Timeout=180', '-qq']
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    // A foreign source that does not answer is no reason to stop; the installation itself decides.
    await run('apt-get', [...lock, 'update'], { env }).catch(() => undefined)
    const flags = ['install', '-y', '--no-install-recommends']
    await run('apt-get', [...lock, ...flags, ...packages], { env, maxBuffer: 64 << 20 })
  }
  if (missing.includes(COMPOSE)) await bringCompose()
}

/** With an apt state of its own, so that the system's package lists never learn of the newer suite. */
async function bringCompose(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'magos-lab-apt-'))
  try {
    await Promise.all(
      ['lists/partial', 'cache/archives/partial', 'unpacked'].map((path) =>
        mkdir(join(work, path), { recursive: true }),
      ),
    )
    await writeFile(join(work, 'suite.list'), await sourceLine())
    const options = Object.entries({
      'Dir::State::lists': join(work, 'lists'),
      'Dir::Cache': join(work, 'cache'),
      'Dir::Etc::sourcelist': join(work, 'suite.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
      'Acquire::Languages': 'none',
    }).flatMap(([key, value]) => (value === '' ? [] : ['-o', `${key}=${value}`]))
    await run('apt-get', [...options, '-qq', 'update'], { cwd: work })
    await run('apt-get', [...options, '-qq', 'download', COMPOSE], { cwd: work })
    const archive = (await readdir(work)).find((name) => name.endsWith('.deb'))
    if (archive === undefined) throw new Error(`apt-get download brought no package ${COMPOSE}`)
    await run('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: work })
    await keepCompose(join(work, 'unpacked/usr/libexec/docker/cli-plugins', COMPOSE))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** By a rename, so that two installations at once never leave half a program. */
async function keepCompose(from: string): Promise<void> {
  const directory = cacheDirectory()
  await mkdir(directory, { recursive: true })
  const partial = join(directory, `.${COMPOSE}-${process.pid}`)
  await copyFile(from, partial)
  await chmod(partial, 0o755)
  await rename(partial, join(directory, COMPOSE))
}

async function sourceLine(): Promise<string> {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  return `deb [signed-by=${keyring}] ${await mirror()} ${NEWER_SUITE} main\n`
}

/** The mirror of Debian that apt uses; throws where it names none. */
export async function mirror(): Promise<string> {
  const texts = await Promise.all(
    ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'].map((path) =>
      readFile(path, 'utf8').catch(() => ''),
    ),
  )
  const uri =
    /^URIs:\s*(\S+)/m.exec(texts[0] ?? '')?.[1] ??
    /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/m.exec(texts[1] ?? '')?.[1]
  if (uri === undefined) throw new Error('Find a mirror of Debian: apt names none on this machine')
  return uri
}

/** The end of what a program said. */
export function lastWords(thrown: unknown): string {
  const stderr = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr) : ''
  const text = stderr.trim() === '' ? String(thrown) : stderr
  return text.trim().split('\n').slice(-3).join('; ')
}

if (import.meta.main) {
  const outcome = await install({ consent: 'given', say: (line) => console.error(line) })
  console.log(JSON.stringify(outcome))
  process.exitCode = outcome.outcome === 'ready' ? 0 : 1
}
