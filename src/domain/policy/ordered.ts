import type { Candidate, Scheme } from './candidate.ts'
import { explain } from './explain.ts'
import { compileFilters } from './filters.ts'
import { fittingPolicies } from './fitting.ts'
import type { ConsideredTag, Decision, OrderedPolicy } from './policy.ts'
import { isAbove, survey, type Survey } from './survey.ts'

/** What stands on the line now: a version, a tag that has no order, or one that the policy does not look at. */
type Standing<Version> =
  | { readonly kind: 'version'; readonly candidate: Candidate<Version> }
  | { readonly kind: 'unreadable' | 'not-extracted'; readonly reason: string }

/** What to do where no tag is committed; the eligible ones come best first. */
export type FirstTag<Version> = (
  eligible: readonly Candidate<Version>[],
) => Pick<Decision, 'outcome' | 'tag' | 'reason'>

/** The highest tag that fits the committed one's shape, the bounds and the filters, or why nothing changes. */
export function decideOrdered<Version>(
  policy: OrderedPolicy,
  scheme: Scheme<Version>,
  committed: string | null,
  tags: ReadonlySet<string>,
  first: FirstTag<Version>,
): Decision {
  const filter = compileFilters(policy)
  if (committed === null) {
    const found = survey(filter, { scheme, filter, committed }, tags)
    const { outcome, tag, reason } = first(found.eligible)
    return answer(outcome, tag, reason, found)
  }
  const standing = stand(policy, scheme, committed)
  const known = standing.kind === 'version' ? standing.candidate : null
  const found = survey(filter, known === null ? null : { scheme, filter, committed: known }, tags)
  if (standing.kind === 'unreadable') return hold(found, standing.reason)
  if (policy.missing === 'hold' && !tags.has(committed)) {
    return hold(found, absence(committed, tags.size))
  }
  const strangeness = known === null ? standingReason(standing) : outsideReason(found, known)
  if (strangeness !== null) {
    return stay(found, committed, `"${committed}" stays, though ${strangeness}`)
  }
  return decideNext(found, committed)
}

/** Reads the committed tag without asking whether the filters would keep it. */
function stand<Version>(
  { kind, extract }: OrderedPolicy,
  scheme: Scheme<Version>,
  committed: string,
): Standing<Version> {
  const filtered = compileFilters({ include: null, exclude: null, extract })(committed)
  if (!filtered.kept && filtered.by === 'extract') {
    return { kind: 'not-extracted', reason: filtered.reason }
  }
  const version = filtered.kept ? scheme.read(filtered.text) : null
  if (version !== null) return { kind: 'version', candidate: { tag: committed, version } }
  const problem = filtered.kept ? `it reads as no ${scheme.noun}` : filtered.reason
  const remedy = fittingPolicies(committed, kind).join(', ')
  return {
    kind: 'unreadable',
    reason: `the committed tag "${committed}" has no order: ${problem}; ${remedy}`,
  }
}

function standingReason<Version>(standing: Standing<Version>): string | null {
  return standing.kind === 'version' ? null : standing.reason
}

function decideNext<Version>(found: Survey<Version>, committed: string): Decision {
  const [best] = found.eligible
  if (best === undefined || !isAbove(found, best)) {
    const reason = `nothing that fits is above "${committed}"`
    return stay(found, committed, reason + leapText(found))
  }
  const reason = `"${best.tag}" is the newest that fits above "${committed}"`
  return answer('update', best.tag, reason + leapText(found), found)
}

/** It may be a date among versions, or a release that a person wants: both should be known. */
function leapText<Version>({ leaps }: Survey<Version>): string {
  const nearest = leaps.at(-1)
  return nearest === undefined ? '' : `; "${nearest.tag}" was left out: ${nearest.reason}`
}

function outsideReason<Version>(
  { filter, yardstick }: Survey<Version>,
  committed: Candidate<Version>,
): string | null {
  const filtered = filter(committed.tag)
  if (!filtered.kept) return filtered.reason
  return yardstick?.scheme.outside(committed.version, committed.version) ?? null
}

function absence(committed: string, count: number): string {
  const list = count === 0 ? 'the list of the registry, which is empty' : listText(count)
  return (
    `the committed tag "${committed}" is missing from ${list}: ` +
    'check that it was not removed, write one that exists, or set "missing": "proceed"'
  )
}

function listText(count: number): string {
  const tags = count === 1 ? 'one tag' : `${count} tags`
  return `the ${tags} that the registry lists, which may be incomplete`
}

function hold<Version>(found: Survey<Version>, reason: string): Decision {
  return answer('hold', null, reason, found)
}

function stay<Version>(found: Survey<Version>, committed: string, reason: string): Decision {
  return answer('current', committed, reason, found)
}

function answer<Version>(
  outcome: Decision['outcome'],
  tag: string | null,
  reason: string,
  found: Survey<Version>,
): Decision {
  const model = found.yardstick?.committed ?? null
  const others =
    outcome === 'update'
      ? found.eligible.filter((one) => one.tag !== tag && (model === null || isAbove(found, one)))
      : []
  let considered: readonly ConsideredTag[] | undefined
  return {
    outcome,
    tag,
    reason,
    others: others.map((one) => one.tag),
    // Thousands of sentences that a daemon does not read: they are made for whoever does.
    get considered() {
      return (considered ??= explain(outcome, tag, found))
    },
  }
}
