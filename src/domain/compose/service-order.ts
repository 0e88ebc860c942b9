import { MagosError } from '../error.ts'
import { tiesOf } from './ties.ts'

/** What a service waits for before it is started. */
export interface Dependency {
  readonly service: string
  readonly condition: 'service_started' | 'service_healthy' | 'service_completed_successfully'
}

type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What a service depends on; an optional one that is not there is none. */
export function dependenciesOf(services: Services, name: string): readonly Dependency[] {
  const service = services[name] ?? {}
  const named = service['depends_on'] ?? []
  const entries: readonly [string, unknown][] = Array.isArray(named)
    ? named.map((one) => [String(one), {}])
    : Object.entries(named)
  const declared = entries.map(([one, how]) => ({ service: one, condition: conditionOf(how) }))
  // What shares something of another can only start behind it.
  const shared = new Set(tiesOf(services, name).map((tie) => tie.service))
  const undeclared = [...shared].filter((one) => !declared.some(({ service: it }) => it === one))
  const implied = undeclared.map((one): Dependency => ({
    service: one,
    condition: 'service_started',
  }))
  return [...declared, ...implied].filter((one) => services[one.service] !== undefined)
}

/** The services so that each comes behind those it depends on. Throws `compose` for a circle. */
export function inDependencyOrder(services: Services): readonly string[] {
  const ordered = new Set<string>()
  const add = (name: string, way: readonly string[]): void => {
    if (ordered.has(name)) return
    if (way.includes(name)) throw circle([...way.slice(way.indexOf(name)), name])
    for (const { service } of dependenciesOf(services, name)) add(service, [...way, name])
    ordered.add(name)
  }
  for (const name of Object.keys(services)) add(name, [])
  return [...ordered]
}

/** The service whose network, processes or the like another one joins; null for none. */
export function sharedWith(mode: unknown): string | null {
  return typeof mode === 'string' ? (/^service:(.+)$/.exec(mode)?.[1] ?? null) : null
}

/** https://github.com/compose-spec/compose-spec/blob/main/05-services.md#depends_on */
function conditionOf(how: unknown): Dependency['condition'] {
  const named = typeof how === 'object' && how !== null && 'condition' in how ? how.condition : null
  if (named === 'service_healthy' || named === 'service_completed_successfully') return named
  return 'service_started'
}

function circle(way: readonly string[]): MagosError {
  return new MagosError(
    'compose',
    `Order the services: they depend on one another, ${way.join(' → ')}`,
    {
      remedy: 'Take one of them out of depends_on',
    },
  )
}
