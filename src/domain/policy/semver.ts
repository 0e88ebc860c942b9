import type { Candidate, Rejection, Yardstick } from './candidate.ts'
import { byPreference, firstNumber, judge, rangeMismatch } from './candidate.ts'
import type { TagFilter } from './filters.ts'
import { compileFilters } from './filters.ts'
import type { ConsideredTag, Decision, SemverPolicy } from './policy.ts'
import { parseRange } from './range.ts'
import { compareVersions, readTagVersion } from './tag-version.ts'

/** What stands on the line now: a version, a tag that has no order, or one that the policy does not look at. */
type Standing =
  | { readonly kind: 'version'; readonly candidate: Candidate }
  | { readonly kind: 'unreadable' | 'not-extracted'; readonly reason: string }

/** The tags that may stand on the line, the best first, and all others by their spelling. */
interface Survey {
  readonly committed: Candidate | null
  readonly eligible: readonly Candidate[]
  readonly rejected: readonly Rejection[]
}

/** The highest version that fits the committed tag's scheme, the range and the filters, or why nothing changes. */
export function decideSemver(
  policy: SemverPolicy,
  committed: string | null,
  tags: ReadonlySet<string>,
): Decision {
  const filter = compileFilters(policy)
  if (committed === null) {
    return decideFirst(policy, survey(measure(policy, null), filter, tags))
  }
  const standing = stand(policy, committed)
  const known = standing.kind === 'version' ? standing.candidate : null
  const found = survey(known === null ? null : measure(policy, known), filter, tags)
  if (standing.kind === 'unreadable') return hold(found, standing.reason)
  if (policy.missing === 'hold' && !tags.has(committed)) {
    return hold(found, absence(committed, tags.size))
  }
  const strangeness =
    standing.kind === 'version'
      ? outsideReason(policy, filter, standing.candidate)
      : standing.reason
  if (strangeness !== null) {
    return stay(found, committed, `"${committed}" stays, though ${strangeness}`)
  }
  return decideNext(found, committed)
}

function measure(policy: SemverPolicy, committed: Candidate | null): Yardstick {
  const prerelease = committed !== null && committed.version.prerelease.length > 0
  const range = parseRange(policy.range, prerelease ? 'included' : policy.prerelease)
  return { committed, range, maxJump: policy.maxJump }
}

/** Reads the committed tag without asking whether the filters would keep it. */
function stand({ extract }: SemverPolicy, committed: string): Standing {
  const filtered = compileFilters({ include: null, exclude: null, extract })(committed)
  if (!filtered.kept && filtered.by === 'extract') {
    return { kind: 'not-extracted', reason: filtered.reason }
  }
  const version = filtered.kept ? readTagVersion(filtered.text) : null
  if (version !== null) return { kind: 'version', candidate: { tag: committed, version } }
  const problem = filtered.kept ? 'it reads as no version' : filtered.reason
  const remedy = [
    `policy "latest" with "tag": "${committed}" follows it as it moves`,
    'policy "digest" keeps what it names now',
    '"extract" finds a version that stands inside it',
  ].join(', ')
  return {
    kind: 'unreadable',
    reason: `the committed tag "${committed}" has no order: ${problem}; ${remedy}`,
  }
}

function survey(yardstick: Yardstick | null, filter: TagFilter, tags: ReadonlySet<string>): Survey {
  const eligible: Candidate[] = []
  const rejected: Rejection[] = []
  for (const tag of [...tags].toSorted()) {
    const judged = judge(yardstick, filter, tag)
    if ('version' in judged) eligible.push(judged)
    else rejected.push(judged)
  }
  const committed = yardstick?.committed ?? null
  return { committed, eligible: eligible.toSorted(byPreference(committed)), rejected }
}

/** Nothing is committed to measure by, so a list that spans two schemes of numbering is left to a person. */
function decideFirst({ maxJump, range }: SemverPolicy, found: Survey): Decision {
  const [best] = found.eligible
  const lowest = found.eligible.at(-1)
  if (best === undefined || lowest === undefined) {
    return answer('none', null, `no tag is committed and none fits the range "${range}"`, found)
  }
  const span = firstNumber(best.version) - firstNumber(lowest.version)
  if (span > maxJump) {
    return hold(
      found,
      `no tag is committed, and "${lowest.tag}" and "${best.tag}" lie further apart than "maxJump" ${maxJump} allows: ` +
        'write the tag to start from on the line, or narrow "range"',
    )
  }
  return answer(
    'update',
    best.tag,
    `no tag is committed; "${best.tag}" is the newest that fits`,
    found,
  )
}

function decideNext(found: Survey, committed: string): Decision {
  const [best] = found.eligible
  if (best === undefined || found.committed === null || !isAbove(best, found.committed)) {
    return stay(found, committed, `nothing that fits is above "${committed}"`)
  }
  return answer(
    'update',
    best.tag,
    `"${best.tag}" is the newest that fits above "${committed}"`,
    found,
  )
}

function isAbove(candidate: Candidate, committed: Candidate): boolean {
  return compareVersions(candidate.version, committed.version) > 0
}

function outsideReason(
  policy: SemverPolicy,
  filter: TagFilter,
  committed: Candidate,
): string | null {
  const filtered = filter(committed.tag)
  return filtered.kept
    ? rangeMismatch(measure(policy, committed).range, committed.version)
    : filtered.reason
}

function absence(committed: string, count: number): string {
  return (
    `the committed tag "${committed}" is missing from the ${count} tags that the registry lists, which may be incomplete: ` +
    'check that it was not removed, write one that exists, or set "missing": "proceed"'
  )
}

function hold(found: Survey, reason: string): Decision {
  return answer('hold', null, reason, found)
}

function stay(found: Survey, committed: string, reason: string): Decision {
  return answer('current', committed, reason, found)
}

function answer(
  outcome: Decision['outcome'],
  tag: string | null,
  reason: string,
  { committed, eligible, rejected }: Survey,
): Decision {
  const considered: ConsideredTag[] = eligible.map((candidate) =>
    candidate.tag === tag
      ? {
          tag,
          verdict: 'chosen',
          reason: outcome === 'update' ? 'it is the newest that fits' : 'it is the committed tag',
        }
      : { tag: candidate.tag, verdict: 'eligible', reason: eligibility(candidate, committed) },
  )
  for (const other of rejected) {
    considered.push({ tag: other.tag, verdict: 'rejected', reason: other.reason })
  }
  return { outcome, tag, reason, considered }
}

function eligibility(candidate: Candidate, committed: Candidate | null): string {
  if (committed === null) return 'it fits'
  if (candidate.tag === committed.tag) return 'it is the committed tag'
  return isAbove(candidate, committed)
    ? 'it fits, and is above the committed tag'
    : 'it is the committed version, spelled otherwise'
}
