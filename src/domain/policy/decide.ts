import { decideCalver } from './calver.ts'
import { decideDigest } from './digest.ts'
import { decideLatest } from './latest.ts'
import { decideNumeric } from './numeric.ts'
import type { ConsideredTag, Decision, Policy } from './policy.ts'
import { decideSemver } from './semver.ts'

const maxTags = 100_000

/**
 * What the policy makes of a registry's tag list; `committed` is the tag on the line, `now` decides what `ignore` still
 * names (by default all of it). The answer is the same in whatever order the tags come. `latest` and `digest` know no
 * digests here: they say whether their tag is listed.
 */
export function decide(
  policy: Policy,
  committed: string | null,
  tags: readonly string[],
  { now = 0 }: { readonly now?: number } = {},
): Decision {
  const distinct = new Set(tags)
  if (distinct.size > maxTags) return holdCrowd(distinct)
  switch (policy.kind) {
    case 'semver':
      return decideSemver(policy, committed, distinct, now)
    case 'calver':
      return decideCalver(policy, committed, distinct, now)
    case 'numeric':
      return decideNumeric(policy, committed, distinct, now)
    case 'latest':
      return decideLatest(policy, committed, distinct)
    case 'digest':
      return decideDigest(committed, distinct)
  }
}

function holdCrowd(tags: ReadonlySet<string>): Decision {
  const reason = `the registry lists ${tags.size} tags, more than the ${maxTags} that are looked at`
  const considered = [...tags]
    .toSorted()
    .map((tag): ConsideredTag => ({ tag, verdict: 'rejected', reason: 'not looked at' }))
  return {
    outcome: 'hold',
    tag: null,
    reason: `${reason}: remove old tags there, or pin this image with policy "digest"`,
    others: [],
    considered,
  }
}
