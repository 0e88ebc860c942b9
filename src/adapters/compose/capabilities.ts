import type { Provider } from '../../ports.ts'
import { isAtLeast } from './version.ts'

/** What a provider can be trusted with, as trying each version showed. */
export interface Capabilities {
  /**
   * `one-by-one`: when one service changed it takes the project down (to 1.5), its dependents too (1.6), or changes
   * nothing at all (1.0.3), so it is shown one service at a time; order, waiting and orphans are ours.
   */
  readonly drive: 'whole' | 'one-by-one'
  /** Whether its `config` tells what it makes of files; where it has none they are read here. */
  readonly config: 'its-own' | 'none'
  /** Keys of a service that it hands on to the engine; null for all of Compose's. */
  readonly keys: ReadonlySet<string> | null
  /** What a person should know who relies on it. */
  readonly limits: readonly string[]
}

/** What podman-compose knew of a service at 1.0.3, and what came later. */
const FIRST_KEYS = [
  'annotations',
  'cap_add',
  'cap_drop',
  'command',
  'cpu_shares',
  'cpus',
  'devices',
  'entrypoint',
  'env_file',
  'environment',
  'expose',
  'extra_hosts',
  'healthcheck',
  'hostname',
  'init',
  'logging',
  'mem_limit',
  'mem_reservation',
  'network_mode',
  'networks',
  'ports',
  'privileged',
  'read_only',
  'restart',
  'secrets',
  'security_opt',
  'shm_size',
  'stdin_open',
  'stop_signal',
  'sysctls',
  'tmpfs',
  'tty',
  'ulimits',
  'user',
  'volumes',
  'working_dir',
]
const LATER_KEYS: readonly (readonly [since: string, keys: readonly string[]])[] = [
  [
    '1.0.6',
    [
      'dns',
      'dns_opt',
      'dns_search',
      'group_add',
      'mac_address',
      'platform',
      'stop_grace_period',
      'userns_mode',
    ],
  ],
  ['1.1.0', ['pid', 'runtime']],
  ['1.3.0', ['device_cgroup_rules']],
  ['1.4.0', ['cpuset', 'pids_limit', 'scale']],
]
/** Read by Compose itself, or done by Magos in the provider's place. */
const OUR_KEYS = [
  'attach',
  'build',
  'container_name',
  'depends_on',
  'deploy',
  'develop',
  'extends',
  'image',
  'labels',
  'links',
  'profiles',
  'pull_policy',
]

/** The table by version. */
export function capabilitiesOf({
  name,
  version,
}: Pick<Provider, 'name' | 'version'>): Capabilities {
  if (name === 'docker-compose')
    return { drive: 'whole', config: 'its-own', keys: null, limits: [] }
  const later = LATER_KEYS.filter(([since]) => isAtLeast(version, since))
  const keys = new Set([...FIRST_KEYS, ...OUR_KEYS, ...later.flatMap(([, more]) => more)])
  const isTold = isAtLeast(version, '1.0.6')
  return {
    drive: 'one-by-one',
    config: isTold ? 'its-own' : 'none',
    keys,
    limits: [
      'services are made one at a time, for it takes others down with them',
      isTold
        ? 'extends and include are refused, for its "config" leaves them unresolved'
        : 'a stack is one file without extends and include, for it has no "config"',
    ],
  }
}
