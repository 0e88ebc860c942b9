import type { Deployment, ObservedState, ServicePlan } from '../../src/domain/deployment.ts'
import type { Hold } from '../../src/domain/hold.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { FailedState, ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { applyStack } from './apply-stack.ts'
import { foreignContainers } from './foreign-containers.ts'
import { heldStack, standingHold } from './held-stack.ts'
import { latestFailure, timeAfter } from './latest-failure.ts'
import { layFiles } from './lay-files.ts'
import { bearsOut, proofOf, provenServices } from './proof.ts'
import { readStack, type StackSource } from './read-stack.ts'
import { remakeBroken } from './remake-broken.ts'
import { containersOf, resolveStack, type ResolvedStack } from './resolve-stack.ts'
import { stackFault } from './stack-fault.ts'
import type { RepositoryView } from '../views.ts'

/** Whether a state that failed before is tried once more: only a person may ask for that. */
export type Asked = 'by-event' | 'by-person'

/** What became of a stack, and whether anybody has to be told. */
export interface StackResult {
  readonly deployment: Deployment
  readonly news: 'news' | 'known'
  /** The state that failed and that git still wants; absent where there is none. */
  readonly failure?: FailedState
}

export interface Occasion {
  /** The host as the pass found it. */
  readonly observed: ObservedState
  readonly asked: Asked
  /** Why nothing of it may be touched now; null where it may. */
  readonly obstacle: Obstacle | null
}

export interface Obstacle {
  readonly reason: string
  readonly remedy: string
}

/**
 * Brings one stack to what stands at the revision, if that differs from what was last proven here. Throws only for
 * what is not this stack's own fault: an engine that cannot be reached, an interruption.
 */
export async function deployStack(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  occasion: Occasion,
  signal: AbortSignal,
): Promise<StackResult> {
  try {
    return await decideStack(ctx, view, stack, occasion, signal)
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    const { message, remedy, place } = fault
    ctx.log.error(
      { stack: stack.name, ...place, remedy, error: fault },
      `Stack refused: ${message}`,
    )
    return setAside(ctx, view, {
      stack: stack.name,
      outcome: 'failed',
      services: [],
      reason: message,
      ...(remedy === undefined ? {} : { remedy }),
      ...place,
    })
  }
}

async function decideStack(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  { observed, asked, obstacle }: Occasion,
  signal: AbortSignal,
): Promise<StackResult> {
  const { history } = ctx
  const hold = await ctx.holds.held(stack.name)
  // Whatever git says of it, and though nobody can read that.
  if (hold?.kind === 'operator') return leaveHeld(ctx, view, stack, hold)
  const source = await readStack(ctx, view, stack, signal)
  const standing = await standingHold(ctx, hold, source)
  if (standing !== null) return leaveHeld(ctx, view, stack, standing)
  const proven = history.proven(stack.name)
  const failed = history.failed(stack.name)
  // Whatever was applied since the proof may have changed any container.
  const isOpen = latestFailure(history, stack.name)?.retry === 'when-changed'
  if (!isOpen && proven?.inputs === source.inputs && stillRuns(proven, source, observed)) {
    return stillProven(ctx, view, proven)
  }
  const remembered = failed?.inputs === source.inputs && failed.retry === 'when-changed'
  if (remembered && asked === 'by-event') {
    const { reason } = failed
    const deployment = stillFailed(stack, reason)
    return { deployment, news: newsUntold(ctx, view, failed), failure: failed }
  }
  const resolved = await resolveStack(ctx, source, observed, signal)
  const held = foreignContainers(ctx.host, resolved)
  if (held !== null) {
    const { plan } = resolved
    ctx.log.error({ stack: stack.name, remedy: held.remedy }, `Stack held: ${held.reason}`)
    return setAside(ctx, view, { stack: stack.name, outcome: 'held', services: plan, ...held })
  }
  if (!isOpen && isProvenAlready(resolved, proven)) return proveAlready(ctx, view, resolved, signal)
  if (obstacle !== null) return setAside(ctx, view, waiting(resolved, obstacle))
  // A proof of the very state that failed afterwards vouches for nothing.
  const vouching = failed?.inputs === proven?.inputs ? null : proven
  const due = failed === null ? resolved : remakeBroken(resolved, vouching)
  const deployment = await applyStack(ctx, view.revision, due, vouching, signal)
  const result = isRepeated(deployment, failed, source)
    ? { deployment, news: newsUntold(ctx, view, failed) }
    : news(deployment)
  const failure = latestFailure(history, stack.name)
  return failure?.retry === 'when-changed' ? { ...result, failure } : result
}

