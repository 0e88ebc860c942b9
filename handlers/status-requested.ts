import type { StackStatus, StatusAnswer } from '../src/domain/answer/status.ts'
import type { Departure } from '../src/domain/deploy/departure.ts'
import { LABEL } from '../src/domain/deploy/labels.ts'
import type { ObservedContainer, ObservedState } from '../src/domain/deployment.ts'
import { formatImageReference } from '../src/domain/image-reference.ts'
import type { ProvenState } from '../src/ports.ts'
import type { StatusContext } from './context.ts'
import { bearsOut, imageOf } from './steps/proof.ts'
import { containersOf } from './steps/resolve-stack.ts'
import { allDepartures } from './steps/stack-drift.ts'
import { stackState, type KnownStack } from './steps/stack-state.ts'

/** Deployments that are under way are among the newest. */
const NEWEST = 1000

/**
 * What this host remembers and what the engine shows; asks nobody else and needs no lock. A stack that is gone from git and
 * from here is told of by the history alone.
 */
export async function statusRequested(
  ctx: StatusContext,
  signal: AbortSignal,
): Promise<StatusAnswer> {
  const { history } = ctx
  const observed = await ctx.engine.observe(signal)
  const ours = Map.groupBy(observed.containers, ({ labels }) => labels[LABEL.stack] ?? '')
  ours.delete('')
  const open = history.deployments(NEWEST).filter(({ outcome }) => outcome === null)
  const holds = await ctx.holds.all()
  const tombstones = new Map(ctx.tombstones.all().map(({ stack, at }) => [stack, at]))
  const opened = open.map(({ stack }) => stack)
  const names = new Set([...ours.keys(), ...history.stacks(), ...holds.keys(), ...opened])
  const stacks = await Promise.all(
    [...names].toSorted().map(async (name) => {
      const buriedAt = tombstones.get(name)
      const containers = ours.get(name) ?? []
      const known = {
        name,
        observed,
        departures: await departuresOf(ctx, name, observed, signal),
        open: open.find(({ stack }) => stack === name) ?? null,
        hold: holds.get(name) ?? null,
        goesAt: buriedAt === undefined ? null : buriedAt + ctx.host.grace,
        runs: containers.length > 0,
      }
      return stackStatus(ctx, known, containers)
    }),
  )
  return {
    revision: history.reached(),
    pending: ctx.inbox.pending().length,
    worker: ctx.worker,
    stacks,
  }
}

/** Nobody watches for the status, so that the engine is asked for what it remembers. */
function departuresOf(
  ctx: StatusContext,
  stack: string,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<readonly Departure[]> {
  const proven = ctx.history.proven(stack)
  if (proven === null) return Promise.resolve([])
  return allDepartures(ctx, proven, containersOf(proven.project, observed), [], signal)
}

function stackStatus(
  ctx: StatusContext,
  known: KnownStack,
  containers: readonly ObservedContainer[],
): StackStatus {
  const { at, ...condition } = stackState(ctx, known)
  const proven = ctx.history.proven(known.name)
  const services = servicesOf(proven, containers)
  return { name: known.name, ...condition, commit: proven?.commit ?? null, at: time(at), services }
}

function servicesOf(
  proven: ProvenState | null,
  containers: readonly ObservedContainer[],
): StackStatus['services'] {
  const proofs = Object.entries(proven?.services ?? {})
  const missing = proofs
    .filter(([name]) => containers.every(({ service }) => service !== name))
    .map(([name, proof]) => {
      const image = imageOf(proof)
      return {
        name,
        state: 'missing',
        health: 'none',
        image: image === null ? '' : formatImageReference(image),
        pin: pinOf(proof),
      }
    })
  const there = containers.map((container) => {
    const { service, state, health, image } = container
    const proof = proven?.services[service]
    return {
      name: service,
      state,
      health,
      image: (proof !== undefined && provenImage(proof, container)) || image,
      pin: pinOf(proof ?? image),
    }
  })
  return [...there, ...missing].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** With its tag, which the engine forgets of what was pulled by digest; null where that says no more. */
function provenImage(proof: string, container: ObservedContainer): string | null {
  const image = imageOf(proof)
  const isPinned = image !== null && image.digest !== null
  return isPinned && bearsOut(proof, container) ? formatImageReference(image) : null
}

function time(at: number | null): string | null {
  return at !== null && Number.isFinite(at) ? new Date(at).toISOString() : null
}

/** By what was proven, for the engine forgets the digest that a container was asked for by. */
function pinOf(reference: string): 'pinned' | 'unpinned' {
  return reference.includes('@sha256:') ? 'pinned' : 'unpinned'
}
