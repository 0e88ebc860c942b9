import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
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

/** A program of that version, which `bringPodmanCompose` laid into the cache; throws where it did not. */
export function podmanCompose(version: string): string {
  const path = join(cacheDirectory(), `podman-compose-${version}`)
  if (!existsSync(path)) throw new Error(`No podman-compose ${version} here: npm run test:long`)
  return path
}

/** Brings all versions from PyPI, outside of namespaces, which have no network; what is there already stays. */
export async function bringPodmanCompose(): Promise<void> {
  for (const version of VERSIONS) {
    if (!existsSync(join(cacheDirectory(), `podman-compose-${version}`))) await bring(version)
  }
}

async function bring(version: string): Promise<void> {
  const program = join(cacheDirectory(), `podman-compose-${version}`)
  const library = `${program}.d`
  const partial = `${library}-${process.pid}`
  await mkdir(partial, { recursive: true })
  const packages = [`podman-compose==${version}`, 'python-dotenv', 'pyyaml']
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', partial, ...packages])
  await rm(library, { recursive: true, force: true })
  await rename(partial, library)
  const { stdout: python } = await run('python3', ['-c', 'import sys; print(sys.executable)'])
  const line = `PYTHONPATH='${library}' exec '${python.trim()}' -m podman_compose "$@"`
  await writeFile(program, `#!/bin/sh\n${line}\n`)
  await chmod(program, 0o755)
}
