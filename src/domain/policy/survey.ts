import { byPreference, judge, type Candidate, type Leap, type Yardstick } from './candidate.ts'
import type { TagFilter } from './filters.ts'

/** The tags that may stand on the line, the best first, and all others. */
export interface Survey<Version> {
  readonly filter: TagFilter
  /** null where nothing could be measured. */
  readonly yardstick: Yardstick<Version> | null
  readonly eligible: readonly Candidate<Version>[]
  readonly rejected: readonly string[]
  /** Those of the rejected that are only too far away, the farthest first. */
  readonly leaps: readonly Leap<Version>[]
}

/** Measures every tag of a list. */
export function survey<Version>(
  filter: TagFilter,
  yardstick: Yardstick<Version> | null,
  tags: ReadonlySet<string>,
): Survey<Version> {
  if (yardstick === null) {
    return { filter, yardstick, eligible: [], rejected: [...tags], leaps: [] }
  }
  const eligible: Candidate<Version>[] = []
  const rejected: string[] = []
  const leaps: Leap<Version>[] = []
  for (const tag of tags) {
    const judged = judge(yardstick, tag)
    if (typeof judged === 'string') {
      rejected.push(tag)
    } else if ('reason' in judged) {
      rejected.push(tag)
      leaps.push(judged)
    } else {
      eligible.push(judged)
    }
  }
  const order = byPreference(yardstick)
  return {
    filter,
    yardstick,
    eligible: eligible.toSorted(order),
    rejected,
    leaps: leaps.toSorted(order),
  }
}

/** Whether it is newer than what is committed. */
export function isAbove<Version>(
  { yardstick }: Survey<Version>,
  candidate: Candidate<Version>,
): boolean {
  const model = yardstick?.committed ?? null
  return model !== null && (yardstick?.scheme.compare(candidate.version, model.version) ?? 0) > 0
}
