import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { programPath } from './install.ts'

const run = promisify(execFile)

/** Debian's podman-compose, which `install` brings; throws where it is not there. */
export function debianPodmanCompose(): string {
  const path = programPath('podman-compose')
  if (path === null) throw new Error('No podman-compose here: install Debian’s package')
  return path
}

/** A version of it from PyPI, laid below the directory with what it needs; the path of a program that runs it. */
export async function bringPodmanCompose(directory: string, version: string): Promise<string> {
  const library = join(directory, `podman-compose-${version}.d`)
  await mkdir(library, { recursive: true })
  const packages = [`podman-compose==${version}`, 'python-dotenv', 'pyyaml']
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', library, ...packages])
  const program = join(directory, `podman-compose-${version}`)
  const { stdout: python } = await run('python3', ['-c', 'import sys; print(sys.executable)'])
  const line = `PYTHONPATH='${library}' exec '${python.trim()}' -m podman_compose "$@"`
  await writeFile(program, `#!/bin/sh\n${line}\n`)
  await chmod(program, 0o755)
  return program
}
