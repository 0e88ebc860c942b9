import type { Origin } from '../src/domain/event.ts'
import type { Digest } from '../src/domain/image-reference.ts'

/** What a registry said of one repository. */
export interface Answers {
  /** null where nobody asked for them. */
  readonly tags: readonly string[] | null
  readonly digests: ReadonlyMap<string, Digest>
}

/**
 * What registries said last, of those that commit or of those that propose. What a hint was answered and nobody knew
 * before serves one poll, which is asked by the clock alone; losing it costs requests.
 */
export interface Heard {
  /** One pass after the other: what was heard before an `all` is of no use after it. */
  begin(asked: {
    readonly repositories: readonly string[] | 'all'
    readonly origins: readonly Origin[]
  }): Hearing
}

/** One pass that asks registries. */
export interface Hearing {
  /** What need not be asked, and is not served again. */
  recall(repository: string): Answers
  note(repository: string, answers: Answers): void
}

export const nothingHeard: Answers = { tags: null, digests: new Map() }

/** Tags and digests of all repositories together; of what goes, nothing is news, so polls ask. */
const MOST_ANSWERS = 250_000

export function createHeard({ most = MOST_ANSWERS }: { readonly most?: number } = {}): Heard {
  const known = new Map<string, Answers>()
  let size = 0
  let told = new Map<string, Answers>()
  const forget = (repository: string) => {
    size -= sizeOf(known.get(repository))
    known.delete(repository)
  }
  const keep = (repository: string, answers: Answers) => {
    forget(repository)
    known.set(repository, answers)
    size += sizeOf(answers)
    for (const oldest of known.keys()) {
      if (size <= most) break
      forget(oldest)
      told.delete(oldest)
    }
  }
  return {
    begin({ repositories, origins }) {
      const isHint = repositories !== 'all'
      // A hint that goes with a poll is newer than what was heard, and so is a person's wish.
      const isPoll =
        !isHint && origins.length > 0 && origins.every(({ source }) => source === 'poll')
      const served = isPoll ? told : new Map<string, Answers>()
      if (!isHint) told = new Map()
      return {
        recall(repository) {
          told.delete(repository)
          return served.get(repository) ?? nothingHeard
        },
        note(repository, answers) {
          const news = newsOf(known.get(repository), answers)
          if (isHint && news !== null) told.set(repository, news)
          keep(repository, answers)
        },
      }
    },
  }
}

function sizeOf(answers: Answers | undefined): number {
  return answers === undefined ? 0 : 1 + (answers.tags?.length ?? 0) + answers.digests.size
}

/**
 * What differs from what was known. A registry may not list a tag yet when its webhook comes, and whoever sends hints
 * could keep polls from asking: so what is as it was is no news, nor is what nothing can be compared with.
 */
function newsOf(before: Answers | undefined, now: Answers): Answers | null {
  if (before === undefined) return null
  const listed = before.tags !== null && now.tags !== null && !isSame(before.tags, now.tags)
  const digests = [...now.digests].filter(([tag, digest]) => {
    const former = before.digests.get(tag)
    return former === undefined ? listed : former !== digest
  })
  if (!listed && digests.length === 0) return null
  return { tags: listed ? now.tags : null, digests: new Map(digests) }
}

/** In whatever order a registry lists them. */
function isSame(before: readonly string[], now: readonly string[]): boolean {
  if (before === now) return true
  if (before.length !== now.length) return false
  const former = new Set(before)
  return now.every((tag) => former.has(tag))
}
