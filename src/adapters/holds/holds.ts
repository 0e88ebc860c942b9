import { readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
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
import type { Holds } from '../../ports.ts'
import { formatHold, parseHold } from './hold-text.ts'

export interface HoldsOptions {
  /** `MD_DATA_DIR/holds`; made by the first hold. */
  readonly directory: string
}

/** Bytes of a hold at the most; ours are far below. */
const LARGEST = 64 << 10

/**
 * One plain file a held stack, so that a hold outlives the database and can be read, made and removed without us.
 */
export function createHolds({ directory }: HoldsOptions): Holds {
  const read = async (stack: string): Promise<Hold | null> => {
    const bytes = await readFileSafely(fileOf(directory, stack), { maxBytes: LARGEST })
    return bytes === null ? null : parseHold(Buffer.from(bytes).toString('utf8'))
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
        throw storageError(`Remove "${path}"`, thrown)
      }
      return hold
    },
    held: read,
    async all() {
      const found = new Map<string, Hold>()
      for (const stack of await names(directory)) {
        const hold = await read(stack)
        if (hold !== null) found.set(stack, hold)
      }
      return found
    },
  }
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    // A name that begins with a dot is a file that is not whole yet.
    const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    return files.map(({ name }) => name).toSorted()
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return []
    throw storageError(`List "${directory}"`, thrown)
  }
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
