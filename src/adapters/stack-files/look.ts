import type { BigIntStats } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { inDirectory, isErrno, readFileSafely } from '../../host/files.ts'
import type { Found } from './plan.ts'
import { digestOf } from './target.ts'

/** What lies at a path below the root. What lies behind a symlink or a file counts as absent. */
export async function lookAt(root: string, path: string): Promise<Found> {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  try {
    return (await inDirectory(root, parts, {}, (here) => lookIn(here, name, path))) ?? absent
  } catch (thrown) {
    if (isErrno(thrown, 'ENOTDIR', 'ELOOP')) return absent
    throw thrown
  }
}

/** Tells one state of a file from the next, without reading it. */
export async function stampOf(path: string): Promise<string | null> {
  const found = await lstat(path, { bigint: true }).catch((thrown: unknown) => {
    if (isErrno(thrown, 'ENOENT')) return null
    throw thrown
  })
  return found === null ? null : stamp(found)
}

const absent: Found = { kind: 'absent' }

async function lookIn(here: string, name: string, path: string): Promise<Found> {
  const full = join(here, name)
  const found = await lstat(full, { bigint: true }).catch((thrown: unknown) => {
    if (isErrno(thrown, 'ENOENT')) return null
    throw thrown
  })
  if (found === null) return absent
  if (found.isDirectory()) return await listBelow(full, path)
  if (found.isSymbolicLink()) {
    const digest = digestOf(await readlink(full, { encoding: 'buffer' }))
    return { kind: 'content', content: { mode: '120000', digest }, stamp: stamp(found) }
  }
  const bytes = found.isFile()
    ? await readFileSafely(full, { maxBytes: 1 << 30, name: path })
    : null
  if (bytes === null) return { kind: 'other' }
  const mode = (found.mode & 0o100n) === 0n ? '100644' : '100755'
  return { kind: 'content', content: { mode, digest: digestOf(bytes) }, stamp: stamp(found) }
}

/** Everything below; a directory that we may not enter counts as a file, for it holds what we cannot know. */
async function listBelow(full: string, path: string): Promise<Found> {
  const files: string[] = []
  const directories: string[] = []
  const visit = async (at: string, under: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const inner = `${under}/${entry.name}`
      if (!entry.isDirectory()) files.push(inner)
      else {
        directories.push(inner)
        await visit(join(at, entry.name), inner).catch(() => files.push(inner))
      }
    }
  }
  await visit(full, path).catch(() => files.push(path))
  return { kind: 'directory', files, directories }
}

function stamp({ ino, size, mtimeNs, mode }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${mode}`
}
