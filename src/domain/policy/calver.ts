import {
  calendarShape,
  hasSameShape,
  readCalendarVersion,
  type CalendarVersion,
} from './calendar-version.ts'
import type { Scheme } from './candidate.ts'
import { ignoreTags } from './ignore.ts'
import { compareParts } from './numbers.ts'
import { decideOrdered } from './ordered.ts'
import type { CalverPolicy, Decision } from './policy.ts'

/** The newest date that is written as the committed one is, or why nothing changes. */
export function decideCalver(
  policy: CalverPolicy,
  committed: string | null,
  tags: ReadonlySet<string>,
  now: number,
): Decision {
  const scheme: Scheme<CalendarVersion> = {
    noun: 'date',
    read: readCalendarVersion,
    compare: (a, b) => compareParts(a.parts, b.parts),
    compareSpelling: () => 0,
    mismatch: shapeMismatch,
    outside: () => null,
    leap: () => null,
    ignored: ignoreTags(policy.ignore, now),
  }
  return decideOrdered(policy, scheme, committed, tags, () => ({
    outcome: 'hold',
    tag: null,
    reason:
      'no tag is committed, and policy "calver" takes the shape of its dates from it: write one on the line, such as 2025.02.03',
  }))
}

function shapeMismatch(committed: CalendarVersion | null, version: CalendarVersion): string | null {
  if (committed === null) return 'there is no committed date whose shape it could have'
  return hasSameShape(committed, version)
    ? null
    : `it is written ${calendarShape(version)}, the committed tag ${calendarShape(committed)}`
}
