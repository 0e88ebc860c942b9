import { parse } from 'yaml'
import { portsBelow, type ClosedPort } from '../deploy/closed-ports.ts'
import { members } from '../deploy/members.ts'
import { fail, ok, type Check } from './check.ts'
import { openPort } from './kernel-setting.ts'

/** A port that a stack wants and an ordinary user may not have. */
export interface WantedPort extends ClosedPort {
  readonly stack: string
}

/**
 * The ports below `firstPort` that a compose file publishes as it is written. What only Compose makes of it, such as
 * variables, is told by the plan.
 */
export function writtenPorts(text: string, firstPort: number): readonly ClosedPort[] {
  let services: Readonly<Record<string, unknown>>
  try {
    services = members(members(parse(text))['services'])
  } catch {
    // Who reads the stack tells of it, with its place.
    return []
  }
  const read = Object.entries(services).map(([name, service]) => [name, members(service)])
  return portsBelow(firstPort, Object.fromEntries(read))
}

/** `held`: a container has such a port, so that whoever forwards ports here may. */
export function judgePorts(
  firstPort: number,
  wanted: readonly WantedPort[],
  standing: 'held' | 'untried',
): readonly Check[] {
  const name = 'ports'
  const [first] = wanted
  if (first === undefined) return []
  if (standing === 'held') return [ok(name, `containers have ports below ${firstPort} already`)]
  const words = wanted.map(({ stack, service, port }) => `${port} (${stack}, service ${service})`)
  const lowest = wanted.reduce((least, { port }) => Math.min(least, port), first.port)
  return [
    fail(
      name,
      `an ordinary user may listen from port ${firstPort} on, and stacks publish ${words.join(', ')}`,
      `${openPort(lowest)}; or publish them at ${firstPort} or above`,
    ),
  ]
}
