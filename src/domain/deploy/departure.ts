import type { ContainerEvent } from '../container-event.ts'

/** How a container was seen to leave: the evidence that its state alone does not give. */
export interface Departure {
  readonly container: string
  readonly project: string
  readonly service: string
  readonly how: Exclude<ContainerEvent['kind'], 'started' | 'missed'>
}

/** The departures with one event more: the last word of a container's going is the strongest. */
export function withEvent(
  departures: readonly Departure[],
  { kind, container, project, service }: ContainerEvent,
): readonly Departure[] {
  if (kind === 'missed') return departures
  const before = departures.find((one) => one.container === container)
  const others = departures.filter((one) => one !== before)
  if (kind === 'started') return others
  const how = before !== undefined && STRENGTH[before.how] > STRENGTH[kind] ? before.how : kind
  return [...others, { container, project, service, how }]
}

/** docker tells a stop by a kill and then a stop; whatever is removed first ends. */
const STRENGTH: Readonly<Record<Departure['how'], number>> = {
  died: 0,
  killed: 1,
  stopped: 2,
  removed: 3,
}

/** Somebody told the engine to. */
export function isAskedFor(how: Departure['how']): boolean {
  return how === 'stopped' || how === 'removed'
}
