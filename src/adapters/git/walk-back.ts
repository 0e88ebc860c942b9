import { LOOK_BACK, type Commit } from '../../domain/revision.ts'
import type { DatedCommit } from './object-store.ts'

/**
 * Commits in the history of `to` and not in that of `from`, newest first; `unrelated` where `from` is not in it, null
 * where commits that it takes are not here. Both histories are followed side by side by their times, as git does.
 */
export async function walkBack(
  read: (oid: string) => Promise<DatedCommit | null>,
  from: string,
  to: string,
): Promise<readonly Commit[] | 'unrelated' | null> {
  const old = new Set([from])
  const seen = new Set([from, to])
  const first = await read(to)
  const last = await read(from)
  if (first === null || last === null) return null
  if (from === to) return []
  const open = [first, last]
  const found: DatedCommit[] = []
  let met = false
  while (open.some(({ revision }) => !old.has(revision.commit)) && found.length < LOOK_BACK) {
    const commit = takeNewest(open)
    if (commit === undefined) break
    const isOld = old.has(commit.revision.commit)
    if (!isOld) found.push(commit)
    for (const parent of commit.parents) {
      if (!isOld && parent === from) met = true
      if (isOld) old.add(parent)
      if (seen.has(parent)) continue
      seen.add(parent)
      const next = await read(parent)
      // What lies behind `from` only tells what to leave out.
      if (next !== null) open.push(next)
      else if (!isOld) return null
    }
  }
  if (!met && found.length < LOOK_BACK) return 'unrelated'
  return found
    .filter(({ revision }) => !old.has(revision.commit))
    .map(({ revision, parents, message }) => ({ revision, parents, message }))
}

function takeNewest(open: DatedCommit[]): DatedCommit | undefined {
  const newest = open.reduce(
    (best, one, index) => (one.time > (open[best]?.time ?? 0) ? index : best),
    0,
  )
  return open.splice(newest, 1)[0]
}
