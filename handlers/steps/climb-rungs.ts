import { areUp, mayStop, type Cut, type Rung } from '../../src/domain/deploy/network-care.ts'
import { withJoining } from '../../src/domain/deploy/joined.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { Probe } from '../../src/domain/settings/probes.ts'
import type { Log, ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { findCuts, isRunning } from './find-cuts.ts'
import { stackFault } from './stack-fault.ts'

/** A stack whose network is put right. */
export interface Caring {
  readonly proven: Pick<ProvenState, 'project' | 'services'>
  /** The last rung: `restart` where nobody would make anew what was removed. */
  readonly last: 'restart' | 'make'
  readonly probes: readonly Probe[]
  /** As it was when the cuts were found. */
  readonly state: ObservedState
}

export interface Climbing {
  readonly cuts: readonly Cut[]
  /** Told before anything is stopped. */
  readonly noteTry: () => void
}

/**
 * The rung that helped, or the last one; `none` where containers may still be coming up, `stay` where that is no rung.
 * What the engine refuses about one stack's containers is no reason to leave the others alone.
 */
export async function climbRungs(
  ctx: Context,
  care: Caring,
  climbing: Climbing,
  signal: AbortSignal,
): Promise<Rung | 'none' | 'stay'> {
  try {
    return await climb(ctx, care, climbing, signal)
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    const { message, remedy } = fault
    ctx.log.error({ remedy, error: fault }, `Network cannot be put right: ${message}`)
    return 'stay'
  }
}

async function climb(
  ctx: Context,
  care: Caring,
  { cuts, noteTry }: Climbing,
  signal: AbortSignal,
): Promise<Rung | 'none' | 'stay'> {
  const ids = cuts.map(({ id }) => id)
  for (const [id, reason] of await ctx.engine.reconnect(ids, signal)) {
    ctx.log.info({ container: id }, `Cannot be connected to its network anew: ${reason}`)
  }
  if (await isWell(ctx, care, cuts, 'reconnect', signal)) return helped(ctx.log, 'reconnect')
  if (!mayStop(cuts, care.state)) return 'none'
  noteTry()
  await ctx.engine.restart(withJoining(ids, care.state.containers), signal)
  if (await isWell(ctx, care, cuts, 'restart', signal)) return helped(ctx.log, 'restart')
  if (care.last === 'restart') {
    ctx.log.warn(
      {},
      'Containers cannot be reached after a restart: they stay, for git holds no state to make them of',
    )
    return 'stay'
  }
  ctx.log.warn({}, 'Containers cannot be reached after a restart: they are made anew')
  await ctx.engine.remove(withJoining(ids, care.state.containers), signal)
  return 'make'
}

function helped(log: Log, rung: Rung): Rung {
  const what = rung === 'reconnect' ? 'connected to its networks anew' : 'started anew'
  log.info({}, `Network put right: ${what}`)
  return rung
}

/** Looks after each rung: a name server takes a moment, an application longer. */
const LOOKS: Readonly<Record<Rung, number>> = { reconnect: 4, restart: 40, make: 0 }

async function isWell(
  ctx: Context,
  care: Caring,
  cuts: readonly Cut[],
  rung: Rung,
  signal: AbortSignal,
): Promise<boolean> {
  let looks = 0
  for await (const state of ctx.engine.watch(care.proven.project, signal)) {
    const ids = state.containers.filter(isRunning).map(({ id }) => id)
    const nameless = await ctx.engine.nameless(ids, signal)
    const looking = { state, nameless, probes: care.probes }
    const left = await findCuts(ctx, care, looking, signal)
    if (left.length === 0 && areUp(cuts, state)) return true
    looks += 1
    if (looks >= LOOKS[rung]) break
  }
  signal.throwIfAborted()
  return false
}
