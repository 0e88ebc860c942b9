import type { ConsideredTag, Decision } from './policy.ts'

/** Keeps one digest for good: no tag is ever chosen, only a vanished one is told. */
export function decideDigest(committed: string | null, tags: ReadonlySet<string>): Decision {
  const considered = [...tags]
    .toSorted()
    .map((tag): ConsideredTag =>
      tag === committed
        ? { tag, verdict: 'chosen', reason: 'it is the committed tag, which stays' }
        : { tag, verdict: 'rejected', reason: 'the policy keeps one digest and follows no tag' },
    )
  if (committed === null) {
    return {
      outcome: 'none',
      tag: null,
      reason: 'no tag is committed and the policy keeps one digest: there is nothing to choose',
      others: [],
      considered,
    }
  }
  if (!tags.has(committed)) {
    return {
      outcome: 'hold',
      tag: null,
      reason: `the committed tag "${committed}" is not in the registry's list: its digest may vanish as well`,
      others: [],
      considered,
    }
  }
  return {
    outcome: 'current',
    tag: committed,
    reason: `the committed tag "${committed}" is listed and its digest is kept`,
    others: [],
    considered,
  }
}
