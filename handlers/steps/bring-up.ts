import { withJoining } from '../../src/domain/deploy/joined.ts'
import { isBeingStopped } from '../../src/domain/deploy/standing.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { Evidence, LogFields, ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { removeNetworks } from './forget-stack.ts'
import { removeStaleNetworks } from './remove-stale-networks.ts'
import { lastComplaint, lastWords, tail, wordsInOne } from './last-words.ts'
import { layFiles } from './lay-files.ts'
import { dropSecrets } from './lay-secrets.ts'
import { maskValues, valuesOf } from './mask-values.ts'
import { reloadServices } from './plan-reloads.ts'
import { proveStack } from './prove-stack.ts'
import { runHook } from './run-hook.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'

/** What came of it, and when the look was taken that told. */
export type BroughtUp = { readonly reason: string; readonly at: number | null } & (
  | { readonly outcome: 'succeeded'; readonly containers: readonly ObservedContainer[] }
  | {
      readonly outcome: 'failed'
      /** What the containers in trouble wrote last. */
      readonly words: string
      /** What is known beside the reason, for the log. */
      readonly evidence: LogFields
    }
)

export interface BringingUp {
  /** What was proven of the containers that are kept. */
  readonly vouching: ProvenState | null
  /** Ids of containers that have to go before anything new comes. */
  readonly first: readonly string[]
  /** Ids of containers that stay and are started anew once the others are there; none by default. */
  readonly anew?: readonly string[]
  /** Services whose proof is wanted; all of them by default. */
  readonly only?: ReadonlySet<string>
  /** A state that comes back, or is put right, was there before: its hooks are not run again. */
  readonly hooks?: 'run' | 'skip'
}

/**
 * Lays a stack's files, has the provider make what is due, and looks until the verdict. The images are here already. A
 * process that dies in it leaves the stack unproven, for what it stopped or removed itself was nobody's wish.
 */
export async function bringUp(
  ctx: Context,
  resolved: ResolvedStack,
  bringing: BringingUp,
  signal: AbortSignal,
): Promise<BroughtUp> {
  const { upkeep } = ctx
  const standing = upkeep.standing(resolved.source.stack.name)
  if (standing !== null) upkeep.stand({ ...standing, boot: 'none' })
  const brought = await makeAndProve(ctx, resolved, bringing, signal)
  if (brought.outcome === 'failed' && standing !== null) upkeep.stand(standing)
  return brought
}

async function makeAndProve(
  ctx: Context,
  resolved: ResolvedStack,
  { vouching, first, anew = [], only, hooks = 'skip' }: BringingUp,
  signal: AbortSignal,
): Promise<BroughtUp> {
  await layFiles(ctx, resolved, ctx.log, signal)
  const refused = hooks === 'run' ? await runHook(ctx, resolved, 'before', signal) : null
  if (refused !== null) return byHook(refused, null)
  const going = [...new Set([...first, ...resolved.remade])]
  if (going.length > 0) await ctx.engine.remove(going, signal)
  await removeStaleNetworks(ctx, resolved, signal)
  const halted = haltedOf(resolved, going)
  if (halted.length > 0) await ctx.engine.stop(halted, signal)
  const { exitCode, output } = await up(ctx, resolved, signal)
  const { values, unknown } = valuesOf(resolved)
  const said = tail(maskValues(output, values))
  await reloadServices(ctx, resolved, signal)
  if (anew.length > 0) {
    await ctx.engine.restart(withJoining(anew, resolved.containers), signal)
  }
  if (exitCode !== 0) {
    ctx.log.warn({ exitCode, provider: said }, 'Provider failed: looking at what came up')
  }
  const { outcome, reason, at, containers } = await proveStack(
    ctx,
    narrowed(resolved, only),
    vouching,
    signal,
  )
  if (outcome !== 'succeeded') {
    const words = await lastWords(ctx, resolved, signal)
    // podman-compose repeats every command that it runs, `-e KEY=value` and all.
    const evidence = { exitCode, provider: said, containers: words }
    const provider = exitCode === 0 ? {} : { [resolved.provider.name]: said }
    const complaint = exitCode === 0 || unknown !== null ? null : lastComplaint(said)
    const told = complaint === null ? reason : `${reason}; ${resolved.provider.name}: ${complaint}`
    const all = wordsInOne({ ...words, ...provider })
    return { outcome: 'failed', reason: told, at, words: all, evidence }
  }
  const objection = hooks === 'run' ? await runHook(ctx, resolved, 'after', signal) : null
  if (objection !== null) return byHook(objection, at)
  await removeOrphans(ctx, resolved, new Set(going), signal)
  if (resolved.plan.some(({ action }) => action === 'recreate' || action === 'remove')) {
    // A service may have left one of its networks.
    await removeNetworks(ctx, resolved.source.stack.name, resolved.source.project, signal)
  }
  await dropSecrets(ctx, resolved, signal)
  return { outcome, reason, at, containers }
}

/** An engine starts nothing that it is stopping, and what nobody stops any more does not end by itself. */
function haltedOf(
  { halted, containers }: ResolvedStack,
  going: readonly string[],
): readonly string[] {
  const leaving = containers.filter(isBeingStopped).map(({ id }) => id)
  return [...new Set([...halted, ...leaving])].filter((id) => !going.includes(id))
}

function byHook(
  { reason, output }: { readonly reason: string; readonly output: string },
  at: number | null,
): BroughtUp {
  return { outcome: 'failed', reason, at, words: output, evidence: { hook: output } }
}

function narrowed(resolved: ResolvedStack, only?: ReadonlySet<string>): ResolvedStack {
  if (only === undefined) return resolved
  const services = resolved.desired.services.filter(({ name }) => only.has(name))
  return { ...resolved, desired: { ...resolved.desired, services } }
}

async function up(ctx: Context, resolved: ResolvedStack, signal: AbortSignal): Promise<Evidence> {
  const { project, home } = resolved.source
  const { document, services } = resolved.desired
  const changed = changedServices(resolved).map(({ name }) => name)
  const due = [...new Set([...changed, ...resolved.started])]
  if (due.length === 0) return { exitCode: 0, output: '' }
  const named = due.length === services.length ? 'all' : due
  const provider = resolved.provider.name
  return ctx.compose.up({ project, provider, home, document, services: named }, signal)
}

/** Containers of services that left the file go last, when the new state is proven. Volumes are never removed. */
async function removeOrphans(
  ctx: Context,
  resolved: ResolvedStack,
  gone: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const ids = orphansOf(resolved)
    .map(({ id }) => id)
    .filter((id) => !gone.has(id))
  if (ids.length > 0) await ctx.engine.remove(ids, signal)
}

/** Containers of services that are not in the file. */
export function orphansOf({ plan, containers }: ResolvedStack): readonly ObservedContainer[] {
  const gone = new Set(plan.filter(({ action }) => action === 'remove').map(({ name }) => name))
  return containers.filter(({ service }) => gone.has(service))
}
