import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createStackFiles } from '../../../src/adapters/stack-files/stack-files.ts'
import type { OnStep } from '../../../src/host/files.ts'
import { createRunChild } from '../../../src/host/process.ts'
import type { Log, StackFiles } from '../../../src/ports.ts'

const run = createRunChild({ environment: process.env })

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

export interface Laboratory {
  readonly root: string
  /** A process's stable directories; several see the same disk, as after a restart. */
  readonly start: (options?: {
    readonly onStep?: OnStep
    readonly directories?: Record<string, string>
    readonly log?: Log
  }) => StackFiles
  readonly dispose: () => Promise<void>
}

export async function createLaboratory(): Promise<Laboratory> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'magos-stacks-')))
  return {
    root,
    start: ({ onStep, directories = {}, log = silent } = {}) =>
      createStackFiles({
        root: join(root, 'stacks'),
        directories,
        run,
        log,
        ...(onStep === undefined ? {} : { onStep }),
      }),
    dispose: () => rm(root, { recursive: true, force: true }),
  }
}

export async function writeInto(home: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true })
  await writeFile(join(home, path), content)
}

/** Every file below, by path, with its text; a symlink with an arrow before its target. */
export async function filesBelow(home: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const visit = async (under: string): Promise<void> => {
    const names = await readdir(join(home, under)).catch(() => [])
    for (const name of names) {
      const path = under === '' ? name : `${under}/${name}`
      const full = join(home, path)
      const stats = await lstat(full)
      if (stats.isDirectory()) await visit(path)
      else if (stats.isSymbolicLink()) found[path] = `→ ${await readlink(full)}`
      else found[path] = await readFile(full, 'utf8')
    }
  }
  await visit('')
  return found
}
