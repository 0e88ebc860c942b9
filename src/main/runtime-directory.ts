import { lstatSync, mkdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { MagosError } from '../domain/error.ts'
import type { Environment } from './settings.ts'

/** `f_type` of tmpfs and ramfs, linux/magic.h. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6])

/**
 * A directory of this user's own in memory, for what must never lie on a disk: rendered stacks, private copies, auth
 * files. Throws `storage` where the machine has none.
 */
export function runtimeDirectory(environment: Environment): string {
  const uid = process.getuid?.() ?? 0
  const own = environment['XDG_RUNTIME_DIR']
  const parents = [
    ...(own === undefined || own === '' ? [] : [own]),
    ...(uid === 0 ? ['/run'] : [`/run/user/${uid}`]),
    '/dev/shm',
  ]
  for (const parent of parents) {
    const path = join(parent, parent === '/dev/shm' ? `magos-dominus-${uid}` : 'magos-dominus')
    if (isInMemory(parent) && isMade(path)) return path
  }
  throw new MagosError(
    'storage',
    `Find a directory in memory: none of ${parents.join(', ')} is one`,
    {
      remedy: 'Log in with a session (loginctl enable-linger USER), or mount a tmpfs at /dev/shm',
    },
  )
}

function isInMemory(path: string): boolean {
  try {
    return IN_MEMORY.has(statfsSync(path).type)
  } catch {
    return false
  }
}

/** Somebody else may have made it before us where everybody may write: then it is not taken. */
function isMade(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const { mode, uid } = lstatSync(path)
    return uid === process.getuid?.() && (mode & 0o170077) === 0o040000
  } catch {
    return false
  }
}
