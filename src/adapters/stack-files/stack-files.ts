import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import {
  inDirectory,
  isErrno,
  nearestHolding,
  type OnStep,
  pathProblem,
  readFileSafely,
  storageError,
} from '../../host/files.ts'
import type { RunChild } from '../../host/process.ts'
import type { LaidFile, LayReport, Log, StackFiles } from '../../ports.ts'
import { adoptionProblem, openAdoptions } from './adoptions.ts'
import { createHomes, type Homes } from './homes.ts'
import { isLaidThere } from './laid-there.ts'
import { layOnce, type Laying } from './lay.ts'
import { loadManifest } from './manifest.ts'
import { targetOf } from './target.ts'
import { Raced } from './apply.ts'

export interface StackFilesOptions {
  /** `MD_DATA_DIR/stacks`. */
  readonly root: string
  /** Stable directories that the daemon's configuration names, absolute, by stack. */
  readonly directories: Readonly<Record<string, string>>
  /** Asks git what is clean where such a directory lies in somebody's work tree. */
  readonly run: RunChild
  readonly log: Log
  readonly onStep?: OnStep
}

/**
 * The stable directories of this host's stacks. A manifest beside them says what we wrote; it is what tells our files
 * from a person's, and what an interrupted call is finished from.
 */
export function createStackFiles({
  root,
  directories,
  run,
  log,
  onStep = () => undefined,
}: StackFilesOptions): StackFiles {
  const adoptions = openAdoptions(root)
  let homes = createHomes(root, directories, adoptions.all())
  const owners = new Map<string, string>()
  const queues = new Map<string, Promise<unknown>>()
  const lay = async (
    stack: string,
    files: readonly LaidFile[],
    signal: AbortSignal,
  ): Promise<LayReport> => {
    interrupted(signal, stack)
    const target = targetOf(stack, files)
    const home = await openHome(homes.of(stack))
    claim(owners, home, stack)
    const top = homes.isNamed(stack) ? await nearestHolding(home, '.git') : null
    const manifest = homes.manifest(stack)
    return await layUntilStill({ stack, home, top, target, manifest, run, log, onStep, signal })
  }
  return {
    home: (stack) => homes.of(stack),
    owns: (stack, directory) => homes.owns(stack, directory),
    async read(stack, path, signal) {
      interrupted(signal, stack)
      return await readInside(homes, stack, path, log)
    },
    async adopt(stack, { directory, purpose }, signal) {
      interrupted(signal, stack)
      const adopted = new Map([...adoptions.all(), [stack, directory]])
      const others = createHomes(root, directories, adopted)
      const reason = await adoptionProblem(others, stack)
      if (reason !== null) return { outcome: 'refused', reason }
      if (purpose === 'keep') {
        await adoptions.keep(stack, directory)
        homes = others
        log.info({ stack, directory }, 'Adopted the directory of a stack that ran already')
      }
      const read: StackFiles['read'] = (name, path) => readInside(others, name, path, log)
      return { outcome: 'adopted', files: { home: (name) => others.of(name), read } }
    },
    lay(stack, files, signal) {
      const next = (queues.get(stack) ?? Promise.resolve()).then(() => lay(stack, files, signal))
      queues.set(
        stack,
        next.catch(() => undefined),
      )
      return next
    },
  }
}

/** Somebody may write there while we do; what they wrote is then looked at anew. */
async function layUntilStill(laying: Laying): Promise<LayReport> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await layOnce(laying)
    } catch (thrown) {
      if (!(thrown instanceof Raced)) {
        throw stackError(`Lay the files of stack "${laying.stack}"`, thrown)
      }
      if (attempt === 4) {
        throw new MagosError(
          'stack',
          `Lay the files of stack "${laying.stack}": somebody keeps changing them`,
          { cause: thrown, remedy: `Stop what writes into "${laying.home}"` },
        )
      }
    }
  }
}

async function openHome(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 })
    return await realpath(path)
  } catch (thrown) {
    throw stackError(`Make directory "${path}"`, thrown)
  }
}

// Two names of one directory, by a symlink, are seen only here.
function claim(owners: Map<string, string>, home: string, stack: string): void {
  const owner = owners.get(home)
  if (owner === undefined) owners.set(home, stack)
  else if (owner !== stack) {
    throw new MagosError(
      'configuration',
      `Use "${home}" for stack "${stack}": it is the directory of stack "${owner}"`,
      {
        remedy: `Name another "directory" for one of them`,
      },
    )
  }
}

async function readInside(
  homes: Homes,
  stack: string,
  path: string,
  log: Log,
): Promise<Uint8Array | null> {
  const problem = pathProblem(path)
  if (problem !== null) {
    throw new MagosError('stack', `Read ${JSON.stringify(path)} of stack "${stack}": ${problem}`)
  }
  try {
    const home = await realpath(homes.of(stack))
    const real = await realpath(join(home, path))
    if (!real.startsWith(`${home}/`)) throw outside(stack, path)
    const parts = real.slice(home.length + 1).split('/')
    const name = parts.pop() ?? ''
    const bytes = await inDirectory(home, parts, {}, (here) =>
      readFileSafely(join(here, name), { name: join(homes.of(stack), path) }),
    )
    if (bytes === null) return null
    return (await isLaidThere(await loadManifest(homes.manifest(stack), home, log), path))
      ? null
      : bytes
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return null
    throw stackError(`Read "${path}" of stack "${stack}"`, thrown)
  }
}

function outside(stack: string, path: string): MagosError {
  return new MagosError(
    'stack',
    `Read "${path}" of stack "${stack}": a symbolic link leads out of the stack's directory`,
    { place: { file: path }, remedy: 'Put the file itself there' },
  )
}

/** The whole machine is out of these, and no stack is at fault. */
const SHORTAGES = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM'] as const

/** What else the system refuses is about this stack's directory, so it must not stop the others. */
function stackError(action: string, thrown: unknown): MagosError {
  const error = storageError(action, thrown)
  const { code, message, cause, remedy } = error
  if (code !== 'storage' || isErrno(cause, ...SHORTAGES)) return error
  return new MagosError('stack', message, {
    cause,
    remedy: remedy ?? 'Put right what lies there; nothing was lost',
  })
}

function interrupted(signal: AbortSignal, stack: string): void {
  if (signal.aborted) {
    throw new MagosError('interrupted', `Use the files of stack "${stack}": interrupted`)
  }
}
