import { describe, expect, it } from 'vitest'
import { createMachine } from '../../../src/adapters/machine/machine.ts'
import { ownContainer } from '../../../src/adapters/machine/own-container.ts'
import { scriptedRun } from '../engine/scripted-run.ts'

const ID = 'ab12'.repeat(16)
const OTHER = 'cd34'.repeat(16)
const signal = new AbortController().signal
const bare = { hostname: 'attic', cgroup: '0::/\n', mounts: '' }

describe('ownContainer()', () => {
  it.each([
    ['docker, cgroup v1', { ...bare, cgroup: `12:cpu:/docker/${ID}\n` }],
    ['docker, systemd', { ...bare, cgroup: `0::/system.slice/docker-${ID}.scope\n` }],
    ['podman', { ...bare, cgroup: `0::/machine.slice/libpod-${ID}.scope/container\n` }],
    ['podman without systemd', { ...bare, cgroup: `3:pids:/libpod_parent/libpod-${ID}\n` }],
    [
      'docker, a cgroup namespace of its own',
      {
        ...bare,
        mounts: `1 2 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n`,
      },
    ],
    [
      'rootless podman, a cgroup namespace of its own',
      {
        ...bare,
        mounts: `9 2 0:5 /containers/overlay-containers/${ID}/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw\n`,
      },
    ],
  ])('is found of %s', (_title, traces) => {
    expect(ownContainer(traces)).toBe(ID)
  })

  it('is found by docker’s host name where nothing else tells', () => {
    expect(ownContainer({ ...bare, hostname: 'ab12ab12ab12' })).toBe('ab12ab12ab12')
  })

  it.each([
    ['a machine', bare],
    ['a unit of systemd', { ...bare, cgroup: '0::/user.slice/user-1000.slice/magos.service\n' }],
    [
      'a machine whose containers are mounted',
      {
        ...bare,
        mounts: `5 2 0:4 / /var/lib/containers/storage/overlay-containers/${OTHER}/userdata/shm rw - tmpfs shm rw\n`,
      },
    ],
    ['a machine named almost so', { ...bare, hostname: 'ab12ab12ab1' }],
  ])('is null on %s', (_title, traces) => {
    expect(ownContainer(traces)).toBeNull()
  })
})

const machine = (user: number, says: (words: string) => string) => {
  const { run, calls } = scriptedRun((words) => ({ stdout: `${says(words)}\n` }))
  return {
    calls,
    machine: createMachine({
      run,
      user,
      hostname: 'attic',
      read: (path) => (path.endsWith('boot_id') ? 'b1\n' : null),
    }),
  }
}

describe('createMachine()', () => {
  it('tells the boot, and nothing of a container where /proc tells nothing', () => {
    expect(machine(0, () => '').machine).toMatchObject({ boot: 'b1', container: null })
  })

  it.each([
    ['80\n', 80],
    ['0\n', 0],
    [null, 1024],
    ['none\n', 1024],
  ])('firstPort() reads %j as %i, anew each time', (text, expected) => {
    let said: string | null = '1\n'
    const { run } = scriptedRun(() => ({}))
    const read = (path: string) => (path.endsWith('ip_unprivileged_port_start') ? said : null)
    const changing = createMachine({ run, user: 0, hostname: 'attic', read })
    expect(changing.firstPort()).toBe(1)
    said = text
    expect(changing.firstPort()).toBe(expected)
  })

  it.each([
    [
      'the system goes down',
      0,
      (words: string) => (words.includes('--user') ? 'running' : 'stopping'),
      true,
    ],
    [
      'the user’s manager goes down',
      1000,
      (words: string) => (words.includes('--user') ? 'stopping' : 'running'),
      true,
    ],
    ['all runs', 1000, () => 'degraded', false],
    [
      'root asks and only a user’s manager would stop',
      0,
      (words: string) => (words.includes('--user') ? 'stopping' : 'running'),
      false,
    ],
  ])('isEnding() where %s', async (_title, user, says, ending) => {
    expect(await machine(user, says).machine.isEnding(signal)).toBe(ending)
  })

  it('isEnding() is false where there is no systemd', async () => {
    const { run } = scriptedRun(() => ({ outcome: 'absent' }))
    const without = createMachine({ run, user: 0, hostname: 'attic', read: () => null })
    expect(without.boot).toBe('')
    expect(await without.isEnding(signal)).toBe(false)
  })
})
