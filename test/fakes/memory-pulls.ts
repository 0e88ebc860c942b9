import type { Revision } from '../../src/domain/revision.ts'
import type { Pulls, ReviewedPull } from '../../src/ports.ts'
import type { MemoryGit } from './memory-git.ts'

/** Pull requests of whomever, over commits of a repository in memory. */
export interface MemoryPulls extends Pulls {
  open(pull: Omit<ReviewedPull, 'number'>): number
  close(number: number): void
  /** A check run of that name was told about the commit. */
  told(commit: string, name: string): void
}

export function createMemoryPulls(git: MemoryGit): MemoryPulls {
  const pulls = new Map<number, ReviewedPull>()
  const reviewed = new Set<string>()
  const passedOver = new Set<string>()
  return {
    list: async () =>
      [...pulls.values()].map(({ number, head }) => ({ number, head: head.commit })),
    look: async (number) => pulls.get(number) ?? null,
    isReviewed: async (commit, name) => passedOver.has(commit) || reviewed.has(`${commit} ${name}`),
    passOver: (commit) => void passedOver.add(commit),
    tree: (revision: Revision, signal) => git.tree(revision, signal),
    read: (entry, signal) => git.read(entry, signal),
    open(pull) {
      const number = pulls.size + 1
      pulls.set(number, { ...pull, number })
      return number
    },
    close: (number) => void pulls.delete(number),
    told: (commit, name) => void reviewed.add(`${commit} ${name}`),
  }
}
