import type { Cut } from '../../src/domain/deploy/network-care.ts'
import { afterTry, leaveToMend } from '../../src/domain/deploy/trouble.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { Probe } from '../../src/domain/settings/probes.ts'
import type { Log, ProvenState } from '../../src/ports.ts'
import type { Context, DriftRule } from '../context.ts'
import { climbRungs } from './climb-rungs.ts'
import { findCuts, isRunning } from './find-cuts.ts'
import { inParallel } from './in-parallel.ts'

export interface NetworkCare {
  readonly proven: ProvenState
  /** `report`: it is only told of. */
  readonly rule: DriftRule
  /** The last rung: `restart` where nobody would make anew what was removed. */
  readonly last: 'restart' | 'make'
  /** Which published ports shall not be tried; asked only where one takes no connection. */
  readonly probes: () => Promise<readonly Probe[]>
}

/** How the host was looked at. */
export interface NetworkSight {
  readonly look: number
  readonly observed: ObservedState
  readonly cares: readonly NetworkCare[]
}

/**
 * Whether proven stacks whose containers run can be reached, and what makes it so: they are connected to their networks
 * anew, then started anew, then removed, each only where the milder did not help. Nothing but their own containers is
 * touched. Returns the stacks of which containers were removed, so that they are made anew.
 */
export async function mendNetworks(
  ctx: Context,
  { look, cares, observed: state }: NetworkSight,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const projects = new Set(cares.map(({ proven }) => proven.project))
  const running = state.containers.filter((one) => projects.has(one.project) && isRunning(one))
  if (running.length === 0) return []
  const nameless = await ctx.engine.nameless(
    running.map(({ id }) => id),
    signal,
  )
  const outcomes = await inParallel(STACKS_AT_ONCE, cares, async (care) => {
    const cuts = await findCuts(ctx, care, { state, nameless, probes: [] }, signal)
    if (cuts.length === 0) return 'well'
    const probes = await care.probes()
    const meant = await findCuts(ctx, care, { state, nameless, probes }, signal)
    if (meant.length === 0) return 'well'
    const turn = { stack: care.proven.stack, look, kind: 'keep' } as const
    const mend = () => mendNetwork(ctx, { ...care, probes, state }, meant, signal)
    return ctx.lanes.seize(turn, (act) => act(mend), signal)
  })
  return cares.flatMap(({ proven }, index) => (outcomes[index] === 'remade' ? [proven.stack] : []))
}

const STACKS_AT_ONCE = 16

type Caring = Omit<NetworkCare, 'probes'> & {
  readonly probes: readonly Probe[]
  readonly state: ObservedState
}

async function mendNetwork(
  ctx: Context,
  care: Caring,
  cuts: readonly Cut[],
  signal: AbortSignal,
): Promise<'well' | 'cut' | 'remade'> {
  const { stack, inputs } = care.proven
  const log = ctx.log.child({ stack })
  if (care.rule === 'report') {
    tell(log, cuts, 'which is only reported here')
    return 'cut'
  }
  const leave = leaveToMend(ctx.upkeep.trouble(stack), { stack, inputs, now: ctx.now })
  if (leave.leave !== 'go') return 'cut'
  tell(log, cuts, 'its network is put right')
  const reason = wordsOf(cuts)
  // Before anything is stopped, or a process that dies then would take what it did itself for somebody's wish. It counts
  // against the stack, but what was removed has to come back at once.
  const noteTry = () =>
    ctx.upkeep.note(afterTry(leave.trouble, { outcome: 'failed', reason, at: 0 }))
  const rung = await climbRungs({ ...ctx, log }, care, { cuts, noteTry }, signal)
  if (rung === 'make') return 'remade'
  if (rung === 'none') return 'cut'
  const outcome = rung === 'stay' ? 'failed' : 'mended'
  ctx.upkeep.note(afterTry(leave.trouble, { outcome, reason, at: ctx.now }))
  return outcome === 'failed' ? 'cut' : 'well'
}

function tell(log: Log, cuts: readonly Cut[], what: string): void {
  for (const { service, reason } of cuts)
    log.warn({ service }, `Cannot be reached, ${what}: ${reason}`)
}

function wordsOf(cuts: readonly Cut[]): string {
  return cuts.map(({ service, reason }) => `service "${service}": ${reason}`).join('; ')
}
