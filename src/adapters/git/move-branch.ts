import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalRepository } from './local-repository.ts'

export interface BranchMove {
  readonly branch: string
  readonly parent: string
  readonly commit: string
  /** For the reflog, as a person's commit stands in it. */
  readonly subject: string
}

/** Compare-and-swap of the branch. `moved`: somebody was there before us. Throws `git` when the ref cannot be written. */
export async function moveBranch(
  { git }: LocalRepository,
  { branch, parent, commit, subject }: BranchMove,
  signal: AbortSignal,
): Promise<'done' | 'moved'> {
  const ref = `refs/heads/${branch}`
  const swap = ['update-ref', '-m', `commit: ${subject}`, '--end-of-options', ref, commit, parent]
  for (let attempt = 0; ; attempt += 1) {
    // The last attempt's failure is thrown with git's own words.
    const accept = attempt < 5 ? [0, 1, 128] : [0]
    const { exitCode } = await git(swap, { signal, accept })
    if (exitCode === 0) return 'done'
    const now = await git(['rev-parse', '-q', '--verify', '--end-of-options', ref], {
      signal,
      accept: [0, 1, 128],
    })
    if (now.stdout.trimEnd() !== parent) return 'moved'
    // Still there, so somebody held the lock of the ref for a moment.
    await sleep(50, undefined, { signal }).catch(() => undefined)
  }
}
