import { changeOf, readChanges, type Change } from '../change.ts'
import type { Update } from '../update.ts'
import { declinedIn, type PastPull } from './declined.ts'

/** An open pull request, as far as a decision goes. */
export interface OpenPull extends PastPull {
  /** `foreign`: somebody else's commit is its newest. */
  readonly tip: 'ours' | 'foreign'
  readonly conflicts: 'none' | 'some' | 'unknown'
}

export interface Standing<Pull> {
  readonly updates: readonly Update[]
  /** Whether every line of the group was looked at and answered, so that what is missing is not wanted. */
  readonly known: 'whole' | 'partly'
  readonly open: Pull | null
  readonly past: readonly Pull[]
}

export interface Declined<Pull> {
  readonly update: Update
  readonly pull: Pull
}

/** What becomes of a group's pull request. */
export type ProposalDecision<Pull> = { readonly declined: readonly Declined<Pull>[] } & (
  | { readonly action: 'none' }
  /** Open one, or bring the one that is open up to date. */
  | { readonly action: 'propose'; readonly updates: readonly Update[]; readonly open: Pull | null }
  /** It says what it shall say. */
  | { readonly action: 'keep'; readonly updates: readonly Update[]; readonly open: Pull }
  /** Somebody else works on its branch: hands off. */
  | { readonly action: 'leave'; readonly updates: readonly Update[]; readonly open: Pull }
  | { readonly action: 'close'; readonly open: Pull; readonly why: string }
)

/** Decides by what GitHub itself remembers, so that nothing of ours need survive. */
export function decideProposal<Pull extends OpenPull>({
  updates,
  known,
  open,
  past,
}: Standing<Pull>): ProposalDecision<Pull> {
  const declined: Declined<Pull>[] = []
  const wanted: Update[] = []
  for (const update of updates) {
    const pull = declinedIn(update, past)
    if (pull === null) wanted.push(update)
    else declined.push({ update, pull })
  }
  if (open === null) {
    return wanted.length === 0
      ? { declined, action: 'none' }
      : { declined, action: 'propose', updates: wanted, open }
  }
  const proposed = readChanges(open.message ?? '')
  const same = isSame(proposed, wanted.map(changeOf))
  if (same && open.conflicts !== 'some') {
    return { declined, action: 'keep', updates: wanted, open }
  }
  if (open.tip === 'foreign') return { declined, action: 'leave', updates: wanted, open }
  // What it proposes beyond this may merely wait for its registry or its window.
  if (known === 'partly' && isWithin(wanted.map(changeOf), proposed) && open.conflicts !== 'some') {
    return { declined, action: 'keep', updates: wanted, open }
  }
  if (wanted.length > 0) return { declined, action: 'propose', updates: wanted, open }
  if (known === 'partly') return { declined, action: 'keep', updates: [], open }
  const why =
    declined.length > 0
      ? 'what it proposed was declined elsewhere'
      : 'the branch has what it proposed, or nothing wants it any more'
  return { declined, action: 'close', open, why }
}

function isSame(one: readonly Change[], other: readonly Change[]): boolean {
  return one.length === other.length && isWithin(one, other)
}

/** Whether each of these has one of its own among the others. */
function isWithin(some: readonly Change[], all: readonly Change[]): boolean {
  const left = all.map(keyOf)
  return some.every((change) => {
    const at = left.indexOf(keyOf(change))
    if (at !== -1) left.splice(at, 1)
    return at !== -1
  })
}

function keyOf({ image, from, to }: Change): string {
  return `${image} ${from} ${to}`
}
