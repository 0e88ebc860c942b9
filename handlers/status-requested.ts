import type { StackState, StatusAnswer } from '../src/domain/answer.ts'
import type { Trouble as DriftTrouble } from '../src/domain/deploy/trouble.ts'
import { LABEL } from '../src/domain/deploy/labels.ts'
import { holdReason, type Hold } from '../src/domain/hold.ts'
import type { ObservedContainer } from '../src/domain/deployment.ts'
import type { DeploymentRecord, History } from '../src/ports.ts'
import type { StatusContext } from './context.ts'
import { latestFailure, latestTrouble } from './steps/latest-failure.ts'

/** What this host remembers and what the engine shows; asks nobody else and needs no lock. */
export async function statusRequested(
  ctx: StatusContext,
  signal: AbortSignal,
): Promise<StatusAnswer> {
  const { history } = ctx
  const { containers } = await ctx.engine.observe(signal)
  const ours = Map.groupBy(containers, ({ labels }) => labels[LABEL.stack] ?? '')
  ours.delete('')
  const recorded = Map.groupBy(history.deployments(1000), ({ stack }) => stack)
  const holds = await ctx.holds.all()
  const tombstones = ctx.tombstones.all()
  const names = new Set([...ours.keys(), ...recorded.keys(), ...holds.keys()])
  return {
    revision: history.reached(),
    pending: ctx.inbox.pending().length,
    stacks: [...names].toSorted().map((name) => {
      const open = (recorded.get(name) ?? []).find(({ outcome }) => outcome === null)
      const hold = holds.get(name) ?? null
      const buried = tombstones.find(({ stack }) => stack === name)
      const goesAt = buried === undefined ? null : buried.at + ctx.host.grace
      const trouble = ctx.upkeep.trouble(name)
      const known = { open, hold, goesAt, trouble, containers: ours.get(name) ?? [] }
      return stackStatus(history, name, known)
    }),
  }
}

interface Known {
  /** A deployment that is under way, or that a process died in and no other looked at since. */
  readonly open: DeploymentRecord | undefined
  readonly hold: Hold | null
  /** When its containers go, for it left the repository; null where it did not. */
  readonly goesAt: number | null
  /** What was done to keep it as it was proven. */
  readonly trouble: DriftTrouble | null
  readonly containers: readonly ObservedContainer[]
}

function stackStatus(history: History, name: string, known: Known): StatusAnswer['stacks'][number] {
  const proven = history.proven(name)
  return {
    name,
    ...stateOf(history, name, known),
    commit: proven?.commit ?? null,
    services: known.containers
      .map(({ service, state, health, image }) => ({
        name: service,
        state,
        health,
        image,
        pin: pinOf(proven?.services[service] ?? image),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

interface State {
  readonly state: StackState
  readonly reason: string
  /** Since when. */
  readonly at: string | null
}

/** What is under way comes before what was, and what a person wants before what became of it. */
function stateOf(history: History, name: string, known: Known): State {
  const { open, hold, goesAt, trouble: drift } = known
  if (open !== undefined) {
    const reason = `deploying commit ${open.commit.slice(0, 12)}`
    return { state: 'deploying', reason, at: time(open.startedAt) }
  }
  if (hold !== null) return { state: 'held', reason: holdReason(hold), at: time(hold.at) }
  const failure = latestFailure(history, name)
  if (failure?.restored === 'due') {
    const reason = `restoring the last good state: ${failure.reason}`
    return { state: 'deploying', reason, at: time(failure.at) }
  }
  if (goesAt !== null) {
    const reason = `left the repository: its containers go after ${time(goesAt) ?? 'its grace'}`
    return { state: 'vanished', reason, at: null }
  }
  if (drift !== null && isStanding(drift)) {
    return { state: 'drifted', reason: drift.reason, at: time(drift.at) }
  }
  const trouble = latestTrouble(history, name)
  if (trouble !== null) {
    const { outcome, reason } = trouble
    const isAhead = outcome === 'rolled-back'
    const told = isAhead ? `rolled back, git ahead: ${reason}` : reason
    return { state: outcome, reason: told, at: time(trouble.at) }
  }
  const proven = history.proven(name)
  const at = proven === null ? null : time(proven.at)
  return { state: proven === null ? 'unknown' : 'proven', reason: '', at }
}

/** It could not be put right, or is only reported; what was put right is over. */
function isStanding({ failures, mends }: DriftTrouble): boolean {
  return failures > 0 || mends === 0
}

function time(at: number): string | null {
  return Number.isFinite(at) ? new Date(at).toISOString() : null
}

/** By what was proven, for the engine forgets the digest that a container was asked for by. */
function pinOf(reference: string): 'pinned' | 'unpinned' {
  return reference.includes('@sha256:') ? 'pinned' : 'unpinned'
}
