import {
  actionText,
  isTouched,
  type Deployment,
  type ObservedState,
} from '../../src/domain/deployment.ts'
import type { Place } from '../../src/domain/error.ts'
import { tellingOrigin } from '../../src/domain/origin.ts'
import type { Revision } from '../../src/domain/revision.ts'
import type { FailedState, LogFields, ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { bringUp, type BroughtUp } from './bring-up.ts'
import { inTheWay } from './in-the-way.ts'
import { keepLastGood } from './keep-last-good.ts'
import { isOpen, latestFailure, outcomeOf, reasonOf, timeAfter } from './latest-failure.ts'
import { provenServices } from './proof.ts'
import { pullImages } from './pull-images.ts'
import type { ResolvedStack } from './resolve-stack.ts'
import { lastGoodBefore, restoreStack } from './restore-stack.ts'
import { runsUntouched } from './set-aside.ts'
import { serviceChanges } from './service-changes.ts'
import { stackFault } from './stack-fault.ts'
import { runsOn } from './still-proven.ts'

export interface Applying {
  readonly revision: Revision
  /** What was proven of the containers that are kept. */
  readonly vouching: ProvenState | null
  /** The host before anything is done. */
  readonly observed: ObservedState
}

/**
 * Deploys one stack and proves it: every image first, then its files, then the provider, then inspection until the
 * verdict. It is journalled, so that a process which dies in it is told of at the next start. A failure is recorded before
 * anything is undone; then the last good state runs again.
 */
export async function applyStack(
  ctx: Context,
  resolved: ResolvedStack,
  { revision, vouching, observed }: Applying,
  signal: AbortSignal,
): Promise<Deployment> {
  const { source, plan } = resolved
  const stack = source.stack.name
  const { commit } = revision
  const log = ctx.log.child({ stack, commit })
  const at = ctx.now
  const before = latestFailure(ctx.history, stack)
  const cause = { origin: tellingOrigin(ctx.origins), services: serviceChanges(resolved, vouching) }
  const id = ctx.history.begin({ stack, commit, inputs: source.inputs, at, cause })
  for (const one of plan.filter(isTouched)) {
    const { name, reasons } = one
    log.info({ service: name }, `Will ${actionText(one)}: ${reasons.join('; ')}`)
  }
  const ending = await tryToApply({ ...ctx, log }, resolved, vouching, signal)
  const endedAt = timeAfter(ctx.history, stack, Math.max(at, ending.at ?? at))
  if (ending.outcome === 'succeeded') {
    const { reason, containers } = ending
    const state = { ...proven(resolved), commit, at: endedAt }
    const record = () => ctx.history.succeed(id, state, reason)
    await keepLastGood(ctx, resolved, { commit, at: endedAt, containers }, record, signal)
    ctx.upkeep.forgive(stack)
    log.info({}, `Deployment succeeded: ${reason}`)
    return { stack, outcome: 'succeeded', services: plan, reason }
  }
  const wasOpen = isOpen(before)
  const ended = await giveUp(ctx, resolved, { ending, commit, at: endedAt, wasOpen, observed })
  ctx.history.fail(id, ended)
  log.error({ ...ending.where, ...ending.evidence }, `Deployment failed: ${ending.reason}`)
  const failed =
    ended.restored === 'due' ? await restoreStack({ ...ctx, log }, ended, signal) : ended
  const { where } = ending
  return { stack, outcome: outcomeOf(failed), services: plan, reason: reasonOf(failed), ...where }
}

interface Failure {
  readonly outcome: 'failed'
  readonly reason: string
  readonly at: number | null
  /** `untouched`: what ran before runs on. */
  readonly touched: 'touched' | 'untouched'
  /** `definite`: trying the same again would meet the same. */
  readonly certainty: 'definite' | 'passing'
  readonly words: string
  /** What is known beside the reason, for the log. */
  readonly evidence: LogFields
  /** Of a refusal, for whoever has to act on it. */
  readonly where: Partial<Place> & { readonly remedy?: string }
}

type Ending = Extract<BroughtUp, { readonly outcome: 'succeeded' }> | Failure

async function tryToApply(
  ctx: Context,
  resolved: ResolvedStack,
  vouching: ProvenState | null,
  signal: AbortSignal,
): Promise<Ending> {
  let touched: Failure['touched'] = 'untouched'
  const untold = { outcome: 'failed', at: null, words: '', evidence: {}, where: {} } as const
  try {
    const missing = await pullImages(ctx, resolved, signal)
    if (missing !== null) return { ...untold, touched, ...missing }
    touched = 'touched'
    const first = inTheWay(resolved).map(({ id }) => id)
    const brought = await bringUp(ctx, resolved, { vouching, first, hooks: 'run' }, signal)
    if (brought.outcome === 'succeeded') return brought
    return { ...untold, ...brought, touched, certainty: 'definite' }
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    const { message: reason, remedy, place } = fault
    const where = { ...place, ...(remedy === undefined ? {} : { remedy }) }
    const evidence = { error: fault }
    return { ...untold, reason, touched, certainty: 'passing', where, evidence }
  }
}

interface GivingUp {
  readonly ending: Failure
  readonly commit: string
  readonly at: number
  /** Whether what ran before was in doubt already. */
  readonly wasOpen: boolean
  readonly observed: ObservedState
}

/** What is remembered of the failure, and whether the last good state has to be brought back. */
async function giveUp(
  ctx: Context,
  { source }: ResolvedStack,
  { ending, commit, at, wasOpen, observed }: GivingUp,
): Promise<FailedState> {
  const { reason, words, touched, certainty, where } = ending
  const stack = source.stack.name
  const remembered = ctx.history.proven(stack)
  const last = await lastGoodBefore(ctx, { stack, inputs: source.inputs })
  const isWhole = touched === 'untouched' && !wasOpen
  const running = isWhole && remembered !== null && runsOn(remembered, observed)
  // Half of a state that would be half applied again at every pass is given up where there is a better one.
  const retry =
    certainty === 'definite' || (touched === 'touched' && last !== null)
      ? 'when-changed'
      : 'next-pass'
  const { inputs } = source
  const common = { stack, commit, inputs, reason, words, retry, at, ...where } as const
  if (last === null) return { ...common, restored: 'none', restoring: '' }
  if (!running) return { ...common, restored: 'due', restoring: '' }
  if (retry === 'next-pass') return { ...common, restored: 'none', restoring: '' }
  return { ...common, restored: 'done', restoring: runsUntouched(remembered) }
}

function proven({ source, desired, provider }: ResolvedStack) {
  const { stack, project, inputs } = source
  const services = provenServices(desired)
  return { stack: stack.name, project, inputs, services, provider: provider.name }
}
