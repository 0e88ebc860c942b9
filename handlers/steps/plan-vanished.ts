import type { PlannedStack } from '../../src/domain/answer.ts'
import { vanishedStacks } from '../../src/domain/deploy/vanished.ts'
import type { ObservedState, ServiceAction } from '../../src/domain/deployment.ts'
import { holdReason } from '../../src/domain/hold.ts'
import type { PlanContext } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { ourContainers, tellsOfStacks, toConfirm } from './remove-vanished.ts'

/** What `removeVanished` would do to stacks that the repository no longer has for this host. */
export async function planVanished(
  ctx: PlanContext,
  view: RepositoryView,
  observed: ObservedState,
): Promise<readonly PlannedStack[]> {
  if (!tellsOfStacks(view)) return []
  const { now, host } = ctx
  const ours = ourContainers(ctx, observed)
  const holds = await ctx.holds.all()
  const tombstones = ctx.tombstones.all()
  const { bury, stop, refused } = vanishedStacks({
    running: [...ours.keys()],
    present: new Set([
      ...view.stacks.map(({ name }) => name),
      ...view.refused.map(({ stack }) => stack),
    ]),
    tombstones,
    now,
    grace: host.grace,
    removals: 'guarded',
  })
  const known = tombstones.map(({ stack }) => stack).filter((stack) => ours.has(stack))
  const left = new Set([...bury, ...stop, ...refused, ...known])
  return [...left].map((name) => {
    const since = tombstones.find(({ stack }) => stack === name)?.at ?? now
    const goesAt = new Date(since + host.grace).toISOString()
    const isOver = stop.includes(name)
    const when = isOver ? '' : `: its containers go after ${goesAt}`
    const services = new Set((ours.get(name) ?? []).map(({ service }) => service))
    const action: ServiceAction = isOver ? 'remove' : 'keep'
    const reasons = [`it left the repository${when}`]
    const hold = holds.get(name)
    return {
      name,
      services: [...services].map((service) => ({ name: service, action, reasons })),
      ...(hold === undefined ? {} : { held: holdReason(hold) }),
      ...(refused.includes(name) ? { waits: toConfirm(refused) } : {}),
    }
  })
}
