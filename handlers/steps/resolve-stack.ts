import {
  desiredState,
  type ComposeDocument,
  type DesiredService,
  type DesiredState,
} from '../../src/domain/deploy/desired-state.ts'
import { placeSecrets } from '../../src/domain/deploy/place-secrets.ts'
import { withAttached } from '../../src/domain/deploy/attached.ts'
import { planDeployment } from '../../src/domain/deploy/plan.ts'
import { secretUsers } from '../../src/domain/deploy/secret-users.ts'
import { pathInHome } from '../../src/domain/deploy/stack-inputs.ts'
import { withTied } from '../../src/domain/deploy/tied-plan.ts'
import type { ObservedContainer, ObservedState, ServicePlan } from '../../src/domain/deployment.ts'
import { MagosError } from '../../src/domain/error.ts'
import { environmentFiles } from '../../src/domain/stack.ts'
import type { LaidFile, Provider, Source } from '../../src/ports.ts'
import type { PlanContext } from '../context.ts'
import { maskable, maskValues } from './mask-values.ts'
import { openedFiles, openSecrets, type OpenedStack, type StackSecrets } from './open-secrets.ts'
import type { StackSource } from './read-stack.ts'
import { refuseCiphertext } from './refuse-ciphertext.ts'
import { refuseCommandLines } from './refuse-command-lines.ts'
import { readFiles, trackedFiles, untrackedFiles } from './stack-contents.ts'
import { refuseUnknownServices } from './refuse-unknown-services.ts'
import { planReloads, withReloads, type ServiceReload } from './plan-reloads.ts'
import { variableFiles } from './variable-files.ts'

/** A stack whose desired state is known, and what that means for its containers. */
export interface ResolvedStack {
  readonly source: StackSource
  readonly provider: Provider
  readonly desired: DesiredState
  readonly containers: readonly ObservedContainer[]
  readonly plan: readonly ServicePlan[]
  /** Ids of containers that are taken away before the provider makes them anew; none at first. */
  readonly remade: readonly string[]
  /** What has to read its files again, as it runs. */
  readonly reloads: readonly ServiceReload[]
  /** Services that stay as they are and are started; none at first. */
  readonly started: readonly string[]
  /** Ids of containers that are stopped before the provider starts them with what they are tied to. */
  readonly halted: readonly string[]
  /** Networks that are removed behind those containers, so that the provider makes them anew; none at first. */
  readonly staleNetworks: readonly string[]
  /** The tracked files as they are to be laid into the stable directory. */
  readonly files: readonly LaidFile[]
  readonly secrets: StackSecrets
}

/** A commit is not the only place that files are read from. */
type ResolveContext = Pick<PlanContext, 'compose' | 'history' | 'secrets' | 'secretFiles'> & {
  readonly source: Pick<Source, 'read'>
}

/** Lets the provider resolve the stack's files and compares the result with what runs. */
export async function resolveStack(
  ctx: ResolveContext,
  source: StackSource,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<ResolvedStack> {
  const { stack, project, home } = source
  const containers = containersOf(project, observed)
  const made = makerOf(containers)
  const provider = await ctx.compose.provider(made, signal)
  const { inputs, files } = await readFiles(ctx, source, signal)
  const clear = await openSecrets(ctx, source, inputs, signal)
  const request = {
    project,
    provider: provider.name,
    inputs: clear.inputs,
    directory: stack.directory,
    files: stack.files,
    profiles: stack.options.profiles,
    envFiles: environmentFiles(stack),
    home,
  }
  const document = await ctx.compose
    .resolve(request, signal)
    .catch((thrown: unknown) => rethrowMasked(thrown, clear.values))
  const { desired, secrets } = desire(ctx, source, document, { files, clear })
  refuseUnknownServices(stack, desired)
  refuseCommandLines(provider, source, desired, clear)
  refuseCiphertext(source, document, trackedFiles(source, files), files)
  const planned = {
    desired,
    containers,
    plan: planDeployment(desired.services, containers, source.stack.name),
    remade: [],
    started: [],
    halted: [],
  }
  const tied = withTied(withAttached(planned, document, project))
  const reloads = planReloads(ctx, source, desired, tied)
  const plan = withReloads(tied.plan, reloads)
  const resolved = { ...tied, source, provider, plan, reloads, files, secrets, staleNetworks: [] }
  return made === null || made === provider.name ? resolved : handOver(resolved, made)
}

/** A provider quotes what it does not understand, and in the clear copy that may be a secret. */
function rethrowMasked(thrown: unknown, values: readonly string[]): never {
  if (values.length === 0 || !(thrown instanceof MagosError)) throw thrown
  const { code, message, remedy, place } = thrown
  throw new MagosError(code, maskValues(message, maskable(values)), {
    ...(remedy === undefined ? {} : { remedy }),
    ...(place === undefined ? {} : { place }),
  })
}

interface Read {
  readonly files: readonly LaidFile[]
  readonly clear: OpenedStack
}

/** The document with its decrypted files in their places, and hashes that tell nobody what is in them. */
function desire(
  ctx: Pick<PlanContext, 'secrets' | 'secretFiles'>,
  source: StackSource,
  document: ComposeDocument,
  { files, clear }: Read,
): { readonly desired: DesiredState; readonly secrets: StackSecrets } {
  const { stack, home } = source
  const variables = variableFiles(ctx, source, document, clear)
  const opened = [...openedFiles(source, clear), ...variables.opened]
  const placed = placeSecrets(variables.document, opened)
  const sealed = new Set(clear.opened.map(({ path }) => pathInHome(stack, path)))
  // The digest of a decrypted file stands in its path, and to encrypt it anew changes nothing.
  const plain = files.filter(({ path }) => !sealed.has(path))
  const keyed = {
    names: secretUsers(document, clear.opened),
    digest: (text: string) => ctx.secrets.digest(text),
  }
  const { changes, probes } = stack.options
  const probed = new Set(probes.flatMap(({ service, check }) => (check === null ? [] : [service])))
  const own = { name: stack.name, home, changes, untracked: untrackedFiles(source), keyed, probed }
  const contents = new Map(clear.opened.map((one) => [one.placed, one.content]))
  return {
    desired: desiredState(own, placed.document, trackedFiles(source, plain)),
    secrets: {
      files: placed.files.map(({ placed: path, mode }) => ({
        path,
        mode,
        content: contents.get(path) ?? variables.contents.get(path) ?? new Uint8Array(),
      })),
      digests: placed.files.map((file) => file.digest),
      values: clear.values,
    },
  }
}

/** Providers name containers differently, so what the one that is gone made goes before the other makes its own. */
function handOver(resolved: ResolvedStack, made: Provider['name']): ResolvedStack {
  const { provider, containers, plan } = resolved
  const reason = `its provider changes from ${made}, which is gone, to ${provider.name}`
  const due = new Set(plan.filter(({ action }) => action !== 'remove').map(({ name }) => name))
  return {
    ...resolved,
    remade: containers.filter(({ service }) => due.has(service)).map(({ id }) => id),
    started: [],
    halted: [],
    reloads: [],
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
