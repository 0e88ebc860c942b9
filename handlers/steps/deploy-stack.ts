import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { Deployment, ObservedState, ServicePlan } from '../../src/domain/deployment.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { applyStack } from './apply-stack.ts'
import { readStack, type StackSource } from './read-stack.ts'
import { containersOf, resolveStack, type ResolvedStack } from './resolve-stack.ts'
import type { RepositoryView } from './view-repository.ts'

/** Whether a state that failed before is tried once more: only a person may ask for that. */
export type Asked = 'by-event' | 'by-person'

/** What became of a stack, and whether anybody has to be told. */
export interface StackResult {
  readonly deployment: Deployment
  readonly news: 'news' | 'known'
}

/**
 * Brings one stack to what stands at the revision, if that differs from what was last proven here. Throws only for
 * what is not this stack's own fault: an engine that cannot be reached, an interruption.
 */
export async function deployStack(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  observed: ObservedState,
  asked: Asked,
  signal: AbortSignal,
): Promise<StackResult> {
  try {
    return await decideStack(ctx, view, stack, observed, asked, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof MagosError) || isOutside(error)) throw error
    const { message, remedy, place } = error
    ctx.log.error({ stack: stack.name, ...place, remedy, error }, `Stack refused: ${message}`)
    return news({
      stack: stack.name,
      outcome: 'failed',
      services: [],
      reason: message,
      ...(remedy === undefined ? {} : { remedy }),
      ...place,
    })
  }
}

/** Failures of the world around: no failed deployment, and nothing is remembered against the stack. */
function isOutside({ code }: MagosError): boolean {
  return ['engine', 'provider', 'network', 'git', 'storage', 'interrupted', 'internal'].includes(
    code,
  )
}

async function decideStack(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  observed: ObservedState,
  asked: Asked,
  signal: AbortSignal,
): Promise<StackResult> {
  const source = await readStack(ctx, view, stack, signal)
  const proven = ctx.history.proven(stack.name)
  if (proven?.inputs === source.inputs && stillRuns(proven, source, observed)) {
    return known(unchanged(stack, [], 'nothing changed since it was proven'))
  }
  const failed = ctx.history.failed(stack.name)
  const remembered = failed?.inputs === source.inputs && failed.retry === 'when-changed'
  if (remembered && asked === 'by-event') return known(stillFailed(stack, failed.reason))
  const resolved = await resolveStack(ctx, source, observed, signal)
  const foreign = foreignContainers(ctx, resolved)
  if (foreign !== null) return news(foreign)
  if (resolved.plan.every(({ action }) => action === 'keep')) {
    return provenAlready(ctx, view, resolved, signal)
  }
  const deployment = await applyStack(ctx, view.revision, resolved, signal)
  const repeats = deployment.outcome === 'failed' && failed?.reason === deployment.reason
  return repeats && failed.inputs === source.inputs ? known(deployment) : news(deployment)
}

/** Every proven service still has a container that carries its hash; whether it runs is its owner's business. */
function stillRuns(
  proven: ProvenState,
  { project }: StackSource,
  observed: ObservedState,
): boolean {
  const containers = containersOf(project, observed)
  return Object.entries(proven.services).every(([service, hash]) =>
    containers.some(
      (container) => container.service === service && container.labels[LABEL.hash] === hash,
    ),
  )
}

/**
 * New volumes on day one would be an empty database: a project that somebody else's containers belong to is left
 * alone until the owner says where its directory is.
 */
function foreignContainers(ctx: Context, resolved: ResolvedStack): Deployment | null {
  const { stack, project } = resolved.source
  const foreign = resolved.containers.filter(({ labels }) => labels[LABEL.hash] === undefined)
  const [first] = foreign
  if (first === undefined || ctx.host.directories[stack.name] !== undefined) return null
  const directory = first.labels['com.docker.compose.project.working_dir'] ?? 'PATH'
  return {
    stack: stack.name,
    outcome: 'held',
    services: resolved.plan,
    reason: `project "${project}" has containers that Magos did not make: ${foreign.map(({ name }) => name).join(', ')}`,
    remedy: `Name the directory that holds its data in the daemon's YAML: stacks: {${stack.name}: {directory: ${directory}}}`,
  }
}

/** The containers are the desired ones already; only files that no service reads may differ. */
async function provenAlready(
  ctx: Context,
  view: RepositoryView,
  { source, provider, desired, files, plan }: ResolvedStack,
  signal: AbortSignal,
): Promise<StackResult> {
  await ctx.files.lay(source.stack.name, files, signal)
  ctx.history.prove({
    stack: source.stack.name,
    project: source.project,
    commit: view.revision.commit,
    inputs: source.inputs,
    services: Object.fromEntries(desired.services.map(({ name, hash }) => [name, hash])),
    provider: provider.name,
    at: ctx.now,
  })
  return known(unchanged(source.stack, plan, 'its containers are the desired ones'))
}

function unchanged(stack: Stack, services: readonly ServicePlan[], reason: string): Deployment {
  return { stack: stack.name, outcome: 'unchanged', services, reason }
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

function known(deployment: Deployment): StackResult {
  return { deployment, news: 'known' }
}
