import type { PlannedStack, Waiting } from '../../src/domain/answer/plan.ts'
import { vanishedStacks } from '../../src/domain/deploy/vanished.ts'
import type {
  ObservedContainer,
  ObservedState,
  ServiceAction,
} from '../../src/domain/deployment.ts'
import { holdReason, type Hold } from '../../src/domain/hold.ts'
import type { PlanContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { inDoubt, ourContainers, presentIn, settingsFault, toConfirm } from './remove-vanished.ts'

/** What `removeVanished` would do to stacks that the repository no longer has for this host. */
export async function planVanished(
  ctx: PlanContext,
  view: RepositoryView,
  observed: ObservedState,
): Promise<readonly PlannedStack[]> {
  const { now, host } = ctx
  const ours = ourContainers(ctx, observed)
  const holds = await ctx.holds.all()
  const tombstones = ctx.tombstones.all()
  const fault = settingsFault(view)
  if (fault !== null) {
    const doubted = [...ours].filter(([name]) => !presentIn(view).has(name))
    return doubted.map(([name, containers]) => {
      const hold = holds.get(name) ?? null
      return leaving(name, containers, { hold, goesAt: 'unknown', waits: inDoubt(fault) })
    })
  }
  const { bury, stop, refused } = vanishedStacks({
    running: [...ours.keys()],
    present: presentIn(view),
    // Nobody has to be told of what runs no more.
    kept: [],
    tombstones,
    now,
    grace: host.grace,
    removals: 'guarded',
  })
  const known = tombstones.map(({ stack }) => stack).filter((stack) => ours.has(stack))
  const left = new Set([...bury, ...stop, ...refused, ...known])
  return [...left].map((name) => {
    const buried = tombstones.find(({ stack }) => stack === name)
    const goesAt = stop.includes(name) ? null : (buried?.at ?? now) + host.grace
    const waits = refused.includes(name) ? toConfirm(refused) : null
    return leaving(name, ours.get(name) ?? [], { hold: holds.get(name) ?? null, goesAt, waits })
  })
}

interface Leaving {
  readonly hold: Hold | null
  /** null where its grace is over; unknown where nobody knows whether it left. */
  readonly goesAt: number | null | 'unknown'
  readonly waits: Waiting | null
}

function leaving(
  name: string,
  containers: readonly ObservedContainer[],
  { hold, goesAt, waits }: Leaving,
): PlannedStack {
  const isDated = typeof goesAt === 'number' && waits === null
  const when = isDated ? `: its containers go after ${new Date(goesAt).toISOString()}` : ''
  const left = goesAt === 'unknown' ? 'it seems to have left' : 'it left'
  const action: ServiceAction = goesAt === null ? 'remove' : 'keep'
  const reasons = [`${left} the repository${when}`]
  const services = new Set(containers.map(({ service }) => service))
  return {
    name,
    services: [...services].toSorted().map((service) => ({ name: service, action, reasons })),
    ...(hold === null ? {} : { held: holdReason(hold) }),
    ...(waits === null ? {} : { waits }),
  }
}
