import { MagosError } from '../../domain/error.ts'
import type { ComposeDocument, Provider } from '../../ports.ts'
import { capabilitiesOf } from './capabilities.ts'
import { leftOutBelow } from './long-forms.ts'
import { refuseUnknownDefinitions } from './unknown-definitions.ts'

/** What a service does without where it is left out; anything else would be another service. */
const DISPENSABLE = new Set([
  'annotations',
  'blkio_config',
  'cpu_count',
  'cpu_percent',
  'cpu_period',
  'cpu_quota',
  'cpuset',
  'mem_swappiness',
  'memswap_limit',
  'oom_score_adj',
  'pids_limit',
  'platform',
  'stop_grace_period',
])

/**
 * Keys that the provider would leave out in silence: those that a service can do without are returned as warnings.
 * Throws `compose` for any other, and for what it would leave out of the networks and volumes that services use.
 */
export function unknownKeys(
  provider: Pick<Provider, 'name' | 'version'>,
  document: ComposeDocument,
): readonly string[] {
  const { keys } = capabilitiesOf(provider)
  if (keys === null) return []
  const { services } = document
  const own = `${provider.name} ${provider.version}`
  const warnings: string[] = []
  for (const [name, service] of Object.entries(services)) {
    const unknown = Object.entries(service)
      .filter(([key, value]) => !keys.has(key) && !key.startsWith('x-') && !isEmpty(value))
      .map(([key]) => key)
    const below = leftOutBelow(provider.version, service)
    const needed =
      unknown.find((key) => !DISPENSABLE.has(key)) ??
      below.find(({ without }) => without === 'another service')?.key
    if (needed !== undefined) {
      throw new MagosError(
        'compose',
        `Deploy service "${name}": ${own} knows nothing of "${needed}"`,
        { remedy: 'Install Docker Compose v2, or do without the key' },
      )
    }
    const dropped = [...unknown, ...below.map(({ key }) => key)]
    warnings.push(...dropped.map((key) => `Service "${name}": ${own} leaves out "${key}"`))
  }
  refuseUnknownDefinitions(provider, document)
  return warnings
}

/** What says nothing is not missed. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
