import {
  desiredState,
  type DesiredService,
  type DesiredState,
} from '../../src/domain/deploy/desired-state.ts'
import { environmentFiles } from '../../src/domain/stack.ts'
import { planDeployment } from '../../src/domain/deploy/plan.ts'
import { pathInHome } from '../../src/domain/deploy/stack-inputs.ts'
import type { ObservedContainer, ObservedState, ServicePlan } from '../../src/domain/deployment.ts'
import type { LaidFile, Provider, StackInput } from '../../src/ports.ts'
import type { PlanContext } from '../context.ts'
import type { StackSource } from './read-stack.ts'

/** A stack whose desired state is known, and what that means for its containers. */
export interface ResolvedStack {
  readonly source: StackSource
  readonly provider: Provider
  readonly desired: DesiredState
  readonly containers: readonly ObservedContainer[]
  readonly plan: readonly ServicePlan[]
  /** Ids of containers that are taken away before the provider makes them anew; none at first. */
  readonly remade: readonly string[]
  /** The tracked files as they are to be laid into the stable directory. */
  readonly files: readonly LaidFile[]
}

/** Lets the provider resolve the stack's files and compares the result with what runs. */
export async function resolveStack(
  ctx: PlanContext,
  source: StackSource,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<ResolvedStack> {
  const { stack, project, home } = source
  const containers = containersOf(project, observed)
  const made = makerOf(containers)
  const provider = await ctx.compose.provider(made, signal)
  const { inputs, files } = await readFiles(ctx, source, signal)
  const document = await ctx.compose.resolve(
    {
      project,
      provider: provider.name,
      inputs,
      directory: stack.directory,
      files: stack.files,
      profiles: stack.options.profiles,
      envFiles: environmentFiles(stack),
      home,
    },
    signal,
  )
  const tracked = files.map(({ path, mode, oid }) => ({ path: `${home}/${path}`, mode, oid }))
  const desired = desiredState({ name: stack.name, home }, document, tracked)
  const plan = planDeployment(desired.services, containers)
  const resolved = { source, provider, desired, containers, plan, remade: [], files }
  return made === null || made === provider.name ? resolved : handOver(resolved, made)
}

/** Providers name containers differently, so what the one that is gone made goes before the other makes its own. */
function handOver(resolved: ResolvedStack, made: Provider['name']): ResolvedStack {
  const { provider, containers, plan } = resolved
  const reason = `its provider changes from ${made}, which is gone, to ${provider.name}`
  const due = new Set(plan.filter(({ action }) => action !== 'remove').map(({ name }) => name))
  return {
    ...resolved,
    remade: containers.filter(({ service }) => due.has(service)).map(({ id }) => id),
    plan: plan.map((one) =>
      one.action === 'keep' || one.action === 'recreate'
        ? { name: one.name, action: 'recreate', reasons: [reason] }
        : one,
    ),
  }
}

export function containersOf(project: string, observed: ObservedState): ObservedContainer[] {
  return observed.containers.filter((container) => container.project === project)
}

/** What has to be created or recreated. */
export function changedServices({ desired, plan }: ResolvedStack): DesiredService[] {
  const due = new Set(plan.filter(isDue).map(({ name }) => name))
  return desired.services.filter(({ name }) => due.has(name))
}

function isDue({ action }: ResolvedStack['plan'][number]): boolean {
  return action === 'create' || action === 'recreate'
}

/** A stack stays with the provider that made it, which its containers tell; null where there are none. */
function makerOf(containers: readonly ObservedContainer[]): Provider['name'] | null {
  const carries = (label: string) => containers.some(({ labels }) => Object.hasOwn(labels, label))
  if (carries('io.podman.compose.project')) return 'podman-compose'
  return carries('com.docker.compose.version') ? 'docker-compose' : null
}

async function readFiles(ctx: PlanContext, source: StackSource, signal: AbortSignal) {
  const inputs: StackInput[] = source.untracked.map((input) => ({ ...input, mode: '100644' }))
  const files: LaidFile[] = []
  for (const entry of source.entries) {
    const content = await ctx.source.read(entry, signal)
    const { path, mode, oid } = entry
    inputs.push({ path, mode, content })
    files.push({ path: pathInHome(source.stack, path), mode, oid, content })
  }
  return { inputs, files }
}
