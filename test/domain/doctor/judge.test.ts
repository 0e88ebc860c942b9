import { describe, expect, it } from 'vitest'
import { ok, type Check } from '../../../src/domain/doctor/check.ts'
import type { HostFacts, StorageFacts } from '../../../src/domain/doctor/facts.ts'
import { judgeAsked } from '../../../src/domain/doctor/outcome.ts'
import { judgeRootless } from '../../../src/domain/doctor/rootless.ts'
import { judgeRuntimeDirectory } from '../../../src/domain/doctor/runtime-directory.ts'
import { judgeStorage } from '../../../src/domain/doctor/storage.ts'
import { judgeTime } from '../../../src/domain/doctor/time.ts'
import { MagosError } from '../../../src/domain/error.ts'
import type { NetworkChoice } from '../../../src/domain/network-choice.ts'
import { soundFacts } from '../../fakes/memory-prerequisites.ts'

/** The check of that name: its status, and its remedy. */
function found(checks: readonly Check[], name: string): readonly (string | null)[] {
  const check = checks.find((one) => one.name === name)
  return [check?.status ?? 'none', check?.remedy ?? null]
}

describe('judgeRootless()', () => {
  const usermod =
    'sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ada && podman system migrate'
  const usual: NetworkChoice = { outcome: 'usual', by: 'pasta' }
  const { programs, mapping, subordinate, runtimeDirectory } = soundFacts
  const cases: readonly (readonly [
    string,
    Partial<HostFacts>,
    string,
    'ok' | 'warn' | 'fail',
    string | null,
  ])[] = [
    ['no uids', { subordinate: { ...subordinate, uids: [] } }, 'subordinate-ids', 'fail', usermod],
    ['no gids', { subordinate: { ...subordinate, gids: [] } }, 'subordinate-ids', 'fail', usermod],
    [
      'few uids',
      { subordinate: { ...subordinate, uids: [{ first: 1, count: 1000 }] } },
      'subordinate-ids',
      'warn',
      usermod,
    ],
    [
      'no newuidmap',
      { mapping: { ...mapping, newuidmap: null } },
      'id-mapping',
      'fail',
      'sudo apt install uidmap',
    ],
    [
      'a copy of newuidmap',
      { mapping: { ...mapping, newuidmap: { path: '/opt/newuidmap', rights: 'none' } } },
      'id-mapping',
      'fail',
      'sudo apt install --reinstall uidmap',
    ],
    [
      'capabilities that nobody sees',
      { mapping: { ...mapping, newgidmap: { path: '/opt/newgidmap', rights: 'unseen' } } },
      'id-mapping',
      'warn',
      'sudo apt install libcap2-bin, then look again',
    ],
    [
      'capabilities',
      { mapping: { ...mapping, newgidmap: { path: '/opt/newgidmap', rights: 'capability' } } },
      'id-mapping',
      'ok',
      null,
    ],
    [
      'a service without new privileges',
      { noNewPrivileges: { here: 'no', service: 'yes' } },
      'no-new-privileges',
      'fail',
      expect.stringContaining('systemctl --user edit --full magos-dominus.service'),
    ],
    [
      'no new privileges here',
      { noNewPrivileges: { here: 'yes', service: 'no' } },
      'no-new-privileges',
      'fail',
      expect.stringContaining('a unit must not have NoNewPrivileges='),
    ],
    [
      'no user namespaces',
      { userNamespaces: 'off' },
      'user-namespaces',
      'fail',
      "echo 'user.max_user_namespaces=28633' | sudo tee -a /etc/sysctl.d/50-magos.conf && sudo sysctl --system",
    ],
    [
      'user namespaces of root alone',
      { userNamespaces: 'root-only' },
      'user-namespaces',
      'fail',
      "echo 'kernel.unprivileged_userns_clone=1' | sudo tee -a /etc/sysctl.d/50-magos.conf && sudo sysctl --system",
    ],
    ['no tun', { tun: 'absent' }, 'tun', 'fail', 'sudo modprobe tun'],
    ['forbidden tun', { tun: 'forbidden' }, 'tun', 'fail', 'sudo chmod 666 /dev/net/tun'],
    ['no linger', { linger: 'no' }, 'linger', 'fail', 'sudo loginctl enable-linger ada'],
    ['nobody who ends processes', { linger: null }, 'linger', 'ok', null],
    [
      'no runtime directory',
      { runtimeDirectory: { ...runtimeDirectory, state: 'absent' } },
      'runtime-directory',
      'fail',
      'sudo loginctl enable-linger ada, then log in anew',
    ],
    [
      'a runtime directory that nobody makes',
      { runtimeDirectory: { ...runtimeDirectory, state: 'absent' }, systemd: 'no' },
      'runtime-directory',
      'fail',
      'sudo install -d -m 700 -o ada /run/user/1000, at every boot',
    ],
    [
      'somebody else’s runtime directory',
      { runtimeDirectory: { path: '/run/user/0', state: 'not-ours', owner: 'root' } },
      'runtime-directory',
      'fail',
      expect.stringContaining('export XDG_RUNTIME_DIR=/run/user/1000'),
    ],
    [
      'its own runtime directory in somebody else’s name',
      { runtimeDirectory: { ...runtimeDirectory, state: 'not-ours', owner: 'root' } },
      'runtime-directory',
      'fail',
      'sudo chown ada /run/user/1000',
    ],
    [
      'a closed runtime directory',
      { runtimeDirectory: { ...runtimeDirectory, state: 'forbidden' } },
      'runtime-directory',
      'fail',
      'chmod 700 /run/user/1000',
    ],
    [
      'a file for a runtime directory',
      { runtimeDirectory: { path: '/etc/fstab', state: 'no-directory', owner: 'root' } },
      'runtime-directory',
      'fail',
      'export XDG_RUNTIME_DIR=/run/user/1000',
    ],
    [
      'cgroups v1',
      { cgroups: 'v1' },
      'cgroups',
      'warn',
      'Boot with systemd.unified_cgroup_hierarchy=1',
    ],
    [
      'nothing delegated',
      { delegated: ['cpu'] },
      'cgroups',
      'warn',
      'Put Delegate=cpu cpuset io memory pids under [Service] by: sudo systemctl edit user@.service',
    ],
    ['nobody who delegates', { delegated: null }, 'cgroups', 'ok', null],
  ]
  for (const [title, over, name, status, remedy] of cases) {
    it(`says ${status} for ${title}`, () => {
      const checks = judgeRootless({ ...soundFacts, ...over }, usual)
      expect(found(checks, name)).toEqual([status, remedy])
      const others = checks.filter((one) => one.name !== name && one.status !== 'ok')
      expect(others).toEqual([])
    })
  }

  it.each<[NetworkChoice | null, Partial<HostFacts>, readonly (string | null)[]]>([
    [usual, { programs: { ...programs, pasta: null } }, ['ok', null]],
    [
      { outcome: 'other', by: 'slirp4netns', reason: 'pasta is not installed, slirp4netns is' },
      {},
      ['warn', 'sudo apt install passt'],
    ],
    [{ outcome: 'other', by: 'pasta', reason: 'x' }, {}, ['warn', 'sudo apt install slirp4netns']],
    [
      { outcome: 'none', reason: 'x', remedy: 'sudo apt install passt' },
      {},
      ['fail', 'sudo apt install passt'],
    ],
    [null, {}, ['ok', null]],
    [
      null,
      { programs: { ...programs, pasta: null, slirp4netns: null } },
      ['fail', 'sudo apt install passt'],
    ],
  ])('judges the network as the daemon chooses it: %j', (choice, over, expected) => {
    expect(found(judgeRootless({ ...soundFacts, ...over }, choice), 'network')).toEqual(expected)
  })
})

