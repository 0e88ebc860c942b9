/**
 * The programs of docker's engine for the lab: the machine's own, else those of Debian's packages, unpacked beside the
 * system, so that no service starts and nothing of an installed docker changes.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory, lastWords, programPath } from './install.ts'

const run = promisify(execFile)

/** Debian's packages and where each program lies in them. */
const PACKAGES = ['docker.io', 'containerd', 'tini'] as const
const PROGRAMS: Readonly<Record<string, string>> = {
  docker: 'usr/bin/docker',
  dockerd: 'usr/sbin/dockerd',
  'docker-proxy': 'usr/sbin/docker-proxy',
  'docker-init': 'usr/bin/tini-static',
  containerd: 'usr/bin/containerd',
  'containerd-shim-runc-v2': 'usr/bin/containerd-shim-runc-v2',
}

/** The directory that has all of docker's programs which the machine itself lacks. */
function dockerPrograms(): string {
  return join(cacheDirectory(), 'docker')
}

/** Why no docker can be started here; null where one can. */
export function dockerTrouble(): string | null {
  if (process.getuid?.() !== 0) return 'only root can start dockerd'
  const missing = Object.keys(PROGRAMS).filter((name) => programOf(name) === null)
  if (missing.length === 0) return null
  return `this machine lacks ${missing.join(', ')}: npm test brings them from Debian`
}

/** Where the lab finds one of docker's programs; null where nowhere. The engine's are all of one place. */
export function programOf(name: string): string | null {
  const brought = join(dockerPrograms(), name)
  const isWhole = Object.keys(PROGRAMS).every((one) => programPath(one) !== null)
  if (isWhole) return programPath(name)
  return existsSync(brought) ? brought : null
}

/** Brings what is missing into the lab's cache; why not, where it cannot be had; null where docker can be started. */
export async function bringDocker(say: (line: string) => void): Promise<string | null> {
  const trouble = dockerTrouble()
  if (trouble === null || process.getuid?.() !== 0) return trouble
  if (process.env['MAGOS_LAB_INSTALL'] === '0') return 'MAGOS_LAB_INSTALL=0 forbids to bring it'
  if (!existsSync('/etc/debian_version')) return 'only on Debian is known how to bring it'
  say(`The lab unpacks Debian's ${PACKAGES.join(', ')} into ${dockerPrograms()}`)
  try {
    await bring()
    return dockerTrouble()
  } catch (thrown) {
    return lastWords(thrown)
  }
}

async function bring(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'magos-lab-docker-'))
  try {
    // A foreign source that does not answer is no reason to stop; the download itself decides.
    await run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=180', 'update']).catch(() => undefined)
    const user = ['-o', 'APT::Sandbox::User=root']
    await run('apt-get', ['-qq', ...user, 'download', ...PACKAGES], { cwd: work })
    for (const name of await readdir(work)) {
      if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', name, 'unpacked'], { cwd: work })
    }
    await keep(join(work, 'unpacked'))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** By a rename, so that what is there is whole. */
async function keep(unpacked: string): Promise<void> {
  const partial = `${dockerPrograms()}-${process.pid}`
  await mkdir(partial, { recursive: true })
  for (const [name, path] of Object.entries(PROGRAMS)) {
    await copyFile(join(unpacked, path), join(partial, name))
  }
  await rm(dockerPrograms(), { recursive: true, force: true })
  await rename(partial, dockerPrograms())
}
