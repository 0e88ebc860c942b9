import { MagosError } from '../../src/domain/error.ts'
import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { FailedState, History, LastGoodState, ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { bringUp, orphansOf } from './bring-up.ts'
import { fitDefinitions } from './fit-definitions.ts'
import { inTheWay } from './in-the-way.ts'
import { pullImages } from './pull-images.ts'
import { readyImages } from './ready-images.ts'
import { remakeBroken } from './remake-broken.ts'
import { resolveKept } from './resolve-kept.ts'
import type { ResolvedStack } from './resolve-stack.ts'
import { stackFault } from './stack-fault.ts'
import { startStopped } from './start-stopped.ts'

/**
 * The state that the stack can come back to when the one with these inputs is given up: the last that was proven, and
 * never that one itself. Where the history was lost, the newest that was kept.
 */
export async function lastGoodBefore(
  { history, lastGood }: Pick<Context, 'history' | 'lastGood'>,
  { stack, inputs }: Pick<FailedState, 'stack' | 'inputs'>,
): Promise<LastGoodState | null> {
  const state = await lastGood.recall(stack, history.proven(stack)?.inputs ?? null)
  return state?.inputs === inputs ? null : state
}

/**
 * Runs the last good state again, by the same way as any other: its files, the provider, inspection. One try: where it
 * fails too, nothing goes on by itself. What is to be done is noted first, so that the next start finishes it.
 */
export async function restoreStack(
  ctx: Context,
  failed: FailedState,
  signal: AbortSignal,
): Promise<FailedState> {
  const { history, log } = ctx
  const { stack } = failed
  const last = await lastGoodBefore(ctx, failed)
  if (last === null) {
    return ended(history, failed, 'none', 'there is no last good state to go back to')
  }
  const to = commitOf(history, last)
  const name = to.slice(0, 12)
  history.restore(stack, { restored: 'due', restoring: '' })
  log.warn({ from: failed.commit, to }, 'Restoring the last good state')
  const { outcome, reason, evidence } = await tryToRestore(ctx, last, signal)
  if (outcome === 'failed') {
    log.error(evidence, `Last good state cannot be restored: ${reason}`)
    const told = `and the last good state (${name}) could not be restored: ${reason}`
    return ended(history, failed, 'failed', told)
  }
  rememberProof(history, last, failed)
  log.info({ to }, `Last good state runs again: ${reason}`)
  return ended(history, failed, 'done', `rolled back to ${name}: ${reason}`)
}

/** It was kept at the commit that brought it; the newest one of which it was proven is the one that people are shown. */
function commitOf(history: Pick<History, 'proven'>, { stack, inputs, commit }: LastGoodState) {
  const proven = history.proven(stack.name)
  return proven?.inputs === inputs ? proven.commit : commit
}

function ended(
  history: History,
  failed: FailedState,
  restored: FailedState['restored'],
  restoring: string,
): FailedState {
  history.restore(failed.stack, { restored, restoring })
  return { ...failed, restored, restoring }
}

interface Restored {
  readonly outcome: 'succeeded' | 'failed'
  readonly reason: string
  readonly evidence: Readonly<Record<string, unknown>>
}

async function tryToRestore(
  ctx: Context,
  last: LastGoodState,
  signal: AbortSignal,
): Promise<Restored> {
  try {
    return await restore(ctx, last, signal)
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    return { outcome: 'failed', reason: fault.message, evidence: { error: fault } }
  }
}

/** The last good state as it would be brought up now, its images made ready. Throws `stack` where nothing was kept. */
export async function resolveLastGood(
  ctx: Context,
  failed: FailedState,
  signal: AbortSignal,
): Promise<ResolvedStack> {
  const last = await lastGoodBefore(ctx, failed)
  if (last !== null) return resolveReady(ctx, last, await ctx.engine.observe(signal), signal)
  throw new MagosError('stack', `Read the last good state of stack "${failed.stack}": it is gone`, {
    remedy: `Commit a change to stack "${failed.stack}"`,
  })
}

/** The same of a state that was recalled. */
export async function resolveReady(
  ctx: Context,
  last: LastGoodState,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<ResolvedStack> {
  const resolved = await resolveKept(ctx, last, observed, signal)
  const due = startStopped(
    remakeBroken(resolved, provenBy(last)),
    ctx.upkeep.standing(last.stack.name),
  )
  return readyImages(ctx, due, last, signal)
}

async function restore(ctx: Context, last: LastGoodState, signal: AbortSignal): Promise<Restored> {
  const observed = await ctx.engine.observe(signal)
  const vouching = provenBy(last)
  const ready = await resolveReady(ctx, last, observed, signal)
  const missing = await pullImages(ctx, ready, signal)
  if (missing !== null) return { outcome: 'failed', reason: missing.reason, evidence: {} }
  const fitted = await fitDefinitions(ctx, ready, signal)
  if (fitted.outcome === 'held') {
    const { reason, remedy } = fitted
    return { outcome: 'failed', reason: `${reason}. ${remedy}`, evidence: {} }
  }
  const due = fitted.resolved
  const going = [...orphansOf(due), ...inTheWay(due), ...strays(last, observed)]
  const first = going.map(({ id }) => id)
  const brought = await bringUp(ctx, due, { vouching, first, anew: suffering(due) }, signal)
  const evidence = brought.outcome === 'failed' ? brought.evidence : {}
  return { outcome: brought.outcome, reason: brought.reason, evidence }
}

/** What stays and is unhealthy, maybe by what failed beside it: it gets another start instead of the blame. */
function suffering({ plan, containers }: ResolvedStack): readonly string[] {
  const kept = new Set(plan.filter(({ action }) => action === 'keep').map(({ name }) => name))
  return containers
    .filter(({ service, state, health }) => {
      return kept.has(service) && state === 'running' && health === 'unhealthy'
    })
    .map(({ id }) => id)
}

/** Containers of this stack under another project name: the state that failed had renamed it. */
function strays({ stack, project }: LastGoodState, { containers }: ObservedState) {
  return containers.filter(
    (one) => one.labels[LABEL.stack] === stack.name && one.project !== project,
  )
}

function provenBy(last: LastGoodState): ProvenState {
  const { stack, project, commit, inputs, services, provider, at } = last
  return { stack: stack.name, project, commit, inputs, services, provider, at }
}

/** Where the history was lost, what runs is known again, and stays older than the failure. */
function rememberProof(history: History, last: LastGoodState, failed: FailedState): void {
  if (history.proven(failed.stack) !== null) return
  history.prove({ ...provenBy(last), at: Math.min(last.at, failed.at - 1) })
}
