import { isAtLeast } from './version.ts'

/** What a podman-compose hands on of a network, a volume and of how a service joins a network. */
export interface DefinitionKeys {
  readonly networks: ReadonlySet<string>
  readonly volumes: ReadonlySet<string>
  readonly ipam: ReadonlySet<string>
  readonly joining: ReadonlySet<string>
}

type Row = readonly [since: string, keys: readonly string[]]

/** `attachable` is of swarms alone, where it is read at all. */
const NETWORKS: readonly Row[] = [
  ['0', ['name', 'external', 'labels', 'internal', 'attachable']],
  ['1.0.6', ['driver', 'driver_opts', 'ipam']],
  ['1.1.0', ['enable_ipv6']],
]
const VOLUMES: readonly Row[] = [
  ['0', ['name', 'external', 'labels']],
  ['1.0.6', ['driver', 'driver_opts']],
]
const IPAM: readonly Row[] = [
  ['1.0.6', ['config']],
  ['1.1.0', ['driver']],
]
const JOINING: readonly Row[] = [
  ['1.0.6', ['aliases', 'ipv4_address', 'ipv6_address']],
  ['1.3.0', ['mac_address']],
]

/** The table by version, as each version's source shows. */
export function definitionKeysOf(version: string): DefinitionKeys {
  const known = (rows: readonly Row[]) =>
    new Set(rows.flatMap(([since, keys]) => (isAtLeast(version, since) ? keys : [])))
  return {
    networks: known(NETWORKS),
    volumes: known(VOLUMES),
    ipam: known(IPAM),
    joining: known(JOINING),
  }
}
