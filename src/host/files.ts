import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, rename, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join, parse, resolve } from 'node:path'
import { MagosError } from '../domain/error.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/** Told before every change of the disk; throwing there is how tests stand in for a kill. */
export type OnStep = (step: string) => void | Promise<void>

export interface WriteOptions {
  /** Whom the file shall belong to where that is another than we; left as it comes when we may not say so. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Name of the temporary file, for a caller that journals it; random by default. */
  readonly temporary?: string
  readonly onStep?: OnStep
}

/**
 * The file is the old one or the whole new one at any instant, also after a power cut. A symlink at `path` is
 * replaced, never followed. Throws `storage`.
 */
export async function writeFileSafely(
  path: string,
  content: string | Uint8Array,
  mode: number,
  options: WriteOptions = {},
): Promise<void> {
  try {
    await replaceIn(dirname(path), basename(path), content, mode, options)
  } catch (thrown) {
    throw storageError(`Write "${path}"`, thrown)
  }
}

/** `writeFileSafely` for a directory that `inDirectory` holds. Throws what the system says. */
export async function replaceIn(
  directory: string,
  name: string,
  content: string | Uint8Array,
  mode: number,
  { owner, onStep = () => undefined, temporary = temporaryName() }: WriteOptions = {},
): Promise<void> {
  const temporaryPath = join(directory, temporary)
  await onStep('create')
  const file = await open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    try {
      await onStep('write')
      await file.writeFile(content)
      if (owner !== undefined) await file.chown(owner.uid, owner.gid).catch(() => undefined)
      await file.chmod(mode)
      await onStep('sync')
      await file.sync()
    } finally {
      await file.close()
    }
    await onStep('rename')
    await rename(temporaryPath, join(directory, name))
  } catch (thrown) {
    await onStep('clean')
    await unlink(temporaryPath).catch(() => undefined)
    throw thrown
  }
  await syncDirectory(directory)
}

/** Makes renames and removals in it outlast a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, O_RDONLY | O_DIRECTORY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** A directory that only we may enter, with its parents. Throws `storage` when somebody else's lies there. */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const us = process.geteuid?.()
    const [itself, target] = [await lstat(path), await stat(path)]
    // Root may point us elsewhere, as systemd does for a StateDirectory; what it points at must be ours.
    const trusted = itself.uid === us || (itself.uid === 0 && itself.isSymbolicLink())
    if (us !== undefined && (target.uid !== us || !trusted)) {
      throw new MagosError('storage', `Use directory "${path}": it belongs to user ${target.uid}`, {
        remedy: `Make it ours with chown, or name another directory`,
      })
    }
    if ((target.mode & 0o077) !== 0) await chmod(path, 0o700)
  } catch (thrown) {
    throw storageError(`Make private directory "${path}"`, thrown)
  }
}

/**
 * The bytes of a regular file, or null when there is none. Never follows a symlink, never waits for a pipe. Throws
 * `storage`, and calls the file by `name`.
 */
export async function readFileSafely(
  path: string,
  { maxBytes = 64 << 20, name = path }: { readonly maxBytes?: number; readonly name?: string } = {},
): Promise<Uint8Array | null> {
  let file: FileHandle
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return null
    throw storageError(`Read "${name}"`, thrown)
  }
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new MagosError('storage', `Read "${name}": it is no regular file`)
    if (found.size > maxBytes) {
      throw new MagosError(
        'storage',
        `Read "${name}": its ${found.size} bytes are over ${maxBytes}`,
      )
    }
    return await file.readFile()
  } catch (thrown) {
    throw storageError(`Read "${name}"`, thrown)
  } finally {
    await file.close()
  }
}

/**
 * Runs `act` on the directory `parts` below `root` while it is held open. The path that `act` gets stays that very
 * directory, whoever renames or symlinks its parents meanwhile; no part may be a symlink. `missing: 'make'` makes what
 * is not there, else the answer is null. Throws what the system says: ENOTDIR or ELOOP where a part is no directory.
 */
