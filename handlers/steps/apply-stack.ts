import type { DesiredService } from '../../src/domain/deploy/desired-state.ts'
import { judge, type ProofTerms, type Verdict } from '../../src/domain/deploy/verdict.ts'
import type { Deployment, ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import { formatImageReference } from '../../src/domain/image-reference.ts'
import type { Revision } from '../../src/domain/revision.ts'
import type { Evidence } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/**
 * Deploys one stack and proves it: every image first, then its files, then the provider, then inspection until the
 * verdict. It is journalled, so that a process which dies in it is told of at the next start.
 */
export async function applyStack(
  ctx: Context,
  revision: Revision,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<Deployment> {
  const { stack, inputs } = resolved.source
  const log = ctx.log.child({ stack: stack.name, commit: revision.commit })
  const at = ctx.now
  const id = ctx.history.begin({ stack: stack.name, commit: revision.commit, inputs, at })
  for (const { name, action, reasons } of resolved.plan) {
    log.info({ service: name }, `Will ${action}: ${reasons.join('; ')}`)
  }
  const missing = await pullImages(ctx, resolved, signal)
  if (missing !== null) {
    ctx.history.fail(id, { ...failure(ctx, revision, resolved, missing), retry: 'next-pass' })
    log.error({}, `Deployment failed, nothing was touched: ${missing}`)
    return outcome(resolved, 'failed', missing)
  }
  const { kept } = await ctx.files.lay(stack.name, resolved.files, signal)
  for (const { path, savedAs } of kept) {
    log.warn({ file: path, savedAs }, 'File had changed on disk and in git: git won')
  }
  const evidence = await up(ctx, resolved, signal)
  const verdict = await prove(ctx, resolved, signal)
  if (verdict.outcome !== 'succeeded') {
    ctx.history.fail(id, {
      ...failure(ctx, revision, resolved, verdict.reason),
      retry: 'when-changed',
    })
    log.error(
      { exitCode: evidence.exitCode, provider: tail(evidence.output) },
      `Deployment failed: ${verdict.reason}`,
    )
    return outcome(resolved, 'failed', verdict.reason)
  }
  await removeOrphans(ctx, resolved, signal)
  ctx.history.succeed(id, { ...proven(resolved), commit: revision.commit, at })
  log.info({}, `Deployment succeeded: ${verdict.reason}`)
  return outcome(resolved, 'succeeded', verdict.reason)
}

/** Brings every image here that a changed service needs; the first that cannot be had ends it, before anything is touched. */
async function pullImages(
  ctx: Context,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<string | null> {
  for (const service of changedServices(resolved)) {
    const { image } = service
    if (image === null || service.source === 'built') continue
    if (image.digest !== null && (await ctx.engine.has(image, signal))) continue
    const credential = await ctx.registry.credential(image, signal)
    const plainHttp = ctx.registry.plainHttp(image.registry)
    const pull = await ctx.engine.pull(image, { credential, plainHttp }, signal)
    if (pull.outcome === 'failed') {
      return `cannot pull ${formatImageReference(image)}: ${pull.reason}`
    }
  }
  return null
}

function changedServices({ desired, plan }: ResolvedStack): DesiredService[] {
  const due = new Set(plan.filter(isDue).map(({ name }) => name))
  return desired.services.filter(({ name }) => due.has(name))
}

function isDue({ action }: ResolvedStack['plan'][number]): boolean {
  return action === 'create' || action === 'recreate'
}

async function up(ctx: Context, resolved: ResolvedStack, signal: AbortSignal): Promise<Evidence> {
  const { project, home } = resolved.source
  const { document, services } = resolved.desired
  const due = changedServices(resolved).map(({ name }) => name)
  if (due.length === 0) return { exitCode: 0, output: '' }
  const named = due.length === services.length ? 'all' : due
  return ctx.compose.up({ project, home, document, services: named }, signal)
}

/** Looks at the containers until the verdict is in. */
async function prove(ctx: Context, resolved: ResolvedStack, signal: AbortSignal): Promise<Verdict> {
  const { settle, deadline } = ctx.host
  const services = servicesToProve(resolved)
  const replaced = replacedContainers(resolved)
  const seen: ObservedState[] = []
  let verdict: Verdict = { outcome: 'failed', reason: 'the engine showed nothing' }
  for await (const state of ctx.engine.watch(resolved.source.project, signal)) {
    seen.push(state)
    const since = seen[0]?.at ?? state.at
    const terms: ProofTerms = { services, replaced, settle, deadline, since }
    verdict = judge(terms, seen)
    if (verdict.outcome !== 'undecided') break
  }
  signal.throwIfAborted()
  return verdict
}

/** Containers of services that are recreated: what they still do is not the new state's doing. */
function replacedContainers({ plan, containers }: ResolvedStack): ReadonlySet<string> {
  const due = new Set(plan.filter(isDue).map(({ name }) => name))
  return new Set(containers.filter(({ service }) => due.has(service)).map(({ id }) => id))
}

/** All but those which were stopped before and which nothing changed for: they stay as their owner left them. */
function servicesToProve({ desired, plan, containers }: ResolvedStack): DesiredService[] {
  const stopped = new Set(
    plan
      .filter(({ name, action }) => action === 'keep' && !runsIn(containers, name))
      .map(({ name }) => name),
  )
  return desired.services.filter(({ name }) => !stopped.has(name))
}

function runsIn(containers: readonly ObservedContainer[], service: string): boolean {
  return containers.some(
    (container) => container.service === service && container.state === 'running',
  )
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

function outcome(
  { source, plan }: ResolvedStack,
  result: 'succeeded' | 'failed',
  reason: string,
): Deployment {
  return { stack: source.stack.name, outcome: result, services: plan, reason }
}

function failure(ctx: Context, revision: Revision, { source }: ResolvedStack, reason: string) {
  const { stack, inputs } = source
  return { stack: stack.name, commit: revision.commit, inputs, reason, at: ctx.now }
}

function proven({ source, desired, provider }: ResolvedStack) {
  const services = Object.fromEntries(desired.services.map(({ name, hash }) => [name, hash]))
  const { stack, project, inputs } = source
  return { stack: stack.name, project, inputs, services, provider: provider.name }
}

/** The last of what a provider said, enough to see why. */
function tail(output: string): string {
  return output.trimEnd().split('\n').slice(-20).join('\n')
}
