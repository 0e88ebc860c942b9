import type { ConsideredTag, Decision, LatestPolicy } from './policy.ts'

/** Follows one tag: an update of it is a changed digest, which whoever asks the registry sees. */
export function decideLatest(
  { tag: followed }: LatestPolicy,
  committed: string | null,
  tags: ReadonlySet<string>,
): Decision {
  const considered = [...tags]
    .toSorted()
    .map((tag): ConsideredTag =>
      tag === followed
        ? { tag, verdict: 'chosen', reason: 'it is the tag that the policy follows' }
        : { tag, verdict: 'rejected', reason: `the policy follows "${followed}" and nothing else` },
    )
  if (!tags.has(followed)) {
    return {
      outcome: 'hold',
      tag: null,
      reason: `the followed tag "${followed}" is not in the registry's list: name one that is there in "tag"`,
      others: [],
      considered,
    }
  }
  return {
    outcome: 'current',
    tag: committed ?? followed,
    reason: `the followed tag "${followed}" is listed; its digest decides whether there is an update`,
    others: [],
    considered,
  }
}