export async function inDirectory<Answer>(
  root: string,
  parts: readonly string[],
  { missing = 'stop', onStep = () => undefined }: { missing?: 'make' | 'stop'; onStep?: OnStep },
  act: (directory: string) => Promise<Answer>,
): Promise<Answer | null> {
  const held: FileHandle[] = []
  const hold = async (path: string, flags: number): Promise<string> => {
    const directory = await open(path, O_RDONLY | O_DIRECTORY | flags)
    held.push(directory)
    return pathOf(directory, path)
  }
  try {
    let here = await hold(root, 0)
    for (const part of parts) {
      const next = join(here, part)
      if (missing === 'make') {
        await onStep('make')
        await mkdir(next, 0o755).catch(unlessErrno('EEXIST'))
      }
      here = await hold(next, O_NOFOLLOW)
    }
    return await act(here)
  } catch (thrown) {
    if (missing === 'stop' && held.length <= parts.length && isErrno(thrown, 'ENOENT')) return null
    throw thrown
  } finally {
    await Promise.all(held.map((directory) => directory.close()))
  }
}

/** The closest directory at or above `path` that holds an entry of that name; null when none does. */
export async function nearestHolding(path: string, name: string): Promise<string | null> {
  let directory = resolve(path)
  const { root } = parse(directory)
  while (true) {
    if ((await lstat(join(directory, name)).catch(() => null)) !== null) return directory
    if (directory === root) return null
    directory = dirname(directory)
  }
}

/** Why a relative path must not be used below a root; null for a sound one. */
export function pathProblem(path: string): string | null {
  if (path === '') return 'it is empty'
  if (path.startsWith('/')) return 'it is absolute'
  if (path.includes('\0')) return 'it holds a NUL'
  for (const part of path.split('/')) {
    if (part === '') return 'it has an empty part'
    if (part === '.' || part === '..') return `it has a part "${part}"`
    // What is a `.git` for a file system that folds case or drops trailing dots is one for us.
    if (/^(?:\.git|git~1)[. ]*$/iu.test(part)) return `it has a part "${part}"`
    if (Buffer.byteLength(part) > 255) return 'it has a part of more than 255 bytes'
  }
  return null
}

/** Whether the system gave one of these reasons. */
export function isErrno(thrown: unknown, ...codes: readonly string[]): boolean {
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))
}

/** For `catch`: swallows these reasons, throws every other. */
export function unlessErrno(...codes: readonly string[]): (thrown: unknown) => undefined {
  return (thrown) => {
    if (!isErrno(thrown, ...codes)) throw thrown
    return undefined
  }
}

/** What the disk refused, as the one error class; a MagosError stays itself. */
export function storageError(action: string, thrown: unknown): MagosError {
  if (thrown instanceof MagosError) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const known = explanations[code]
  const state = known?.state ?? (thrown instanceof Error ? thrown.message : String(thrown))
  return new MagosError('storage', `${action}: ${state}`, {
    cause: thrown,
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
  })
}

const explanations: Readonly<Record<string, { state: string; remedy?: string }>> = {
  EACCES: { state: 'permission denied', remedy: 'Give this user the right, or run as another' },
  EPERM: { state: 'the system forbids it', remedy: 'Give this user the right, or run as another' },
  ENOSPC: { state: 'the disk is full', remedy: 'Free some space; nothing is lost' },
  EDQUOT: { state: 'the quota is used up', remedy: 'Free some space; nothing is lost' },
  EROFS: { state: 'the file system is read-only', remedy: 'Mount it writable' },
  ELOOP: { state: 'a symbolic link stands in the way' },
  ENOTDIR: { state: 'a part of the path is no directory' },
  ENOENT: { state: 'there is no such directory' },
}

function temporaryName(): string {
  return `.magos-${randomBytes(8).toString('hex')}.tmp`
}

// Node has no openat(2); on Linux the descriptor's own path does what it would.
function pathOf(directory: FileHandle, path: string): string {
  return process.platform === 'linux' ? `/proc/self/fd/${directory.fd}` : path
}
