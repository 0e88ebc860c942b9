import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { coerce, lt } from 'semver'
import { cacheDirectory, programPath } from './install.ts'

const run = promisify(execFile)

/** Every version that differs from the one before in how it is driven or what it knows. */
export const VERSIONS = ['1.0.6', '1.1.0', '1.2.0', '1.3.0', '1.4.1', '1.5.0', '1.6.0'] as const

/** Debian's podman-compose, which `install` brings; throws where it is not there. */
export function debianPodmanCompose(): string {
  const path = programPath('podman-compose')
  if (path === null) throw new Error('No podman-compose here: install Debian’s package')
  return path
}

/** What it makes of several files: its `config`, which tells, came with 1.0.6. */
export function debianReads(): 'one file' | 'several files' {
  const path = programPath('podman-compose')
  const { stdout } = spawnSync(path ?? 'podman-compose', ['--version'], { encoding: 'utf8' })
  const version = /podman-composer? version:? +(\S+)/.exec(stdout ?? '')?.[1] ?? '0'
  return lt(coerce(version) ?? '0.0.0', '1.0.6') ? 'one file' : 'several files'
}

/** A program of that version, which `bringPodmanCompose` laid into the cache; throws where it did not. */
export function podmanCompose(version: string): string {
  const path = join(cacheDirectory(), `podman-compose-${version}`)
  if (!existsSync(path)) throw new Error(`No podman-compose ${version} here: npm run test:long`)
  return path
}

/** Brings all versions from PyPI, outside of namespaces, which have no network; what is there already stays. */
export async function bringPodmanCompose(): Promise<void> {
  for (const version of VERSIONS) await bring(version)
}

async function bring(version: string): Promise<void> {
  const program = join(cacheDirectory(), `podman-compose-${version}`)
  const library = `${program}.d`
  if (!existsSync(library)) await bringLibrary(version, library)
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.executable)'])
  // Another root file system may have another python.
  const lines = [
    '#!/bin/sh',
    `python='${stdout.trim()}'`,
    '[ -x "$python" ] || python=python3',
    `PYTHONPATH='${library}' exec "$python" -m podman_compose "$@"`,
  ]
  const partial = `${program}-${process.pid}`
  await writeFile(partial, `${lines.join('\n')}\n`, { mode: 0o755 })
  await rename(partial, program)
}

async function bringLibrary(version: string, library: string): Promise<void> {
  const partial = `${library}-${process.pid}`
  await mkdir(partial, { recursive: true })
  const packages = [`podman-compose==${version}`, 'python-dotenv', 'pyyaml']
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', partial, ...packages])
  await rename(partial, library)
}