describe('judgeRuntimeDirectory()', () => {
  it('names whose the directory is', () => {
    const directory = { path: '/run/user/0', state: 'not-ours', owner: 'root' } as const
    expect(judgeRuntimeDirectory({ ...soundFacts, runtimeDirectory: directory }).detail).toBe(
      '/run/user/0 belongs to root, not to ada: podman does not start',
    )
  })
})

describe('judgeStorage()', () => {
  const MIB = 1024 * 1024
  const roomy: StorageFacts = {
    purpose: 'data',
    path: '/data',
    free: 50_000 * MIB,
    size: 100_000 * MIB,
    freeFiles: 900,
    files: 1_000,
  }
  const cases: readonly (readonly [string, Partial<StorageFacts>, 'ok' | 'warn' | 'fail'])[] = [
    ['room', {}, 'ok'],
    ['a twentieth left', { free: 4_000 * MIB }, 'warn'],
    ['next to nothing', { free: 99 * MIB }, 'fail'],
    [
      'images of which none fits any more',
      { purpose: 'images', free: 1_000 * MIB, size: 2_000 * MIB },
      'fail',
    ],
    ['few files', { freeFiles: 40 }, 'warn'],
    ['no files', { freeFiles: 0 }, 'fail'],
    ['a file system without a number of files', { files: 0, freeFiles: 0 }, 'ok'],
  ]
  for (const [title, over, status] of cases) {
    it(`says ${status} for ${title}`, () => {
      const storage = { ...roomy, ...over }
      const checks = judgeStorage({ ...soundFacts, storage: [storage] })
      expect(found(checks, `disk ${storage.purpose}`)[0]).toBe(status)
    })
  }

  const states: readonly (readonly [HostFacts['dataDirectory']['state'], string, string | null])[] =
    [
      ['private', 'ok', null],
      ['absent', 'ok', null],
      ['open', 'fail', 'chmod 700 /data'],
      ['not-ours', 'fail', 'sudo chown $(id -u) /data'],
      ['no-directory', 'fail', 'Move it away, or name another by MD_DATA_DIR'],
    ]
  for (const [state, status, remedy] of states) {
    it(`says ${status} for a data directory that is ${state}`, () => {
      const checks = judgeStorage({ ...soundFacts, dataDirectory: { path: '/data', state } })
      expect(found(checks, 'data-directory')).toEqual([status, remedy])
    })
  }
})

describe('judgeAsked()', () => {
  it.each([
    [new MagosError('network', 'away'), 'Check that it runs and can be reached from here'],
    [new MagosError('registry', 'odd'), 'Put right what it says, then look again'],
    [new MagosError('network', 'away', { remedy: 'Plug it in' }), 'Plug it in'],
  ])('gives %s a remedy: %s', (error, remedy) => {
    const check = judgeAsked('it', { outcome: 'failed', error }, () => ok('it', 'well'))
    expect(check).toEqual({ name: 'it', status: 'fail', detail: error.message, remedy })
  })
})

describe('judgeTime()', () => {
  const cases: readonly (readonly [number | null, HostFacts['timeSync'], string])[] = [
    [0, 'yes', 'ok'],
    [-9_999, 'yes', 'ok'],
    [10_000, 'yes', 'warn'],
    [-59_999, 'no', 'warn'],
    [60_000, 'yes', 'fail'],
    [-60_000, null, 'fail'],
    [0, 'no', 'warn'],
    [null, null, 'ok'],
  ]
  for (const [skew, timeSync, status] of cases) {
    it(`says ${status} for a skew of ${skew} ms and time servers ${timeSync}`, () => {
      expect(judgeTime({ timeSync }, skew).status).toBe(status)
    })
  }
})
