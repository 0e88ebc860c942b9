import {
  areUp,
  cutContainers,
  mayStop,
  type Cut,
  type Rung,
} from '../../src/domain/deploy/network-care.ts'
import { withJoining } from '../../src/domain/deploy/joined.ts'
import { afterTry, leaveToMend } from '../../src/domain/deploy/trouble.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { Probe } from '../../src/domain/settings/probes.ts'
import type { Log, ProvenState } from '../../src/ports.ts'
import type { Context, DriftRule } from '../context.ts'
import { inParallel } from './in-parallel.ts'
import { serviceProber } from './probe-services.ts'
import { stackFault } from './stack-fault.ts'

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

/** Looks after each rung: a name server takes a moment, an application longer. */
const LOOKS: Readonly<Record<Rung, number>> = { reconnect: 4, restart: 40, make: 0 }

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
  const rung = await tryToClimb({ ...ctx, log }, care, { cuts, noteTry }, signal)
  if (rung === 'make') return 'remade'
  if (rung === 'none') return 'cut'
  const outcome = rung === 'stay' ? 'failed' : 'mended'
  ctx.upkeep.note(afterTry(leave.trouble, { outcome, reason, at: ctx.now }))
  return outcome === 'failed' ? 'cut' : 'well'
}

interface Climbing {
  readonly cuts: readonly Cut[]
  readonly noteTry: () => void
}

/** What the engine refuses about one stack's containers is no reason to leave the others alone. */
async function tryToClimb(
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

/** The rung that helped, or the last one; `none` where containers may still be coming up, `stay` where that is no rung. */
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

interface Looking {
  readonly state: ObservedState
  readonly nameless: readonly string[]
  readonly probes: readonly Probe[]
}

async function findCuts(
  ctx: Pick<Context, 'prober'>,
  { proven }: Pick<NetworkCare, 'proven'>,
  { state, nameless, probes }: Looking,
  signal: AbortSignal,
): Promise<readonly Cut[]> {
  const containers = state.containers.filter(
    (one) => one.project === proven.project && isRunning(one),
  )
  const own = { ...state, containers }
  const services = Object.keys(proven.services).map((name) => ({ name }))
  const ports = probes.map((probe) => ({ ...probe, check: null }))
  const looks = await serviceProber(ctx, services, ports)(own, signal)
  return cutContainers(own, looks, nameless)
}

function isRunning({ state }: ObservedContainer): boolean {
  return state === 'running'
}

function tell(log: Log, cuts: readonly Cut[], what: string): void {
  for (const { service, reason } of cuts)
    log.warn({ service }, `Cannot be reached, ${what}: ${reason}`)
}

function wordsOf(cuts: readonly Cut[]): string {
  return cuts.map(({ service, reason }) => `service "${service}": ${reason}`).join('; ')
}
