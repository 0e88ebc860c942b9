import type { Tie } from '../compose/ties.ts'
import type { ObservedContainer, ServicePlan } from '../deployment.ts'
import type { DesiredService } from './desired-state.ts'
import { leftBehindBy } from './joined.ts'

/** A stack whose plan is made. */
export interface Tieable {
  readonly desired: { readonly services: readonly Tied[] }
  readonly plan: readonly ServicePlan[]
  /** Of a project. */
  readonly containers: readonly ObservedContainer[]
  /** Services that stay as they are and are started. */
  readonly started: readonly string[]
  /** Ids of containers that have to go first, for an engine keeps a container that another one uses. */
  readonly remade: readonly string[]
  /** Ids of containers that are stopped, so that they start anew behind what they are tied to. */
  readonly halted: readonly string[]
}

type Tied = Pick<DesiredService, 'name' | 'ties'>

/**
 * The stack with all that goes with its plan: who uses the network, the processes or the volumes of a container that is made
 * anew is made anew too, and where that one is only started, is started behind it. What does not run stays so.
 */
export function withTied<Stack extends Tieable>(stack: Stack): Stack {
  const { plan, containers, started } = stack
  const spread: Spread = {
    made: new Set(plan.filter(({ action }) => action !== 'keep').map(({ name }) => name)),
    started: new Set(started),
    reasons: new Map(),
    uses: new Set(),
  }
  const kept = new Set(plan.filter(({ action }) => action === 'keep').map(({ name }) => name))
  let before: number
  do {
    before = sizeOf(spread)
    for (const service of stack.desired.services) {
      spreadTo(service, kept.has(service.name), containers, spread)
    }
  } while (sizeOf(spread) > before)
  const remade = containers.filter(({ service }) => spread.uses.has(service))
  const isNew = (name: string) => spread.started.has(name) && !started.includes(name)
  const halted = containers.filter((one) => isNew(one.service) && isUp(one))
  return {
    ...stack,
    plan: plan.map((one) => reasoned(one, spread)),
    remade: united(stack.remade, remade),
    started: [...spread.started].filter((name) => !spread.made.has(name)),
    halted: united(
      stack.halted,
      halted.filter(({ service }) => !spread.made.has(service)),
    ),
  }
}

function united(ids: readonly string[], containers: readonly ObservedContainer[]) {
  return [...new Set([...ids, ...containers.map(({ id }) => id)])]
}

interface Spread {
  /** Services whose containers become others. */
  readonly made: Set<string>
  readonly started: Set<string>
  readonly reasons: Map<string, string>
  /** Services whose containers use one that goes. */
  readonly uses: Set<string>
}

function spreadTo(
  { name, ties }: Tied,
  isKept: boolean,
  containers: readonly ObservedContainer[],
  spread: Spread,
): void {
  const own = containers.filter(({ service }) => service === name)
  if (own.length === 0) return
  const isRunning = own.some(isUp)
  // Who only waits for another is not started by its leave.
  const lost = ties.find(
    (tie) => spread.made.has(tie.service) && (isRunning || tie.by !== 'restart'),
  )
  if (lost !== undefined) {
    spread.uses.add(name)
    if (!isKept || spread.made.has(name)) return
    spread.made.add(name)
    spread.reasons.set(name, whyMade(lost))
    return
  }
  if (!isKept || spread.started.has(name) || !isRunning) return
  const reason = whyStarted(ties, own, containers, spread)
  if (reason === null) return
  spread.started.add(name)
  spread.reasons.set(name, `it is started anew: ${reason}`)
}

const WHAT = {
  network: 'the network',
  ipc: 'the shared memory',
  pid: 'the processes',
  uts: 'the host name',
  volumes: 'the volumes',
} as const

function whyMade({ by, service }: Tie): string {
  // Compose makes it anew too, rather than only start it.
  if (by === 'restart')
    return `depends_on wants it to restart with "${service}", which is made anew`
  return `it uses ${WHAT[by]} of "${service}", which is made anew`
}

function whyStarted(
  ties: readonly Tie[],
  own: readonly ObservedContainer[],
  containers: readonly ObservedContainer[],
  { started }: Spread,
): string | null {
  for (const { by, service } of ties) {
    const isShared = by === 'network' || by === 'ipc' || by === 'pid'
    if (isShared && started.has(service))
      return `it uses ${WHAT[by]} of "${service}", which is started`
  }
  const isLost = own.some((one) => leftBehindBy(one, containers) !== null)
  return isLost ? 'what it shares was started after it' : null
}

function reasoned(one: ServicePlan, { made, reasons }: Spread): ServicePlan {
  const { name, and = [] } = one
  const reason = reasons.get(name)
  if (reason === undefined) return one
  if (made.has(name)) return { name, action: 'recreate', reasons: [reason] }
  const others = one.reasons.filter((other) => and.length > 0 && other !== reason)
  const deeds = [...new Set(['restart', ...and] as const)]
  return { name, action: 'keep', and: deeds, reasons: [reason, ...others] }
}

function sizeOf({ made, started, uses }: Spread): number {
  return made.size + started.size + uses.size
}

function isUp({ state }: ObservedContainer): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}
