import { lstat, opendir, readlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import type { Revision, TreeEntry } from '../../domain/revision.ts'
import { isErrno, nearestHolding, readFileSafely, storageError } from '../../host/files.ts'
import type { RunChild } from '../../host/process.ts'
import type { Source } from '../../ports.ts'
import { interruptedIfAborted } from './interruption.ts'
import { createNativeGit } from './native-git.ts'
import { blobId } from './object-id.ts'

export interface DirectorySourceOptions {
  readonly path: string
  /** Asked which files git ignores, where the directory lies in a work tree. */
  readonly run: RunChild
}

/** Files over this are known by size and time, not by content: nobody reads a database to find compose files. */
const maxHashed = 4 << 20

const skipped: ReadonlySet<string> = new Set(['.git', 'node_modules'])

/**
 * A directory as it lies, for commands that only look: everything but `.git`, `node_modules` and, in a git work tree,
 * what git ignores. Symlinks are entries, never followed; directories that we may not enter are left out. Object ids
 * are git's blob hashes, for files over 4 MiB a mark that changes with size or time.
 */
export function createDirectorySource({ path: root, run }: DirectorySourceOptions): Source {
  return {
    async head(signal) {
      interruptedIfAborted(signal, `Read directory "${root}"`)
      const found = await lstat(join(root, '.')).catch(() => null)
      if (found?.isDirectory() !== true) {
        throw new MagosError('not-found', `Read directory "${root}": there is none`)
      }
      return workingTree
    },
    async recall(commit, signal) {
      interruptedIfAborted(signal, `Read directory "${root}"`)
      return commit === workingTree.commit ? workingTree : null
    },
    async tree(_revision, signal) {
      interruptedIfAborted(signal, `Read directory "${root}"`)
      const paths = (await listedByGit(run, root, signal)) ?? walk(root, '', signal)
      const entries: TreeEntry[] = []
      for await (const path of paths) {
        interruptedIfAborted(signal, `Read directory "${root}"`)
        const entry = await describe(root, path)
        if (entry !== null) entries.push(entry)
      }
      return entries
    },
    async read(entry, signal) {
      interruptedIfAborted(signal, `Read "${entry.path}"`)
      const path = join(root, entry.path)
      if (entry.mode === '120000') return await readTarget(path)
      const content = entry.mode === '160000' ? null : await readFileSafely(path)
      if (content !== null) return content
      throw new MagosError('git', `Read "${path}": it is no file any more`)
    },
  }
}

const workingTree: Revision = { commit: 'working-tree', tree: '' }

/** Paths that git tracks or would; null where no git work tree is, or no git. */
async function listedByGit(
  run: RunChild,
  root: string,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const top = await nearestHolding(root, '.git')
  if (top === null) return null
  const git = createNativeGit(run, [top])
  const options = ['--cached', '--others', '--exclude-standard', '--deduplicate', '-z']
  try {
    const { stdout } = await git(['ls-files', ...options], {
      signal,
      cwd: root,
      maxOutput: 256 << 20,
    })
    // A directory in the list is a repository of its own.
    const paths = stdout.split('\0').filter((path) => path !== '' && !path.endsWith('/'))
    return paths.filter((path) => !path.split('/').some((part) => skipped.has(part)))
  } catch (thrown) {
    if (thrown instanceof MagosError && thrown.code === 'interrupted') throw thrown
    // No git here, or one that does not read this repository: the files lie there all the same.
    return null
  }
}

async function* walk(root: string, under: string, signal: AbortSignal): AsyncIterable<string> {
  interruptedIfAborted(signal, `Read directory "${root}"`)
  const directory = await opendir(join(root, under)).catch((thrown: unknown) => {
    if (under !== '' && isErrno(thrown, 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR')) return null
    throw storageError(`Read directory "${join(root, under)}"`, thrown)
  })
  if (directory === null) return
  const below: string[] = []
  for await (const found of directory) {
    if (skipped.has(found.name)) continue
    const path = under === '' ? found.name : `${under}/${found.name}`
    if (found.isDirectory()) below.push(path)
    else if (found.isFile() || found.isSymbolicLink()) yield path
  }
  for (const path of below) yield* walk(root, path, signal)
}

async function describe(root: string, path: string): Promise<TreeEntry | null> {
  const full = join(root, path)
  const found = await lstat(full).catch(() => null)
  if (found === null) return null
  if (found.isSymbolicLink()) {
    return { path, mode: '120000', oid: blobId(await readTarget(full)) }
  }
  if (found.isDirectory()) return { path, mode: '160000', oid: '0'.repeat(40) }
  if (!found.isFile()) return null
  const mode = (found.mode & 0o100) === 0 ? '100644' : '100755'
  const content = found.size > maxHashed ? null : await readFileSafely(full).catch(() => null)
  const mark = Buffer.from(`${relative(root, full)}\0${found.ino}\0${found.size}\0${found.mtimeMs}`)
  return { path, mode, oid: blobId(content ?? mark) }
}

async function readTarget(path: string): Promise<Uint8Array> {
  try {
    return await readlink(path, { encoding: 'buffer' })
  } catch (thrown) {
    throw storageError(`Read the symbolic link "${path}"`, thrown)
  }
}
