import { MagosError } from '../../domain/error.ts'
import type { ComposeDocument, Provider } from '../../ports.ts'
import { definitionKeysOf } from './definition-keys.ts'
import { usedDefinitions } from './single-service.ts'
import { isAtLeast } from './version.ts'

type Fields = Readonly<Record<string, unknown>>

/** What is done where nothing is said, too. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  driver: 'local',
  enable_ipv4: true,
  priority: 0,
  gw_priority: 0,
}
/** Of one network alone they say nothing; of several podman, whose order is by chance, keeps none. */
const ORDERING = new Set(['priority', 'gw_priority'])
const REMEDY = 'Install Docker Compose v2, or do without the key'

/**
 * Throws `compose` where podman-compose would make a network or a volume that a service uses otherwise than it is
 * defined, or join it otherwise: it leaves out what it does not know and says nothing.
 */
export function refuseUnknownDefinitions(
  provider: Pick<Provider, 'name' | 'version'>,
  document: ComposeDocument,
): void {
  const keys = definitionKeysOf(provider.version)
  const own = `${provider.name} ${provider.version}`
  for (const [name, service] of Object.entries(document.services)) {
    refuseMode(provider, name, service)
    const joined = usedDefinitions('networks', service, document)
    for (const [network, definition] of Object.entries(joined)) {
      refuse(own, `Make network "${network}"`, unknownOfNetwork(definition, keys), 'network')
      const how = fieldsOf(fieldsOf(service['networks'])[network])
      const isAlone = Object.keys(joined).length === 1
      const left = unknownOf(how, keys.joining).find((key) => !isAlone || !ORDERING.has(key))
      refuse(own, `Join service "${name}" to network "${network}"`, left)
    }
    const mounted = usedDefinitions('volumes', service, document)
    for (const [volume, definition] of Object.entries(mounted)) {
      const left = isExternal(definition) ? undefined : unknownOf(definition, keys.volumes)[0]
      refuse(own, `Make volume "${volume}"`, left, 'volume')
    }
  }
}

/**
 * To 1.0.3 it joins the project's network beside the mode, which podman refuses; to 1.2 "none" is the engine's default
 * network and "bridge" the project's.
 */
function refuseMode(
  { name, version }: Pick<Provider, 'name' | 'version'>,
  service: string,
  { network_mode: mode }: Fields,
): void {
  if (typeof mode !== 'string') return
  const since = mode === 'none' || mode.startsWith('bridge') ? '1.3.0' : '1.0.6'
  if (isAtLeast(version, since)) return
  throw new MagosError(
    'compose',
    `Deploy service "${service}": ${name} ${version} cannot give it network_mode "${mode}"`,
    { remedy: `Install Docker Compose v2 or podman-compose ${since}, or do without the key` },
  )
}

function unknownOfNetwork(
  definition: unknown,
  keys: ReturnType<typeof definitionKeysOf>,
): string | undefined {
  if (isExternal(definition)) return undefined
  const { driver, ipam, ...rest } = fieldsOf(definition)
  const { config, driver: allocator, ...others } = fieldsOf(ipam)
  const ranges = [config ?? []].flat().map(fieldsOf)
  const addressing = {
    ...others,
    config: ranges,
    driver: allocator === 'default' ? null : allocator,
  }
  const left = unknownOf(addressing, keys.ipam)
  const range = ranges.flatMap((one) => unknownOf(one, RANGE))
  const own = { ...rest, driver: driver === 'bridge' ? null : driver }
  return [
    ...unknownOf(own, keys.networks),
    ...left.map((key) => `ipam.${key}`),
    ...range.map((key) => `ipam.config.${key}`),
  ][0]
}

const RANGE = new Set(['subnet', 'ip_range', 'gateway'])

function unknownOf(fields: unknown, known: ReadonlySet<string>): string[] {
  return Object.entries(fieldsOf(fields))
    .filter(([key, value]) => !known.has(key) && !key.startsWith('x-') && !isUsual(key, value))
    .map(([key]) => key)
}

function isUsual(key: string, value: unknown): boolean {
  if (value === null || value === undefined) return true
  if (key in DEFAULTS) return DEFAULTS[key] === value
  if (value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function isExternal(definition: unknown): boolean {
  const { external } = fieldsOf(definition)
  return external !== undefined && external !== null && external !== false
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function refuse(
  own: string,
  what: string,
  key: string | undefined,
  kind?: 'network' | 'volume',
): void {
  if (key === undefined) return
  const byHand =
    kind === undefined ? '' : `; or make the ${kind} with podman and say "external: true"`
  throw new MagosError('compose', `${what}: ${own} knows nothing of "${key}"`, {
    remedy: `${REMEDY}${byHand}`,
  })
}
