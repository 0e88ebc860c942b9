import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import { storageError } from '../../host/files.ts'
import type { StackInput } from '../../ports.ts'

/**
 * Lays the inputs down below the directory as they lie in the repository, readable by nobody else. Links come last, so
 * that no file is ever written through one. Throws `stack` for a path or link that leads outside, and for files that
 * have no room: the runtime directory lies in memory, and too large a stack must stop no other.
 */
export async function writePrivateCopy(
  directory: string,
  inputs: readonly StackInput[],
): Promise<void> {
  for (const input of inputs) {
    if (!isInside(input.path))
      throw leadsOutside(input.path, 'the path leads out of the repository')
  }
  const links = inputs.filter((input) => input.mode === '120000')
  const files = inputs.filter((input) => input.mode === '100644' || input.mode === '100755')
  for (const { path, mode, content } of files) {
    await written(path, async () => {
      await makeParent(directory, path)
      await writeFile(join(directory, path), content, { mode: 0o600, flag: 'wx' })
      if (mode === '100755') await chmod(join(directory, path), 0o700)
    })
  }
  for (const { path, content } of links) {
    const target = Buffer.from(content).toString('utf8')
    if (target.startsWith('/') || !isInside(join(dirname(path), target))) {
      throw leadsOutside(path, `the link leads to "${target}", out of the repository`)
    }
    await written(path, async () => {
      await makeParent(directory, path)
      await symlink(target, join(directory, path))
    })
  }
}

async function written(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (thrown) {
    const { message, cause } = storageError(`Copy "${file}" for Compose`, thrown)
    throw new MagosError('stack', message, {
      cause,
      place: { file },
      remedy:
        'Keep large files out of the stack’s directory, and make room in the runtime directory',
    })
  }
}

async function makeParent(directory: string, path: string): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o700 })
}

function isInside(path: string): boolean {
  const normal = normalize(path)
  return path !== '' && !path.startsWith('/') && normal !== '..' && !normal.startsWith('../')
}

function leadsOutside(file: string, state: string): MagosError {
  return new MagosError('stack', `Copy "${file}" for Compose: ${state}`, {
    place: { file },
    remedy: 'Keep what Compose reads inside the repository',
  })
}
