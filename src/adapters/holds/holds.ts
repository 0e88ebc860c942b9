import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { asMagosError, MagosError } from '../../domain/error.ts'
import type { Hold } from '../../domain/hold.ts'
import {
  ensurePrivateDirectory,
  isErrno,
  pathProblem,
  readFileSafely,
  storageError,
  syncDirectory,
  unlessErrno,
  writeFileSafely,
} from '../../host/files.ts'
import type { Holds, Log } from '../../ports.ts'
import { formatHold, parseHold } from './hold-text.ts'

export interface HoldsOptions {
  /** `MD_DATA_DIR/holds`; made by the first hold. */
  readonly directory: string
  readonly log: Log
}

/** Bytes of a hold at the most; ours are far below. */
const LARGEST = 64 << 10

/** NAME of a stack. */
const NAME = /^[a-z0-9][a-z0-9_-]*$/

/**
 * One plain file a held stack, so that a hold outlives the database and can be read, made and removed without us. Whatever
 * else bears a stack's name holds that stack: letting go what shall be held is the worse mistake.
 */
export function createHolds({ directory, log }: HoldsOptions): Holds {
  const told = new Set<string>()
  const tellOnce = (name: string) => {
    const path = join(directory, name)
    if (told.has(path)) return
    told.add(path)
    const remedy = `Remove it, or name it as the stack is named that shall be held`
    log.warn({ path, remedy }, `Hold ${JSON.stringify(path)} is left out: it names no stack`)
  }
  const read = async (stack: string): Promise<Hold | null> => {
    const path = fileOf(directory, stack)
    try {
      const bytes = await readFileSafely(path, { maxBytes: LARGEST })
      return bytes === null ? null : parseHold(Buffer.from(bytes).toString('utf8'))
    } catch (thrown) {
      return unreadable(path, thrown)
    }
  }
  return {
    async hold(stack, hold) {
      const path = fileOf(directory, stack)
      await ensurePrivateDirectory(directory)
      await writeFileSafely(path, formatHold(hold), 0o600)
    },
    async release(stack) {
      const path = fileOf(directory, stack)
      const hold = await read(stack)
      if (hold === null) return null
      try {
        await unlink(path).catch(unlessErrno('ENOENT'))
        await syncDirectory(directory)
      } catch (thrown) {
        throw (await isDirectory(path))
          ? notOurs(path, thrown)
          : storageError(`Remove "${path}"`, thrown)
      }
      return hold
    },
    held: read,
    async all() {
      const found = new Map<string, Hold>()
      for (const stack of await names(directory)) {
        if (!NAME.test(stack)) {
          tellOnce(stack)
          continue
        }
        const hold = await read(stack)
        if (hold !== null) found.set(stack, hold)
      }
      return found
    },
  }
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory)
    // A name that begins with a dot is a file that is not whole yet.
    return entries.filter((name) => !name.startsWith('.')).toSorted()
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return []
    throw storageError(`List "${directory}"`, thrown)
  }
}

/** Nobody knows what it says, but whose it is. */
function unreadable(path: string, thrown: unknown): Hold {
  const { message } = asMagosError(thrown)
  return {
    kind: 'operator',
    by: 'a file that cannot be read',
    reason: `${message}; mend or remove ${path}`,
    at: Number.NaN,
    tracked: null,
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null)
  return found?.isDirectory() === true
}

function notOurs(path: string, cause: unknown): MagosError {
  return new MagosError(
    'storage',
    `Remove "${path}": it is a directory, which Magos did not make`,
    {
      cause,
      remedy: `Look what is in it, then: rm -r ${path}`,
    },
  )
}

function fileOf(directory: string, stack: string): string {
  const problem = stack.includes('/')
    ? 'it has a slash'
    : stack.startsWith('.')
      ? 'it starts with a dot'
      : pathProblem(stack)
  if (problem === null) return join(directory, stack)
  throw new MagosError('usage', `Find the hold of stack ${JSON.stringify(stack)}: ${problem}`)
}
