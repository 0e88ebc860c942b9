import type { Scheme } from './candidate.ts'
import { ignoreTags } from './ignore.ts'
import { compareParts, countText, readNumbers } from './numbers.ts'
import { decideOrdered } from './ordered.ts'
import type { Decision, NumericPolicy } from './policy.ts'

/** The highest tag of as many numbers as the committed one has, or why nothing changes. */
export function decideNumeric(
  policy: NumericPolicy,
  committed: string | null,
  tags: ReadonlySet<string>,
  now: number,
): Decision {
  const scheme: Scheme<readonly number[]> = {
    noun: 'list of numbers with dots between them',
    read: readNumbers,
    compare: compareParts,
    compareSpelling: () => 0,
    mismatch: countMismatch,
    outside: () => null,
    leap: () => null,
    ignored: ignoreTags(policy.ignore, now),
  }
  return decideOrdered(policy, scheme, committed, tags, () => ({
    outcome: 'hold',
    tag: null,
    reason:
      'no tag is committed, and policy "numeric" takes its count of numbers from it: write one on the line, such as 1.2.3.4',
  }))
}

function countMismatch(
  committed: readonly number[] | null,
  numbers: readonly number[],
): string | null {
  if (committed === null) return 'there is no committed tag whose count of numbers it could have'
  if (numbers.length === committed.length) return null
  return `it has ${countText(numbers.length)}, the committed tag has ${committed.length}`
}
