import type { StatusAnswer } from '../src/domain/answer.ts'
import { LABEL } from '../src/domain/deploy/labels.ts'
import { holdReason, type Hold } from '../src/domain/hold.ts'
import type { ObservedContainer } from '../src/domain/deployment.ts'
import type { FailedState, History, ProvenState } from '../src/ports.ts'
import type { StatusContext } from './context.ts'
import { latestFailure } from './steps/latest-failure.ts'

/** What this host remembers and what the engine shows; asks nobody else and needs no lock. */
export async function statusRequested(
  ctx: StatusContext,
  signal: AbortSignal,
): Promise<StatusAnswer> {
  const { containers } = await ctx.engine.observe(signal)
  const ours = Map.groupBy(containers, ({ labels }) => labels[LABEL.stack] ?? '')
  ours.delete('')
  const recorded = ctx.history.deployments(1000).map(({ stack }) => stack)
  const holds = await ctx.holds.all()
  const names = [...new Set([...ours.keys(), ...recorded, ...holds.keys()])].toSorted()
  return {
    revision: ctx.history.reached(),
    pending: ctx.inbox.pending().length,
    stacks: names.map((name) =>
      stackStatus(ctx.history, name, ours.get(name) ?? [], holds.get(name) ?? null),
    ),
  }
}

function stackStatus(
  history: History,
  name: string,
  containers: readonly ObservedContainer[],
  hold: Hold | null,
): StatusAnswer['stacks'][number] {
  const proven = history.proven(name)
  const failed = latestFailure(history, name)
  const latest = failed ?? proven
  return {
    name,
    state: hold === null ? stateOf(proven, failed) : 'held',
    reason: hold === null ? (failed?.reason ?? '') : holdReason(hold),
    commit: proven?.commit ?? null,
    at: latest === null ? null : new Date(latest.at).toISOString(),
    services: containers
      .map(({ service, state, health, image }) => ({
        name: service,
        state,
        health,
        image,
        pin: pinOf(proven?.services[service] ?? image),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

function stateOf(
  proven: ProvenState | null,
  failed: FailedState | null,
): StatusAnswer['stacks'][number]['state'] {
  if (failed !== null) return 'failed'
  return proven === null ? 'unknown' : 'proven'
}

/** By what was proven, for the engine forgets the digest that a container was asked for by. */
function pinOf(reference: string): 'pinned' | 'unpinned' {
  return reference.includes('@sha256:') ? 'pinned' : 'unpinned'
}
