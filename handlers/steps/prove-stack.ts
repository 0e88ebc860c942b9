import { networksOf } from '../../src/domain/deploy/definitions.ts'
import { standingOf } from '../../src/domain/deploy/standing.ts'
import { loopingContainers } from '../../src/domain/deploy/crash-loop.ts'
import type { DesiredService } from '../../src/domain/deploy/desired-state.ts'
import type { ProofLook, ProofTerms } from '../../src/domain/deploy/proof-look.ts'
import { judge, type Verdict } from '../../src/domain/deploy/verdict.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { serviceProber } from './probe-services.ts'
import { bearsOut, proofOf, provesMaking } from './proof.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'

/** A verdict and when the look was taken that brought it. */
export type DatedVerdict = Verdict & {
  readonly at: number | null
  /** As that look showed them. */
  readonly containers: readonly ObservedContainer[]
}

/** Looks at the containers until the verdict is in. `vouching` is what was proven of those that are kept. */
export async function proveStack(
  ctx: Context,
  resolved: ResolvedStack,
  vouching: ProvenState | null,
  signal: AbortSignal,
): Promise<DatedVerdict> {
  const { settle, settleUnchecked, deadline } = patience(ctx.host, resolved)
  const services = servicesToProve(resolved, vouching)
  const replaced = replacedContainers(resolved)
  const restarted = new Map(resolved.containers.map((one) => [one.id, one.restartCount]))
  const tryServices = serviceProber(ctx, services, resolved.source.stack.options.probes)
  const seen: ProofLook[] = []
  let verdict: Verdict = { outcome: 'failed', reason: 'the engine showed nothing' }
  for await (const state of ctx.engine.watch(resolved.source.project, signal)) {
    seen.push({ ...state, probes: await tryServices(state, signal) })
    const since = seen[0]?.at ?? state.at
    const terms: ProofTerms = {
      services,
      replaced,
      settle,
      settleUnchecked,
      deadline,
      since,
      restarted,
    }
    verdict = judge(terms, seen)
    if (verdict.outcome !== 'undecided') break
  }
  signal.throwIfAborted()
  if (verdict.outcome === 'failed') {
    await endLoops(ctx, loopingContainers({ services, restarted }, seen), signal)
  }
  const last = seen.at(-1)
  if (verdict.outcome === 'succeeded' && last !== undefined) rememberStanding(ctx, resolved, last)
  return { ...verdict, at: last?.at ?? null, containers: last?.containers ?? [] }
}

/** What keeps crashing would burn the machine until somebody looks, and tells nothing new. */
async function endLoops(
  { engine, log }: Pick<Context, 'engine' | 'log'>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return
  log.warn({ containers: ids }, 'Stopping containers that keep crashing')
  await engine.stop(ids, signal)
}

/** A stack may take more time, or fail sooner; how long it holds still is never less than the host's owner wants. */
function patience(host: Context['host'], { source }: ResolvedStack) {
  const { settle: own, deadline } = source.stack.options
  const settle = Math.max(host.settle, own ?? 0)
  const settleUnchecked = Math.max(host.settleUnchecked, own ?? 0)
  const longer = settleUnchecked - host.settleUnchecked
  return { settle, settleUnchecked, deadline: deadline ?? host.deadline + longer }
}

/** What is there when the proof is in is what has to stay. */
function rememberStanding(
  { upkeep, machine }: Context,
  { source, plan, desired }: ResolvedStack,
  { containers }: ObservedState,
): void {
  const names = plan.filter(({ action }) => action !== 'remove').map(({ name }) => name)
  const { stack, project } = source
  const services = standingOf(names, containers, (service) =>
    networksOf(desired.document, project, service),
  )
  upkeep.stand({ stack: stack.name, project, boot: machine.boot, services })
}

/** Containers that have to go: what they still do is not the new state's doing. */
function replacedContainers(resolved: ResolvedStack): ReadonlySet<string> {
  const changed = new Map(changedServices(resolved).map((service) => [service.name, service]))
  const replaced = resolved.containers.filter((container) => {
    const service = changed.get(container.service)
    return service !== undefined && !bearsOut(proofOf(service), container)
  })
  return new Set([...resolved.remade, ...replaced.map(({ id }) => id)])
}

/** All but those which ran well as they are, do not run now and are not started: jobs that are done. */
function servicesToProve(
  { desired, plan, containers, started }: ResolvedStack,
  vouching: ProvenState | null,
): DesiredService[] {
  const kept = new Set(plan.filter(({ action }) => action === 'keep').map(({ name }) => name))
  return desired.services.filter((service) => {
    const { name } = service
    const isVouchedFor = provesMaking(vouching?.services[name], service)
    const isLeft = kept.has(name) && !started.includes(name) && !runsIn(containers, name)
    return !(isLeft && isVouchedFor)
  })
}

function runsIn(containers: readonly ObservedContainer[], service: string): boolean {
  return containers.some(
    (container) => container.service === service && container.state === 'running',
  )
}
