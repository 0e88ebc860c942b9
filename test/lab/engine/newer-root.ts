import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory, lastWords, mirror, NEWER_SUITE, programPath } from './install.ts'

const run = promisify(execFile)

/** What the suites use of a system, beside node and Magos, which are the machine's. */
const PACKAGES = [
  'aardvark-dns',
  'age',
  'busybox-static',
  'ca-certificates',
  'catatonit',
  'docker-compose',
  'docker-registry',
  'git',
  'iproute2',
  'iptables',
  'libstdc++6',
  'netavark',
  'nftables',
  'passt',
  'podman',
  'podman-compose',
  'procps',
  'runc',
  'skopeo',
  'slirp4netns',
  'strace',
  'uidmap',
] as const

const PREFIX = `debian-${NEWER_SUITE}-`

/** Where it lies, here or not; another list of packages is another root. */
export function newerRoot(): string {
  const name = createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 8)
  return join(cacheDirectory(), PREFIX + name)
}

/**
 * Brings a root file system of the suite after the system's, whose podman is newer, from the mirror that apt uses; it is
 * kept for the next time. Why not, where it cannot be had; null where it is there.
 */
export async function bringNewerRoot(say: (line: string) => void): Promise<string | null> {
  const root = newerRoot()
  if (process.getuid?.() !== 0) return 'only root can enter another root file system'
  if (existsSync(root)) return null
  if (process.env['MAGOS_LAB_INSTALL'] === '0') return 'MAGOS_LAB_INSTALL=0 forbids to bring it'
  if (!existsSync('/etc/debian_version')) return 'only on Debian is known how to bring it'
  say(`The lab brings a root file system of Debian ${NEWER_SUITE} (a minute, 700 MB) into ${root}`)
  try {
    await bring(root)
    return null
  } catch (thrown) {
    return lastWords(thrown)
  }
}

/** The version of its podman, such as `5.4`. */
export async function newerPodman(): Promise<string> {
  const status = ['--root', newerRoot(), '--showformat=${Version}', '--show', 'podman']
  const { stdout } = await run('dpkg-query', status)
  return /^\d+\.\d+/.exec(stdout)?.[0] ?? stdout
}

/** By a rename, so that what is there is whole. */
async function bring(root: string): Promise<void> {
  if (programPath('debootstrap') === null) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const lock = ['-o', 'DPkg::Lock::Timeout=180', '-qq']
    await run('apt-get', [...lock, 'update'], { env }).catch(() => undefined)
    await run('apt-get', [...lock, 'install', '-y', '--no-install-recommends', 'debootstrap'])
  }
  await mkdir(cacheDirectory(), { recursive: true })
  await removeOthers()
  const partial = join(cacheDirectory(), `.${basename(root)}-${process.pid}`)
  try {
    const what = ['--variant=minbase', `--include=${PACKAGES.join(',')}`, NEWER_SUITE, partial]
    // What it mounts goes with its namespace, however it ends.
    const namespace = ['--mount', '--propagation', 'private', '--']
    await run('unshare', [...namespace, 'debootstrap', ...what, await mirror()], {
      maxBuffer: 64 << 20,
    })
    await rm(join(partial, 'var/cache/apt/archives'), { recursive: true, force: true })
    await chmod(partial, 0o755)
    await rename(partial, root)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

/** Those of other lists of packages; never one that somebody makes just now. */
async function removeOthers(): Promise<void> {
  const names = await readdir(cacheDirectory())
  const old = names.filter((name) => name.startsWith(PREFIX))
  for (const name of old) await rm(join(cacheDirectory(), name), { recursive: true, force: true })
}