/**
 * Nothing is touched. What failed before stays remembered, or the release would try it again; nothing but a hold of its
 * own is told of the commit otherwise.
 */
function leaveHeld(ctx: Context, view: RepositoryView, stack: Stack, hold: Hold): StackResult {
  const deployment = heldStack(stack.name, hold)
  const failed = latestFailure(ctx.history, stack.name)
  if (failed?.retry === 'when-changed') {
    return { deployment, news: newsOf(ctx, view) }
  }
  return setAside(ctx, view, deployment)
}

/** Every proven service still has a container that is what was proven; whether it runs is its owner's business. */
function stillRuns(
  proven: ProvenState,
  { project }: StackSource,
  observed: ObservedState,
): boolean {
  const containers = containersOf(project, observed)
  return Object.entries(proven.services).every(([service, proof]) =>
    containers.some((container) => container.service === service && bearsOut(proof, container)),
  )
}

/**
 * Nothing has to be done. It is news all the same where a status tells of a failure that is over.
 */
function stillProven(ctx: Context, view: RepositoryView, proven: ProvenState): StackResult {
  const { history } = ctx
  const { commit } = view.revision
  const { stack } = proven
  const result = unchanged(stack, [], 'nothing changed since it was proven')
  if (latestFailure(history, stack) !== null) {
    history.prove({ ...proven, commit, at: timeAfter(history, stack, ctx.now) })
    return news(result)
  }
  return { deployment: result, news: newsUntold(ctx, view, proven) }
}

/** What came of this very commit in a pass that did not come to its end was told to nobody. */
function newsUntold(
  ctx: Context,
  view: RepositoryView,
  result: Pick<ProvenState | FailedState, 'commit'>,
): StackResult['news'] {
  return result.commit === view.revision.commit ? newsOf(ctx, view) : 'known'
}

/** The first pass at a commit is told. */
function newsOf({ history }: Context, { revision }: RepositoryView): StackResult['news'] {
  return history.reached() === revision.commit ? 'known' : 'news'
}

/** The containers are the proven ones; only files that no service reads may differ. */
function isProvenAlready({ plan, desired }: ResolvedStack, proven: ProvenState | null): boolean {
  if (!plan.every(({ action }) => action === 'keep')) return false
  return desired.services.every(
    (service) => service.replicas === 0 || proven?.services[service.name] === proofOf(service),
  )
}

async function proveAlready(
  ctx: Context,
  view: RepositoryView,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<StackResult> {
  const { source, provider, desired, plan } = resolved
  const { stack, project, inputs } = source
  const { commit } = view.revision
  await layFiles(ctx, resolved, ctx.log.child({ stack: stack.name, commit }), signal)
  ctx.history.prove({
    stack: stack.name,
    project,
    commit,
    inputs,
    services: provenServices(desired),
    provider: provider.name,
    at: timeAfter(ctx.history, stack.name, ctx.now),
  })
  const deployment = unchanged(stack.name, plan, 'its containers are the desired ones')
  return { deployment, news: 'known' }
}

/** Nothing was touched, so every pass looks again; it is remembered and told once a commit. */
function setAside(ctx: Context, view: RepositoryView, deployment: Deployment): StackResult {
  const { history } = ctx
  const { commit } = view.revision
  const { stack, reason } = deployment
  const before = latestFailure(history, stack)
  if (before?.commit === commit && before.reason === reason) {
    return { deployment, news: newsUntold(ctx, view, before) }
  }
  const at = timeAfter(history, stack, ctx.now)
  const id = history.begin({ stack, commit, inputs: '', at })
  history.fail(id, { stack, commit, inputs: '', reason, retry: 'next-pass', words: '', at })
  return news(deployment)
}

function isRepeated(
  { outcome, reason }: Deployment,
  failed: FailedState | null,
  { inputs }: StackSource,
): failed is FailedState {
  return outcome === 'failed' && failed?.reason === reason && failed.inputs === inputs
}

function waiting({ source, plan }: ResolvedStack, obstacle: Obstacle): Deployment {
  return { stack: source.stack.name, outcome: 'held', services: plan, ...obstacle }
}

function unchanged(stack: string, services: readonly ServicePlan[], reason: string): Deployment {
  return { stack, outcome: 'unchanged', services, reason }
}

function stillFailed(stack: Stack, reason: string): Deployment {
  return {
    stack: stack.name,
    outcome: 'failed',
    services: [],
    reason: `it failed before and did not change since: ${reason}`,
    remedy: `Commit a change, or try it again with: magos sync ${stack.name}`,
  }
}

function news(deployment: Deployment): StackResult {
  return { deployment, news: 'news' }
}
