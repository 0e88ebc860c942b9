import type { NetworkChoice } from '../network-choice.ts'
import { fail, ok, warn, type Check } from './check.ts'
import type { IdRange, HostFacts } from './facts.ts'
import { judgeMapping, judgeNamespaces, judgePrivileges } from './id-mapping.ts'
import { judgeRuntimeDirectory } from './runtime-directory.ts'

/** What podman needs where it runs as an ordinary user: https://github.com/containers/podman/blob/main/docs/tutorials/rootless_tutorial.md */
export function judgeRootless(facts: HostFacts, choice: NetworkChoice | null): readonly Check[] {
  return [
    subordinateIds(facts),
    judgeMapping(facts),
    judgePrivileges(facts),
    judgeNamespaces(facts),
    network(facts, choice),
    tunDevice(facts),
    linger(facts, 'containers'),
    judgeRuntimeDirectory(facts),
    cgroups(facts),
  ]
}

/** What an ordinary user's daemon stands on with docker, whose containers end with a session only where it is rootless. */
export function judgeSession(facts: HostFacts, isRootless: boolean): readonly Check[] {
  const ends = isRootless ? 'containers' : 'Magos'
  return [linger(facts, ends), judgeRuntimeDirectory(facts)]
}

/** An image may use any of 65,536 ids. */
const ENOUGH = 65_536

function subordinateIds({ user, subordinate }: HostFacts): Check {
  const name = 'subordinate-ids'
  const [uids, gids] = [total(subordinate.uids), total(subordinate.gids)]
  const detail = `${user.name} has ${uids} subordinate uids and ${gids} gids`
  const remedy = `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user.name} && podman system migrate`
  if (uids === 0 || gids === 0) return fail(name, detail, remedy)
  return Math.min(uids, gids) < ENOUGH
    ? warn(name, `${detail}: images with ids above that fail`, remedy)
    : ok(name, detail)
}

function total(ranges: readonly IdRange[]): number {
  return ranges.reduce((sum, { count }) => sum + count, 0)
}

const PACKAGES = { pasta: 'passt', slirp4netns: 'slirp4netns' } as const

/** As the daemon decides it from the engine's own word; where that is not to be had, whether there is any helper. */
function network({ programs }: HostFacts, choice: NetworkChoice | null): Check {
  const name = 'network'
  if (choice === null) {
    const path = programs.pasta ?? programs.slirp4netns
    return path === null
      ? fail(name, 'neither pasta nor slirp4netns is in the PATH', 'sudo apt install passt')
      : ok(name, `${path} is there; the engine does not say whether it uses it`)
  }
  switch (choice.outcome) {
    case 'usual':
      return ok(name, `containers reach the outside by ${choice.by}`)
    case 'other': {
      const missing = choice.by === 'pasta' ? 'slirp4netns' : 'pasta'
      return warn(name, `${choice.reason}, and is used`, `sudo apt install ${PACKAGES[missing]}`)
    }
    case 'none':
      return fail(name, choice.reason, choice.remedy)
  }
}

function tunDevice({ tun }: HostFacts): Check {
  const name = 'tun'
  if (tun === 'usable') return ok(name, '/dev/net/tun can be opened')
  return tun === 'absent'
    ? fail(name, '/dev/net/tun is not there', 'sudo modprobe tun')
    : fail(name, '/dev/net/tun may not be opened', 'sudo chmod 666 /dev/net/tun')
}

function linger({ linger: lingers, user }: HostFacts, ends: 'containers' | 'Magos'): Check {
  const name = 'linger'
  if (lingers === null) return ok(name, 'no systemd ends this user’s processes')
  return lingers === 'yes'
    ? ok(name, `services of ${user.name} outlive their sessions`)
    : fail(
        name,
        `services of ${user.name} end with their last session, ${ends} too`,
        `sudo loginctl enable-linger ${user.name}`,
      )
}

const WANTED = ['memory', 'pids']

function cgroups({ cgroups: version, delegated, user }: HostFacts): Check {
  const name = 'cgroups'
  if (version !== 'v2') {
    return warn(
      name,
      `cgroups are ${version}: limits do not count for an ordinary user, and podman 6 does not start`,
      'Boot with systemd.unified_cgroup_hierarchy=1',
    )
  }
  if (delegated === null) return ok(name, 'cgroups v2; nobody delegates controllers here')
  const missing = WANTED.filter((one) => !delegated.includes(one))
  return missing.length === 0
    ? ok(name, `cgroups v2, delegated: ${delegated.join(', ')}`)
    : warn(
        name,
        `${missing.join(' and ')} not delegated to ${user.name}: such limits do not count`,
        'Put Delegate=cpu cpuset io memory pids under [Service] by: sudo systemctl edit user@.service',
      )
}
