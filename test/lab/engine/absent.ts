/**
 * What stands in the engine's place where a machine has none. Nothing runs: its `podman` says of every question that it
 * cannot be reached, which is what Magos meets on a host whose engine is away.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabEngine, LabEngineOptions } from './start.ts'

const WORDS = 'unable to connect to Podman socket: there is no engine here'

const STAND_IN = `#!/bin/sh
case \${1:-} in
  --version) echo 'podman version 0.0.0' ;;
  *) echo 'Error: ${WORDS}' >&2; exit 125 ;;
esac
`

const refuse = () => Promise.reject(new Error(WORDS))

export async function startAbsentEngine({
  prefix = 'lab',
  parent = '/tmp',
  runtimeParent = '/dev/shm',
}: LabEngineOptions = {}): Promise<LabEngine> {
  const directory = await mkdtemp(join(parent, 'ml-'))
  const runtimeDirectory = await mkdtemp(join(runtimeParent, 'ml-'))
  const home = join(directory, 'home')
  const bin = join(directory, 'bin')
  for (const path of [home, bin]) await mkdir(path, { mode: 0o700 })
  await writeFile(join(bin, 'podman'), STAND_IN)
  await chmod(join(bin, 'podman'), 0o755)
  let serial = 0
  return {
    directory,
    runtimeDirectory,
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: home,
      TMPDIR: directory,
      LANG: 'C.UTF-8',
      XDG_RUNTIME_DIR: runtimeDirectory,
    },
    project: (name) => `${prefix}-${name}-${(serial += 1)}`,
    runtime: 'podman',
    cli: refuse,
    buildImage: refuse,
    async stop() {
      await rm(directory, { recursive: true, force: true })
      await rm(runtimeDirectory, { recursive: true, force: true })
      return []
    },
  }
}
