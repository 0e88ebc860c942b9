import { chmod, mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import {
  ensurePrivateDirectory,
  isErrno,
  pathProblem,
  readFileSafely,
  replaceIn,
  storageError,
  unlessErrno,
} from '../../host/files.ts'
import type { SecretFile, SecretFiles } from '../../ports.ts'

export interface SecretFilesOptions {
  /** In memory, below this user's own directory; made with the first file. */
  readonly directory: string
}

/** `DIRECTORY/STACK/DIGEST/NAME`: containers keep the name, and two contents never share a path. */
export function createSecretFiles({ directory }: SecretFilesOptions): SecretFiles {
  const below = (stack: string, digest: string) => {
    const problem = pathProblem(`${stack}/${digest}`)
    if (problem === null) return join(directory, stack, digest)
    throw new MagosError('internal', `Place a secret of "${stack}": ${problem}`)
  }
  return {
    path: (stack, digest, name) => join(below(stack, digest), name),
    async lay(files, signal) {
      for (const file of files) {
        signal.throwIfAborted()
        if (!(await stands(file))) await layFile(directory, file)
      }
    },
    async has(stack, digests, signal) {
      signal.throwIfAborted()
      const listed = await Promise.all(digests.map((digest) => names(below(stack, digest))))
      return listed.every((found) => found.some((name) => !TEMPORARY.test(name)))
    },
    async keep(stack, digests, signal) {
      signal.throwIfAborted()
      const own = dirname(below(stack, 'any'))
      for (const name of await names(own)) {
        if (!digests.includes(name)) await remove(join(own, name))
        else await removeLeftovers(join(own, name))
      }
      await rmdir(own).catch(unlessErrno('ENOENT', 'ENOTEMPTY', 'EEXIST'))
    },
    async stacks(signal) {
      signal.throwIfAborted()
      return await names(directory)
    },
  }
}

/** What a killed process was writing. */
const TEMPORARY = /^\.magos-[0-9a-f]{16}\.tmp$/

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await names(folder)) {
    if (TEMPORARY.test(name)) await remove(join(folder, name))
  }
}

/** Whether the very file is there; only its mode may have to be set right, for nobody else may write there. */
async function stands({ path, content, mode }: SecretFile): Promise<boolean> {
  const there = await readFileSafely(path).catch(() => null)
  if (there === null || !Buffer.from(there).equals(content)) return false
  const now = await stat(path)
  if ((now.mode & 0o777) !== mode) await chmod(path, mode)
  return true
}

async function layFile(directory: string, { path, content, mode }: SecretFile): Promise<void> {
  const folder = dirname(path)
  await ensurePrivateDirectory(directory)
  for (const one of [dirname(folder), folder]) {
    await mkdir(one, { mode: 0o700 }).catch(unlessErrno('EEXIST'))
    await ensurePrivateDirectory(one)
  }
  try {
    // Docker makes a folder of a mount's source that is missing.
    await rmdir(path).catch(unlessErrno('ENOENT', 'ENOTDIR'))
    await replaceIn(folder, basename(path), content, mode)
  } catch (thrown) {
    // The file's name is the stack's business, and where it stands is nobody's.
    throw storageError(`Lay decrypted "${basename(path)}"`, thrown)
  }
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return []
    throw storageError(`Read "${directory}"`, thrown)
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (thrown) {
    throw storageError(`Remove "${path}"`, thrown)
  }
}
