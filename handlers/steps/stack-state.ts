import type { StackState } from '../../src/domain/answer/status.ts'
import type { Departure } from '../../src/domain/deploy/departure.ts'
import { leaveToMend } from '../../src/domain/deploy/trouble.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import { guidanceOf, type Guidance } from '../../src/domain/guidance.ts'
import { holdReason, holdRemedy, type Hold } from '../../src/domain/hold.ts'
import type { AsideState, DeploymentRecord, FailedState, ProvenState } from '../../src/ports.ts'
import type { StatusContext } from '../context.ts'
import { driftNow, driftText, driftWords, whyUnproven } from './drift-words.ts'
import { setBack } from './heal-stack.ts'
import { ruleOf } from './keep-stack.ts'
import { failureGuidance, latestFailure, outcomeOf, reasonOf } from './latest-failure.ts'
import { runsUntouched } from './set-aside.ts'

/** What is known of a stack beside the history. */
export interface KnownStack {
  readonly name: string
  readonly observed: ObservedState
  /** How its containers ended, as far as the engine remembers. */
  readonly departures: readonly Departure[]
  /** A deployment that is under way, or that a process died in and no other looked at since. */
  readonly open: DeploymentRecord | null
  readonly hold: Hold | null
  /** When its containers go, for it left the repository; null where it did not. */
  readonly goesAt: number | null
  /** Whether it has containers. */
  readonly runs: boolean
}

export interface StackCondition extends Guidance {
  readonly state: StackState
  readonly reason: string
  /** Since when; null where nobody knows. */
  readonly at: number | null
}

/**
 * What a stack is in, by what this host remembers and what the engine shows now. What is under way comes before what was,
 * and what a person wants before what became of it.
 */
export function stackState(ctx: StatusContext, known: KnownStack): StackCondition {
  const { name, open, hold, goesAt } = known
  const { history } = ctx
  if (open !== null) return underWay(ctx, open)
  if (hold !== null) return held(known, hold, history.aside(name))
  const failure = latestFailure(history, name)
  if (failure?.restored === 'due') return restoring(ctx, failure)
  const aside = history.aside(name)
  if (goesAt !== null) return vanished(ctx, goesAt, aside)
  const proven = history.proven(name)
  // A hold that ended is over, though no pass has looked since.
  if (aside !== null && aside.hold === undefined) return leftAside(ctx, aside, proven, known)
  const trouble = mending(ctx, proven)
  if (trouble !== null) return trouble
  if (failure !== null) return failed(ctx, failure, proven, known)
  if (proven === null) return unknown(known)
  const released = aside === null ? '' : 'its hold is over, and the next pass looks at it'
  return standing(ctx, proven, known, released)
}

function underWay(
  { worker }: StatusContext,
  { stack, commit, startedAt: at }: DeploymentRecord,
): StackCondition {
  const name = commit.slice(0, 12)
  return worker === 'running'
    ? { state: 'deploying', reason: `deploying commit ${name}`, at }
    : interrupted(stack, `Magos ended while it deployed commit ${name}`, at)
}

function restoring({ worker }: StatusContext, failure: FailedState): StackCondition {
  const { stack, at } = failure
  return worker === 'running'
    ? { state: 'deploying', reason: `restoring the last good state: ${failure.reason}`, at }
    : interrupted(stack, `Magos ended before the last good state ran again: ${failure.reason}`, at)
}

/** Nobody is in it, so only somebody can bring it on. */
function interrupted(stack: string, reason: string, at: number): StackCondition {
  const remedy = `Start Magos, or bring it to its end with: magos sync ${stack}`
  return { state: 'interrupted', reason, remedy, at }
}

function held({ name, goesAt, runs }: KnownStack, hold: Hold, aside: AsideState | null) {
  const refused =
    aside !== null && aside.outcome !== 'held' ? `; git has it refused: ${aside.reason}` : ''
  const leaving = runs ? ', and its containers go once it is released' : ', and nothing of it runs'
  const left = goesAt === null ? '' : `; it left the repository${leaving}`
  const reason = `${holdReason(hold)}${left}${refused}`
  return { state: 'held', reason, remedy: holdRemedy(name), at: hold.at } as const
}

