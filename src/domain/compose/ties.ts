/** What one service has of another, so that it is of no use any more once that one's container is another. */
export interface Tie {
  readonly service: string
  /** A part of its container; `restart` where `depends_on` says to start it anew with the other. */
  readonly by: 'network' | 'ipc' | 'pid' | 'uts' | 'volumes' | 'restart'
}

type Services = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const MODES = [
  ['network', 'network_mode'],
  ['ipc', 'ipc'],
  ['pid', 'pid'],
  ['uts', 'uts'],
] as const

/**
 * The other services that a service is tied to; one that is not there is none.
 * https://github.com/compose-spec/compose-spec/blob/main/05-services.md#network_mode
 */
export function tiesOf(services: Services, name: string): readonly Tie[] {
  const service = services[name] ?? {}
  const shared = MODES.map(([by, key]): Tied => [by, joinedService(services, service[key])])
  const { volumes_from: from } = service
  const volumes = (Array.isArray(from) ? from : []).map((one): Tied => [
    'volumes',
    volumesOwner(services, String(one)),
  ])
  const restarting = restartedWith(service['depends_on']).map((one): Tied => ['restart', one])
  return [...shared, ...volumes, ...restarting].flatMap(([by, other]) =>
    other !== null && other !== name && services[other] !== undefined
      ? [{ service: other, by }]
      : [],
  )
}

type Tied = readonly [by: Tie['by'], service: string | null]

/** `service:NAME`, or `container:NAME` of a container that a service of the same file names so. */
function joinedService(services: Services, mode: unknown): string | null {
  if (typeof mode !== 'string') return null
  const [, kind, name = ''] = /^(service|container):(.+)$/.exec(mode) ?? []
  if (kind === undefined) return null
  return kind === 'service' ? name : namedService(services, name)
}

/** `NAME`, `NAME:ro`, `container:NAME:ro`. */
function volumesOwner(services: Services, from: string): string | null {
  const [, container, service = ''] = /^(?:container:([^:]+)|([^:]+))/.exec(from) ?? []
  return container === undefined ? service : namedService(services, container)
}

function namedService(services: Services, container: string): string | null {
  const named = Object.entries(services).find(([, one]) => one['container_name'] === container)
  return named?.[0] ?? null
}

/** https://github.com/compose-spec/compose-spec/blob/main/05-services.md#long-syntax-1 */
function restartedWith(named: unknown): readonly string[] {
  if (typeof named !== 'object' || named === null || Array.isArray(named)) return []
  return Object.entries(named).flatMap(([other, how]: [string, unknown]) =>
    typeof how === 'object' && how !== null && 'restart' in how && how.restart === true
      ? [other]
      : [],
  )
}
