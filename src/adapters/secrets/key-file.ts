import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { isErrno } from '../../host/files.ts'
import type { KeySource } from './key-sources.ts'

type FileSource = Extract<KeySource, { kind: 'file' }>

export type ReadKeyFile =
  | { readonly text: string }
  | { readonly refusal: string }
  /** There is none, and nobody said that there is one. */
  | null

/** No list of keys is longer: 1 MiB. */
const LONGEST = 1 << 20

/** The text of a file of keys, unless others than its owner could read or change it. Never waits for a pipe. */
export async function readKeyFile(source: FileSource): Promise<ReadKeyFile> {
  let file: FileHandle
  try {
    file = await open(source.path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (thrown) {
    return unopened(source, thrown)
  }
  try {
    const { mode, uid, size } = await file.stat()
    // oxlint-disable-next-line no-bitwise -- a file's kind is told by bits
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return { refusal: 'it is no regular file' }
    if (size > LONGEST) return { refusal: 'it is longer than any list of keys' }
    const refusal = exposure(source, { mode, uid })
    return refusal === null ? { text: await file.readFile('utf8') } : { refusal }
  } catch (thrown) {
    return unopened(source, thrown)
  } finally {
    await file.close()
  }
}

function unopened({ variable }: FileSource, thrown: unknown): ReadKeyFile {
  if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) {
    return variable === null ? null : { refusal: 'there is no such file' }
  }
  return { refusal: isErrno(thrown, 'EACCES', 'EPERM') ? 'permission denied' : 'it cannot be read' }
}

const BITS = { nobody: 0o077, group: 0o007, anybody: 0o000 } as const

/** Whoever can read a key can open everything that was ever encrypted to it. */
function exposure(
  { others }: FileSource,
  { mode, uid }: { readonly mode: number; readonly uid: number },
): string | null {
  if (others === 'anybody') return null
  const exposed = mode & BITS[others]
  if (exposed !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0')
    return `others can use it (mode ${shown}): chmod 600 it, or set secrets.allowExposedKeyFiles to true`
  }
  const us = process.geteuid?.()
  if (us === undefined || uid === us || uid === 0) return null
  return `it belongs to user ${uid}: chown it, or set secrets.allowExposedKeyFiles to true`
}
