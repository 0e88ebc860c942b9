import type { PlannedStack, UnplannedStack, Waiting } from '../../src/domain/answer/plan.ts'
import type { Drift } from '../../src/domain/deploy/drift.ts'
import { askedAgain, leaveToMend, type Trouble } from '../../src/domain/deploy/trouble.ts'
import type { ObservedState, ServicePlan } from '../../src/domain/deployment.ts'
import { asMagosError } from '../../src/domain/error.ts'
import { guidanceOf } from '../../src/domain/guidance.ts'
import { holdReason } from '../../src/domain/hold.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { Asked } from '../../src/domain/turn.ts'
import type { FailedState, ProvenState } from '../../src/ports.ts'
import type { PlanContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { adoptStack } from './adopt-stack.ts'
import { fitDefinitions } from './fit-definitions.ts'
import { foreignContainers } from './foreign-containers.ts'
import { formerContainers } from './former-containers.ts'
import { mending, setBack } from './heal-stack.ts'
import { isStanding, type Said } from './held-stack.ts'
import { stoppedBefore } from './hold-stopped.ts'
import { ruleOf } from './keep-stack.ts'
import { isOpen, latestFailure, reasonOf } from './latest-failure.ts'
import { ownContainer } from './own-container.ts'
import { readStack, type StackSource } from './read-stack.ts'
import { refuseClosedPorts } from './refuse-closed-ports.ts'
import { remakeBroken } from './remake-broken.ts'
import { containersOf, resolveStack, type ResolvedStack } from './resolve-stack.ts'
import { allDepartures, stackDrift } from './stack-drift.ts'
import { stackFault } from './stack-fault.ts'
import { startStopped } from './start-stopped.ts'
import { isProvenAlready } from './still-proven.ts'

export type Planned = PlannedStack | UnplannedStack

export interface Planning {
  readonly observed: ObservedState
  /** As `sync` is asked: for all of them by event, for a named one by person. */
  readonly asked: Asked
  /** What a stack that would be deployed waits for; null where it need not wait. */
  readonly obstacle: () => Promise<Waiting | null>
}

/** What `deployStack` would do to one stack, decided in the same order and by the same steps; nothing is done. */
export async function planStack(
  ctx: PlanContext,
  view: RepositoryView,
  stack: Stack,
  planning: Planning,
  signal: AbortSignal,
): Promise<Planned> {
  try {
    return await decide(ctx, view, stack, planning, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (stackFault(error) === null) throw error
    // Told to the person who asked and to nobody else, so even the unforeseen is in its own words.
    const { message, remedy, place } = asMagosError(error)
    const told = remedy === undefined ? place : { remedy, ...place }
    return { stack: stack.name, reason: message, ...told }
  }
}

async function decide(
  ctx: PlanContext,
  view: RepositoryView,
  stack: Stack,
  { observed, asked, obstacle }: Planning,
  signal: AbortSignal,
): Promise<Planned> {
  const { name } = stack
  const own = ownContainer(ctx, view.project(stack), observed)
  if (own !== null) return { stack: name, ...own }
  const adopted = await adoptStack(ctx, view, stack, observed, 'look', signal)
  if (adopted.outcome === 'held') {
    const { reason, remedy } = adopted
    return { stack: name, reason, remedy }
  }
  const source = await readStack({ ...ctx, files: adopted.files }, view, stack, signal)
  const proven = ctx.history.proven(name)
  const failed = ctx.history.failed(name)
  const resolved = await resolveStack(ctx, source, observed, signal)
  const said = { source, resolve: () => Promise.resolve(resolved) }
  const held = await holdOf(ctx, view, said, signal)
  const inDoubt = isOpen(latestFailure(ctx.history, name))
  if (!inDoubt && proven?.inputs === source.inputs) {
    const kept = await planKeeping(ctx, resolved, { proven, observed, asked }, signal)
    return { name, ...kept, ...held }
  }
  const wanted = startStopped(resolved, ctx.upkeep.standing(name))
  const foreign =
    foreignContainers(ctx.host, wanted) ?? formerContainers(ctx, view, wanted, observed)
  if (foreign !== null) return { stack: name, ...foreign }
  await refuseClosedPorts(ctx, wanted, observed, signal)
  const fitted = await fitDefinitions(ctx, wanted, signal)
  if (fitted.outcome === 'held') {
    return { stack: name, reason: fitted.reason, remedy: fitted.remedy }
  }
  const due = fitted.resolved
  const vouching = failed?.inputs === proven?.inputs ? null : proven
  const services = (failed === null ? due : remakeBroken(due, vouching)).plan
  if (proven !== null && !inDoubt && held.held === undefined && asked === 'by-event') {
    const since = { ...said, proven, observed, departures: [] }
    const stopped = await stoppedBefore(ctx, view, since, signal)
    if (stopped !== null) return { name, services, ...leaving(name, stopped) }
  }
  if (!inDoubt && isProvenAlready(due, proven)) return { name, services, ...held }
  const stops = failed === null ? {} : givenUp(ctx, source, failed, { proven, observed })
  const before = await obstacle()
  return { name, services, ...held, ...stops, ...(before === null ? {} : { waits: before }) }
}

/** A held stack is planned as it will be deployed once it is released. */
async function holdOf(
  ctx: PlanContext,
  view: RepositoryView,
  said: Said,
  signal: AbortSignal,
): Promise<Pick<PlannedStack, 'held'>> {
  const hold = await ctx.holds.held(said.source.stack.name)
  if (hold === null || !(await isStanding(ctx, view, hold, said, signal))) return {}
  return { held: holdReason(hold) }
}

interface Keeping {
  readonly proven: ProvenState
  readonly observed: ObservedState
  readonly asked: Asked
}

/** Git says what was proven last, so the containers have to be what was proven then. */
async function planKeeping(
  ctx: PlanContext,
  resolved: ResolvedStack,
  { proven, observed, asked }: Keeping,
  signal: AbortSignal,
): Promise<Pick<PlannedStack, 'services' | 'waits'>> {
  const { stack, inputs, project } = proven
  const containers = containersOf(project, observed)
  const departures = await allDepartures(ctx, proven, containers, [], signal)
  const drift = stackDrift(ctx, proven, containers, departures, asked)
  if (drift.state === 'none') return { services: resolved.plan.map(untouched) }
  if (drift.state === 'moving') {
    return { services: resolved.plan.map(untouched), waits: { reason: drift.reason } }
  }
  const noted = ctx.upkeep.trouble(stack)
  const known = asked === 'by-person' ? askedAgain(noted) : noted
  const leave = leaveToMend(known, { stack, inputs, now: ctx.now })
  const fresh = { stack, inputs, failures: 0, mends: 0, since: 0, at: 0, reason: '' }
  const trouble: Trouble = leave.leave === 'go' ? leave.trouble : (known ?? fresh)
  const cause = drift.state === 'unproven' ? 'unproven' : 'drift'
  const services = mending(resolved, { cause, faults: drift.faults, trouble }).plan
  const left = asked === 'by-event' ? leftAlone(ctx, stack, drift) : null
  if (left !== null) return { services, waits: left }
  if (leave.leave === 'go') return { services }
  const { reason, ...rest } = setBack(stack, leave)
  return { services, waits: { reason, ...guidanceOf(rest) } }
}

function untouched(one: ServicePlan): ServicePlan {
  const { name, action } = one
  return action === 'keep' ? one : { name, action: 'keep', reasons: ['nothing about it changed'] }
}

/** What a pass leaves as it is, and a person who names the stack does not. */
function leftAlone(ctx: PlanContext, stack: string, drift: Drift): Waiting | null {
  if (drift.state === 'stopped-by-hand') return leaving(stack, drift).waits
  const remedy = `Put it right now with: magos sync ${stack}`
  const isReported = drift.state === 'drifted' && ruleOf(ctx, stack) === 'report'
  return isReported ? { reason: 'it drifted, which is only reported here', remedy } : null
}

function leaving(
  stack: string,
  { reason }: { readonly reason: string },
): { readonly waits: Waiting } {
  const remedy = `Put it right now with: magos sync ${stack}`
  return { waits: { reason: `${reason}, so that a pass holds it`, remedy } }
}

interface Before {
  readonly proven: ProvenState | null
  readonly observed: ObservedState
}

/** A state that failed is planned as it would be tried again. */
function givenUp(
  ctx: PlanContext,
  { inputs }: StackSource,
  failed: FailedState,
  { proven, observed }: Before,
): Pick<PlannedStack, 'failed'> {
  if (failed.inputs !== inputs || failed.retry !== 'when-changed') return {}
  const reason = reasonOf(failed)
  if (failed.restored === 'due') {
    return { failed: `${reason}; the last good state is restored by the next pass` }
  }
  if (failed.restored !== 'done' || proven === null) return { failed: reason }
  const drift = stackDrift(ctx, proven, containersOf(proven.project, observed), [])
  const faults = drift.state === 'none' || drift.state === 'moving' ? [] : drift.faults
  const words = faults.map((fault) => `service "${fault.service}": ${fault.reason}`)
  if (words.length === 0) return { failed: reason }
  return { failed: `${reason}; the last good state does not run as it did: ${words.join('; ')}` }
}
