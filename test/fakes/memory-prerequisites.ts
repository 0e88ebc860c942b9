import type { HostFacts } from '../../src/domain/doctor/facts.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { Prerequisites } from '../../src/ports.ts'

/** A machine in memory on which nothing is missing. */
export const soundFacts: HostFacts = {
  user: { name: 'ada', uid: 1000 },
  systemd: 'yes',
  programs: {
    pasta: '/usr/bin/pasta',
    slirp4netns: null,
  },
  mapping: {
    newuidmap: { path: '/usr/bin/newuidmap', rights: 'setuid' },
    newgidmap: { path: '/usr/bin/newgidmap', rights: 'setuid' },
  },
  userNamespaces: 'allowed',
  noNewPrivileges: { here: 'no', service: null },
  firstPort: 1024,
  sockets: [],
  subordinate: {
    uids: [{ first: 100_000, count: 65_536 }],
    gids: [{ first: 100_000, count: 65_536 }],
  },
  tun: 'usable',
  linger: 'yes',
  runtimeDirectory: { path: '/run/user/1000', state: 'usable', owner: 'ada' },
  cgroups: 'v2',
  delegated: ['cpu', 'memory', 'pids'],
  dataDirectory: { path: '/home/ada/.local/state/magos-dominus', state: 'private' },
  storage: [],
  timeSync: 'yes',
}

export interface MemoryPrerequisites extends Prerequisites {
  facts: HostFacts
  /** ms that its clock is ahead; an error where nobody can be asked. */
  ahead: number | null | MagosError
  /** What it lets be put right. */
  mends: ReadonlySet<'data-directory' | 'linger'>
}

export function createMemoryPrerequisites(over: Partial<HostFacts> = {}): MemoryPrerequisites {
  const prerequisites: MemoryPrerequisites = {
    facts: { ...soundFacts, ...over },
    ahead: 0,
    mends: new Set(['data-directory', 'linger']),
    async look(_images, signal) {
      signal.throwIfAborted()
      return Promise.resolve(prerequisites.facts)
    },
    async skew(_url, signal) {
      signal.throwIfAborted()
      if (prerequisites.ahead instanceof MagosError) throw prerequisites.ahead
      return Promise.resolve(prerequisites.ahead)
    },
    async mend(what, signal) {
      signal.throwIfAborted()
      if (!prerequisites.mends.has(what)) return Promise.resolve(null)
      const { dataDirectory } = prerequisites.facts
      prerequisites.facts =
        what === 'linger'
          ? { ...prerequisites.facts, linger: 'yes' }
          : { ...prerequisites.facts, dataDirectory: { ...dataDirectory, state: 'private' } }
      return Promise.resolve(`mended ${what}`)
    },
  }
  return prerequisites
}
