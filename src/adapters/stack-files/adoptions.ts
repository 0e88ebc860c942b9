import { readdirSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asMagosError, MagosError } from '../../domain/error.ts'
import { ensurePrivateDirectory, isErrno, storageError, writeFileSafely } from '../../host/files.ts'
import type { Homes } from './homes.ts'

/** Which stacks were adopted, and from where: a plain file each, for the containers that told it may be gone. */
export interface Adoptions {
  all(): ReadonlyMap<string, string>
  keep(stack: string, directory: string): Promise<void>
}

const SUFFIX = '.directory'

/** Reads what was adopted before. Throws `storage` where that cannot be read: data must not seem to be elsewhere. */
export function openAdoptions(root: string): Adoptions {
  const books = join(root, '.magos')
  const known = new Map(
    namesIn(books).map((name) => [name.slice(0, -SUFFIX.length), readText(join(books, name))]),
  )
  return {
    all: () => known,
    async keep(stack, directory) {
      await ensurePrivateDirectory(books)
      await writeFileSafely(join(books, `${stack}${SUFFIX}`), `${directory}\n`, 0o600)
      known.set(stack, directory)
    },
  }
}

/** Why a stack cannot live where it was started; null where it can. */
export async function adoptionProblem(homes: Homes, stack: string): Promise<string | null> {
  try {
    const found = await stat(homes.of(stack))
    return found.isDirectory() ? null : `"${homes.of(stack)}" is no directory`
  } catch (thrown) {
    if (thrown instanceof MagosError) return thrown.message
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return `"${homes.of(stack)}" is not there any more`
    return asMagosError(storageError(`Look at "${homes.of(stack)}"`, thrown)).message
  }
}

function namesIn(books: string): readonly string[] {
  try {
    return readdirSync(books).filter((name) => name.endsWith(SUFFIX))
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return []
    throw storageError(`Read "${books}"`, thrown)
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\n$/, '')
  } catch (thrown) {
    throw storageError(`Read "${path}"`, thrown)
  }
}
