import type { Deployment } from '../../src/domain/deployment.ts'
import type { Place } from '../../src/domain/error.ts'
import type { Revision } from '../../src/domain/revision.ts'
import type { Evidence, FailedState, LogFields, ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { timeAfter } from './latest-failure.ts'
import { layFiles } from './lay-files.ts'
import { lastWords, tail, wordsInOne } from './last-words.ts'
import { maskValues, valuesOf } from './mask-values.ts'
import { reloadServices } from './plan-reloads.ts'
import { provenServices } from './proof.ts'
import { proveStack } from './prove-stack.ts'
import { pullImages } from './pull-images.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'
import { stackFault } from './stack-fault.ts'

/**
 * Deploys one stack and proves it: every image first, then its files, then the provider, then inspection until the
 * verdict. It is journalled, so that a process which dies in it is told of at the next start. `vouching` is what was
 * proven of the containers that are kept.
 */
export async function applyStack(
  ctx: Context,
  { commit }: Revision,
  resolved: ResolvedStack,
  vouching: ProvenState | null,
  signal: AbortSignal,
): Promise<Deployment> {
  const { source, plan } = resolved
  const { inputs } = source
  const stack = source.stack.name
  const log = ctx.log.child({ stack, commit })
  const at = ctx.now
  const id = ctx.history.begin({ stack, commit, inputs, at })
  for (const { name, action, reasons } of plan) {
    if (action !== 'keep') log.info({ service: name }, `Will ${action}: ${reasons.join('; ')}`)
  }
  const ending = await tryToApply({ ...ctx, log }, resolved, vouching, signal)
  const { reason } = ending
  const endedAt = timeAfter(ctx.history, stack, Math.max(at, ending.at ?? at))
  if (ending.outcome === 'succeeded') {
    ctx.history.succeed(id, { ...proven(resolved), commit, at: endedAt })
    log.info({}, `Deployment succeeded: ${reason}`)
    return { stack, outcome: 'succeeded', services: plan, reason }
  }
  const { retry, where, words = '' } = ending
  ctx.history.fail(id, { stack, commit, inputs, reason, retry, words, at: endedAt })
  log.error({ ...where, ...ending.evidence }, `Deployment failed: ${reason}`)
  return { stack, outcome: 'failed', services: plan, reason, ...where }
}

type Ending = {
  readonly reason: string
  /** When it was seen, where anybody looked. */ readonly at?: number | null
} & (
  | { readonly outcome: 'succeeded' }
  | {
      readonly outcome: 'failed'
      readonly retry: FailedState['retry']
      /** Of a refusal, for whoever has to act on it. */
      readonly where?: Partial<Place> & { readonly remedy?: string }
      readonly words?: string
      /** What is known beside the reason, for the log. */
      readonly evidence?: LogFields
    }
)

async function tryToApply(
  ctx: Context,
  resolved: ResolvedStack,
  vouching: ProvenState | null,
  signal: AbortSignal,
): Promise<Ending> {
  try {
    return await apply(ctx, resolved, vouching, signal)
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    const { message: reason, remedy, place } = fault
    const where = { ...place, ...(remedy === undefined ? {} : { remedy }) }
    return { outcome: 'failed', reason, retry: 'next-pass', where, evidence: { error: fault } }
  }
}

async function apply(
  ctx: Context,
  resolved: ResolvedStack,
  vouching: ProvenState | null,
  signal: AbortSignal,
): Promise<Ending> {
  const missing = await pullImages(ctx, resolved, signal)
  if (missing !== null) return { outcome: 'failed', reason: missing, retry: 'next-pass' }
  await layFiles(ctx, resolved, ctx.log, signal)
  if (resolved.remade.length > 0) await ctx.engine.remove(resolved.remade, signal)
  const { exitCode, output } = await up(ctx, resolved, signal)
  const said = tail(maskValues(output, valuesOf(resolved).values))
  await reloadServices(ctx, resolved.reloads, signal)
  if (exitCode !== 0) {
    ctx.log.warn({ exitCode, provider: said }, 'Provider failed: looking at what came up')
  }
  const { outcome, reason, at } = await proveStack(ctx, resolved, vouching, signal)
  if (outcome !== 'succeeded') {
    const words = await lastWords(ctx, resolved, signal)
    // podman-compose repeats every command that it runs, `-e KEY=value` and all.
    const evidence = { exitCode, provider: said, containers: words }
    return {
      outcome: 'failed',
      reason,
      retry: 'when-changed',
      words: wordsInOne(words),
      evidence,
      at,
    }
  }
  await removeOrphans(ctx, resolved, signal)
  return { outcome, reason, at }
}

async function up(ctx: Context, resolved: ResolvedStack, signal: AbortSignal): Promise<Evidence> {
  const { project, home } = resolved.source
  const { document, services } = resolved.desired
  const due = changedServices(resolved).map(({ name }) => name)
  if (due.length === 0) return { exitCode: 0, output: '' }
  const named = due.length === services.length ? 'all' : due
  const provider = resolved.provider.name
  return ctx.compose.up({ project, provider, home, document, services: named }, signal)
}

/** Containers of services that left the file go last, when the new state is proven. Volumes are never removed. */
async function removeOrphans(
  ctx: Context,
  { plan, containers }: ResolvedStack,
  signal: AbortSignal,
): Promise<void> {
  const gone = new Set(plan.filter(({ action }) => action === 'remove').map(({ name }) => name))
  const ids = containers.filter(({ service }) => gone.has(service)).map(({ id }) => id)
  if (ids.length > 0) await ctx.engine.remove(ids, signal)
}

function proven({ source, desired, provider }: ResolvedStack) {
  const { stack, project, inputs } = source
  const services = provenServices(desired)
  return { stack: stack.name, project, inputs, services, provider: provider.name }
}
