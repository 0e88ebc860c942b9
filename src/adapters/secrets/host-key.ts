import { createHmac, randomBytes } from 'node:crypto'
import { chmodSync, openSync, closeSync, fsyncSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import { makeDirectories } from '../../host/directories.ts'
import { isErrno, storageError } from '../../host/files.ts'

export interface HostKeyOptions {
  /** A file of this user's own in the data directory. */
  readonly path: string
  /** Where there is none yet; a command that only looks makes none, and nothing compares with what it says. */
  readonly missing: 'make' | 'pretend'
}

/**
 * Digests that only this host can make, so that a changed secret is seen and a short one cannot be guessed from what a
 * label or a path tells. The key is read with the first digest. Throws `storage`.
 */
export function createKeyedDigest({
  path,
  missing,
}: HostKeyOptions): (content: Uint8Array | string) => string {
  let key: Buffer | null = null
  return (content) => {
    key ??= readKey(path) ?? (missing === 'make' ? makeKey(path) : randomBytes(32))
    return createHmac('sha256', key).update(content).digest('hex')
  }
}

function readKey(path: string): Buffer | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
    chmodSync(path, 0o600)
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return null
    throw storageError(`Read "${path}"`, thrown)
  }
  if (/^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, 'hex')
  throw new MagosError('storage', `Read "${path}": it is no key of 64 hexadecimal digits`, {
    remedy: 'Remove it; a new one is made, and services with secrets are recreated once',
  })
}

function makeKey(path: string): Buffer {
  const key = randomBytes(32)
  try {
    makeDirectories(dirname(path), 0o700)
    const file = openSync(path, 'wx', 0o600)
    try {
      writeSync(file, `${key.toString('hex')}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    return key
  } catch (thrown) {
    // Another process of ours was faster.
    const theirs = isErrno(thrown, 'EEXIST') ? readKey(path) : null
    if (theirs !== null) return theirs
    throw storageError(`Make "${path}"`, thrown)
  }
}
