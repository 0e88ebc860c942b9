import type { Fault } from '../../src/domain/deploy/drift.ts'
import { withTied } from '../../src/domain/deploy/tied-plan.ts'
import { afterTry, leaveToMend, type Leave, type Trouble } from '../../src/domain/deploy/trouble.ts'
import type { Deployment, ServicePlan } from '../../src/domain/deployment.ts'
import type { LogFields } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { bringUp } from './bring-up.ts'
import { keepDefinitions } from './fit-definitions.ts'
import { pullImages } from './pull-images.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'
import { isBroken } from './remake-broken.ts'
import { stackFault } from './stack-fault.ts'
import { started } from './start-stopped.ts'

export interface Ailment {
  /** `unproven`: after a boot or a failed try all of the stack is proven again. */
  readonly cause: 'drift' | 'unproven'
  readonly faults: readonly Fault[]
  /** What was tried before. */
  readonly trouble: Trouble
}

export interface Healed {
  readonly deployment: Deployment
  readonly news: 'news' | 'known'
}

/**
 * Brings a stack back to what was proven and proves it, the same way as a deployment. A state that will not converge is
 * tried later each time, and at last left alone until it changes or a person asks.
 */
export async function healStack(
  ctx: Context,
  resolved: ResolvedStack,
  ailment: Ailment,
  signal: AbortSignal,
): Promise<Healed> {
  const { trouble, faults } = ailment
  const log = ctx.log.child({ stack: trouble.stack })
  for (const { service, reason } of faults) log.warn({ service }, `Drift: ${reason}`)
  const due = mending(resolved, ailment)
  const { outcome, reason, at, evidence } = await tryToMend({ ...ctx, log }, due, ailment, signal)
  const triedAt = Math.max(at ?? ctx.now, ctx.now)
  if (outcome !== 'succeeded') {
    log.error({ ...evidence }, `Putting right failed: ${reason}`)
    return failed(ctx, afterTry(trouble, { outcome: 'failed', reason, at: triedAt }))
  }
  log.info({}, `Put right: ${reason}`)
  if (ailment.cause === 'unproven') ctx.upkeep.forgive(trouble.stack)
  else {
    const what = wordsOf(ailment)
    ctx.upkeep.note(afterTry(trouble, { outcome: 'mended', reason: what, at: triedAt }))
  }
  const news = trouble.failures > 0 ? 'news' : 'known'
  return { deployment: mended(due, ailment, reason), news }
}

/** The first failure is told, and the last. */
function failed({ upkeep }: Context, trouble: Trouble): Healed {
  upkeep.note(trouble)
  const { stack, inputs, at, failures, reason } = trouble
  const next = leaveToMend(trouble, { stack, inputs, now: at })
  const leave = next.leave === 'go' ? ({ leave: 'wait', until: at, reason } as const) : next
  const isNews = failures === 1 || leave.leave === 'none'
  return { deployment: setBack(stack, leave), news: isNews ? 'news' : 'known' }
}

/** A stack that is left as it is for now, or until somebody asks. */
export function setBack(
  stack: string,
  leave: Exclude<Leave, { readonly leave: 'go' }>,
): Deployment {
  const next =
    leave.leave === 'none' ? '' : `, next try after ${new Date(leave.until).toISOString()}`
  return {
    stack,
    outcome: 'failed',
    services: [],
    reason: `not as it was proven${next}: ${leave.reason}`,
    remedy: `Look at its containers, then try again with: magos sync ${stack}`,
  }
}

/** What is stopped is started; where that did not help before, and where it runs and is broken, it is made anew. */
export function mending(resolved: ResolvedStack, { faults, trouble }: Ailment): ResolvedStack {
  const { plan, containers } = resolved
  const reasons = new Map(faults.map(({ service, reason }) => [service, reason]))
  const stopped = new Set(faults.filter(({ mend }) => mend === 'start').map((one) => one.service))
  const ailing = new Set(faults.filter(({ mend }) => mend !== 'make').map((one) => one.service))
  const kept = new Set(plan.filter(({ action }) => action === 'keep').map(({ name }) => name))
  const broken = containers.filter(
    (one) => kept.has(one.service) && (ailing.has(one.service) || isBroken(one)),
  )
  const remade = trouble.failures === 0 ? [] : broken
  const strange = faults.filter(({ strangers }) => strangers.length > 0).map((one) => one.service)
  const afresh = new Set([
    ...remade.map(({ service }) => service),
    ...strange.filter((name) => kept.has(name)),
  ])
  return withTied({
    ...resolved,
    started: [...stopped].filter((name) => kept.has(name) && !afresh.has(name)),
    halted: [],
    remade: [
      ...resolved.remade,
      ...faults.flatMap(({ strangers }) => strangers),
      ...remade.map(({ id }) => id),
    ],
    plan: plan.map((one): ServicePlan => {
      const { name, action } = one
      if (afresh.has(name)) {
        return { name, action: 'recreate', reasons: [reasons.get(name) ?? 'it failed before'] }
      }
      const reason = reasons.get(name)
      if (reason === undefined || (action === 'keep' && !stopped.has(name))) return one
      return action === 'keep' ? started(one, reason) : { name, action, reasons: [reason] }
    }),
  })
}

interface Tried {
  readonly outcome: 'succeeded' | 'failed'
  readonly reason: string
  readonly at: number | null
  readonly evidence?: LogFields
}

async function tryToMend(
  ctx: Context,
  resolved: ResolvedStack,
  ailment: Ailment,
  signal: AbortSignal,
): Promise<Tried> {
  try {
    const missing = await pullImages(ctx, resolved, signal)
    if (missing !== null) return { outcome: 'failed', reason: missing.reason, at: null }
    // Beside what drifted the other services are as somebody may have left them, paused for one.
    const only = new Set([
      ...ailment.faults.map(({ service }) => service),
      ...changedServices(resolved).map(({ name }) => name),
      ...resolved.started,
    ])
    const proof = ailment.cause === 'unproven' ? {} : { only }
    const due = await keepDefinitions(ctx, resolved, signal)
    return await bringUp(ctx, due, { vouching: null, first: [], ...proof }, signal)
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    return { outcome: 'failed', reason: fault.message, at: null }
  }
}

function mended({ source, plan }: ResolvedStack, ailment: Ailment, proof: string): Deployment {
  const { name: stack } = source.stack
  const what = ailment.faults.length === 0 ? 'proven again' : `put right (${wordsOf(ailment)})`
  const outcome =
    plan.every(({ action }) => action === 'keep') && ailment.faults.length === 0
      ? 'unchanged'
      : 'succeeded'
  return { stack, outcome, services: plan, reason: `${what}: ${proof}` }
}

function wordsOf({ faults }: Ailment): string {
  return faults.map(({ service, reason }) => `service "${service}": ${reason}`).join('; ')
}
