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
  const known = new Map<string, DatedCommit>([
    [from, last],
    [to, first],
  ])
  const found: DatedCommit[] = []
  let met = false
  while (open.some(({ revision }) => !old.has(revision.commit)) && found.length < LOOK_BACK) {
    const commit = takeNewest(open)
    if (commit === undefined) break
    const isOld = old.has(commit.revision.commit)
    if (!isOld) found.push(commit)
    for (const parent of commit.parents) {
      if (!isOld && parent === from) met = true
      if (isOld) markOld(parent, old, known)
      if (seen.has(parent)) continue
      seen.add(parent)
      const next = await read(parent)
      // What lies behind `from` only tells what to leave out.
      if (next !== null) {
        known.set(parent, next)
        open.push(next)
      }
      if (next === null && !isOld) return null
    }
  }
  if (!met && found.length < LOOK_BACK) return 'unrelated'
  for (const parent of last.parents) markOld(parent, old, known)
  return found
    .filter(({ revision }) => !old.has(revision.commit))
    .map(({ revision, parents, message }) => ({ revision, parents, message }))
}

/** With what lies behind it: where clocks were wrong, that was looked at already. */
function markOld(commit: string, old: Set<string>, known: ReadonlyMap<string, DatedCommit>): void {
  const due = [commit]
  for (let next = due.pop(); next !== undefined; next = due.pop()) {
    if (old.has(next)) continue
    old.add(next)
    due.push(...(known.get(next)?.parents ?? []))
  }
}

function takeNewest(open: DatedCommit[]): DatedCommit | undefined {
  const newest = open.reduce(
    (best, one, index) => (one.time > (open[best]?.time ?? 0) ? index : best),
    0,
  )
  return open.splice(newest, 1)[0]
}
