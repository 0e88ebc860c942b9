import { judge, type Candidate } from './candidate.ts'
import type { ConsideredTag, Decision } from './policy.ts'
import { isAbove, type Survey } from './survey.ts'

/** The choice first, then what else fits, then the rest by spelling. */
export function explain<Version>(
  outcome: Decision['outcome'],
  tag: string | null,
  found: Survey<Version>,
): readonly ConsideredTag[] {
  const { eligible, rejected } = found
  const fitting = eligible.map((candidate): ConsideredTag =>
    candidate.tag === tag
      ? {
          tag,
          verdict: 'chosen',
          reason: outcome === 'update' ? 'it is the newest that fits' : 'it is the committed tag',
        }
      : { tag: candidate.tag, verdict: 'eligible', reason: eligibility(found, candidate) },
  )
  const others = rejected.toSorted().map((other): ConsideredTag => {
    return { tag: other, verdict: 'rejected', reason: rejection(found, other) }
  })
  return [...fitting, ...others]
}

function rejection<Version>({ filter, yardstick }: Survey<Version>, tag: string): string {
  if (yardstick === null) {
    const filtered = filter(tag)
    return filtered.kept ? 'there is no committed version to compare it with' : filtered.reason
  }
  const judged = judge(yardstick, tag)
  if (typeof judged === 'string') return judged
  return 'reason' in judged ? judged.reason : 'it fits'
}

function eligibility<Version>(found: Survey<Version>, candidate: Candidate<Version>): string {
  const committed = found.yardstick?.committed ?? null
  if (committed === null) return 'it fits'
  if (candidate.tag === committed.tag) return 'it is the committed tag'
  return isAbove(found, candidate)
    ? 'it fits, and is above the committed tag'
    : 'it is the committed version, spelled otherwise'
}