function vanished(
  { now }: StatusContext,
  goesAt: number,
  aside: AsideState | null,
): StackCondition {
  if (aside?.outcome === 'failed') {
    const { reason, at } = aside
    return { state: 'failed', reason, ...guidanceOf(aside), at }
  }
  const isOver = goesAt <= now
  const when = isOver ? 'with the next pass' : `after ${new Date(goesAt).toISOString()}`
  return {
    state: 'vanished',
    reason: `left the repository: its containers go ${when}`,
    remedy: 'Bring its directory back in git, or let its containers go',
    at: null,
  }
}

/** Refused by what git says, or waiting for a person or another stack. */
function leftAside(
  ctx: StatusContext,
  aside: AsideState,
  proven: ProvenState | null,
  known: KnownStack,
): StackCondition {
  const state = aside.outcome === 'held' ? 'waiting' : 'refused'
  const { reason, at } = aside
  return {
    state,
    reason: `${reason}${driftText(ctx, proven, known.observed)}`,
    ...guidanceOf(aside),
    at,
  }
}

/** It could not be put right, or is only reported; what was put right is over. */
function mending(
  { upkeep, now }: StatusContext,
  proven: ProvenState | null,
): StackCondition | null {
  const trouble = proven === null ? null : upkeep.trouble(proven.stack)
  if (trouble === null || proven === null) return null
  const { stack, reason, at, failures, mends } = trouble
  if (failures === 0 && mends === 0) {
    return { state: 'drifted', reason, remedy: `Put it right now with: magos sync ${stack}`, at }
  }
  const leave = leaveToMend(trouble, { stack, inputs: proven.inputs, now })
  if (leave.leave !== 'go') {
    const back = setBack(stack, leave)
    return { state: 'drifted', reason: back.reason, ...guidanceOf(back), at }
  }
  if (leave.trouble.failures === 0) return null
  const remedy = `Put it right now with: magos sync ${stack}`
  return { state: 'drifted', reason: `not as it was proven: ${reason}`, remedy, at }
}

function failed(
  ctx: StatusContext,
  failure: FailedState,
  proven: ProvenState | null,
  known: KnownStack,
): StackCondition {
  const { at, retry } = failure
  const state = outcomeOf(failure)
  const drift = failure.restored === 'failed' ? '' : driftText(ctx, proven, known.observed)
  const runsOn =
    retry === 'next-pass' && proven !== null && drift === '' ? `; ${runsUntouched(proven)}` : ''
  const ahead = state === 'rolled-back' ? 'rolled back, git ahead: ' : ''
  const reason = `${ahead}${reasonOf(failure)}${runsOn}${drift}`
  return { state, reason, ...failureGuidance(failure), at }
}

function unknown({ runs }: KnownStack): StackCondition {
  const reason = runs ? 'its containers are here, and nobody remembers that they were proven' : ''
  return { state: 'unknown', reason, at: null }
}

/** Proven, if the engine shows it so still. */
function standing(
  ctx: StatusContext,
  proven: ProvenState,
  known: KnownStack,
  released: string,
): StackCondition {
  const { stack, at } = proven
  const drift = driftNow(ctx, proven, known)
  if (drift.state === 'moving') return { state: 'proven', reason: drift.reason, at }
  const words = driftWords(drift)
  const again = drift.state === 'unproven' ? whyUnproven(ctx, stack) : ''
  if (words === '') return { state: 'proven', reason: released === '' ? again : released, at }
  const remedy = `Put it right now with: magos sync ${stack}`
  if (drift.state === 'stopped-by-hand') {
    const reason = `${drift.reason}, so the next pass holds it: ${words}`
    return { state: 'drifted', reason, remedy, at }
  }
  const isReported = drift.state === 'drifted' && ruleOf(ctx, stack) === 'report'
  const why = isReported ? 'drifted, which is only reported here' : again
  return { state: 'drifted', reason: why === '' ? words : `${why}: ${words}`, remedy, at }
}
