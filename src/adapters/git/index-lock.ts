import { link, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrno, readFileSafely, unlessErrno, writeFileSafely } from '../../host/files.ts'
import { held, type Held } from './work-tree.ts'

/**
 * Takes git's own lock of the index, with our token in it from the first instant on, so that a lock that outlived us is
 * known as ours. Waits a moment for somebody's short command; `held` when it stays taken.
 */
export async function lockIndex(
  gitDir: string,
  token: string,
  { patience = 1000 }: { readonly patience?: number } = {},
): Promise<Held | null> {
  const lock = join(gitDir, 'index.lock')
  const draft = join(gitDir, `magos-${token}.lock`)
  await writeFileSafely(draft, content(token), 0o600)
  try {
    for (let waited = 0; ; waited += 50) {
      try {
        await link(draft, lock)
        return null
      } catch (thrown) {
        if (!isErrno(thrown, 'EEXIST')) throw thrown
        if (await isLockOurs(gitDir, token)) return null
        if (waited >= patience) return locked(lock)
      }
      await sleep(50)
    }
  } finally {
    await unlink(draft).catch(unlessErrno('ENOENT'))
  }
}

/** Gives the lock back; somebody else's stays. */
export async function unlockIndex(gitDir: string, token: string): Promise<void> {
  if (await isLockOurs(gitDir, token)) {
    await unlink(join(gitDir, 'index.lock')).catch(unlessErrno('ENOENT'))
  }
}

async function isLockOurs(gitDir: string, token: string): Promise<boolean> {
  const found = await readFileSafely(join(gitDir, 'index.lock')).catch(() => null)
  return found !== null && Buffer.from(found).toString('latin1') === content(token)
}

function content(token: string): string {
  return `magos ${token}\n`
}

function locked(lock: string): Held {
  return held(
    `Another git command holds "${lock}"`,
    `Wait until it ends; if none runs, remove "${lock}"`,
  )
}
