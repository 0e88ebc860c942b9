import type { Deployment } from '../../src/domain/deployment.ts'
import { MagosError, type Place } from '../../src/domain/error.ts'
import { formatImageReference, type ImageReference } from '../../src/domain/image-reference.ts'
import type { Revision } from '../../src/domain/revision.ts'
import type { Credential, Evidence, FailedState, LogFields, ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { timeAfter } from './latest-failure.ts'
import { layFiles } from './lay-files.ts'
import { provenServices } from './proof.ts'
import { proveStack } from './prove-stack.ts'
import { isBroken } from './remake-broken.ts'
import { changedServices, containersOf, type ResolvedStack } from './resolve-stack.ts'
import { lineFault, stackFault } from './stack-fault.ts'

/** Lines of output that tell why. */
const LAST_LINES = 20

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
  const { retry, where } = ending
  ctx.history.fail(id, { stack, commit, inputs, reason, retry, at: endedAt })
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
  const { outcome, reason, at } = await proveStack(ctx, resolved, vouching, signal)
  if (outcome !== 'succeeded') {
    const words = await lastWords(ctx, resolved, signal)
    const evidence = { exitCode, provider: tail(output), containers: words }
    return { outcome: 'failed', reason, retry: 'when-changed', evidence, at }
  }
  await removeOrphans(ctx, resolved, signal)
  return { outcome, reason, at }
}

/** Brings every image here that a changed service needs; the first that cannot be had ends it, before anything is touched. */
async function pullImages(
  ctx: Context,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<string | null> {
  for (const service of changedServices(resolved)) {
    const { image, pull: rule } = service
    if (image === null || service.source === 'built') continue
    const mayBeHere = image.digest !== null || rule !== 'always'
    if (mayBeHere && (await ctx.engine.has(image, signal))) continue
    if (rule === 'never') {
      return `cannot use ${formatImageReference(image)}: it is not on this host, and "pull_policy: never" of service "${service.name}" forbids to pull it`
    }
    const credential = await credentialOf(ctx, image, signal)
    const plainHttp = ctx.registry.plainHttp(image.registry)
    const pull = await ctx.engine.pull(image, { credential, plainHttp }, signal)
    if (pull.outcome === 'failed') {
      return `cannot pull ${formatImageReference(image)}: ${pull.reason}`
    }
  }
  return null
}

/** Whatever keeps a login from being had is this image's trouble, and the other stacks' is not. */
async function credentialOf(
  ctx: Context,
  image: ImageReference,
  signal: AbortSignal,
): Promise<Credential | null> {
  try {
    return await ctx.registry.credential(image, signal)
  } catch (cause) {
    signal.throwIfAborted()
    const fault = lineFault(cause)
    if (fault === null) throw cause
    const { message, remedy } = fault
    throw new MagosError('registry', message, {
      cause,
      ...(remedy === undefined ? {} : { remedy }),
    })
  }
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

/** What the containers in trouble wrote last: the reason mostly stands there. It stays in this host's own log. */
async function lastWords(
  ctx: Context,
  { source }: ResolvedStack,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const { containers } = await ctx.engine.observe(signal)
  const troubled = containersOf(source.project, { at: 0, containers }).filter(isBroken)
  const words = troubled.map(async ({ id, service }) => [
    service,
    tail(await ctx.engine.logs(id, LAST_LINES, signal)),
  ])
  return Object.fromEntries(await Promise.all(words))
}

/** The last of what a provider said, enough to see why. */
function tail(output: string): string {
  return output.trimEnd().split('\n').slice(-LAST_LINES).join('\n')
}
