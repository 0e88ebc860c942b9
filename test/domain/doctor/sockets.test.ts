import { describe, expect, it } from 'vitest'
import type { SocketFacts } from '../../../src/domain/doctor/facts.ts'
import { judgeSockets, type SocketUse } from '../../../src/domain/doctor/sockets.ts'
import { soundFacts } from '../../fakes/memory-prerequisites.ts'

const podman: SocketFacts = {
  engine: 'podman',
  variable: null,
  address: '/run/user/1000/podman/podman.sock',
  state: 'answers',
  group: { name: 'ada', lists: 'others' },
}
const docker: SocketFacts = {
  engine: 'docker',
  variable: null,
  address: '/var/run/docker.sock',
  state: 'answers',
  group: { name: 'docker', lists: 'others' },
}
const compose: SocketUse = {
  engine: 'podman',
  engineAnswers: 'yes',
  provider: 'docker-compose',
}

function judged(sockets: readonly SocketFacts[], use: SocketUse, over = {}) {
  const checks = judgeSockets({ ...soundFacts, sockets, ...over }, use)
  return checks.map(({ name, status, remedy }) => [name, status, remedy])
}

describe('judgeSockets()', () => {
  const named = { variable: 'CONTAINER_HOST' } as const
  const user = 'systemctl --user'
  it.each<[Partial<SocketFacts>, string, string | null]>([
    [{}, 'ok', null],
    [{ state: 'absent' }, 'warn', `Start it: ${user} enable --now podman.socket`],
    [{ state: 'silent' }, 'warn', `Start it: ${user} restart podman.socket`],
    [{ state: 'no-socket' }, 'warn', `Start it: ${user} restart podman.socket`],
    [{ state: 'forbidden' }, 'warn', `Start it: ${user} restart podman.socket`],
    [{ state: 'too-long' }, 'warn', 'Let XDG_RUNTIME_DIR name a shorter path'],
    [named, 'ok', null],
    [
      { ...named, state: 'absent' },
      'fail',
      `Unset CONTAINER_HOST, or start it: ${user} enable --now podman.socket`,
    ],
    [
      { ...named, state: 'silent' },
      'fail',
      `Unset CONTAINER_HOST, or start it: ${user} restart podman.socket`,
    ],
    [{ ...named, state: 'no-socket' }, 'fail', 'Unset CONTAINER_HOST, or correct it'],
    [{ ...named, state: 'forbidden' }, 'fail', 'Run Magos as the user whose socket it is'],
    [
      { ...named, state: 'too-long' },
      'fail',
      'Unset CONTAINER_HOST, or give the socket a shorter path',
    ],
    [
      { ...named, state: 'elsewhere' },
      'fail',
      'Unset CONTAINER_HOST, or set it to unix:// and the path of a socket',
    ],
  ])('tells of podman’s socket: %j', (over, status, remedy) => {
    const sockets = [{ ...podman, ...over }, { ...docker, state: 'absent' } as const]
    expect(judged(sockets, compose)).toEqual([['socket podman', status, remedy]])
  })

  const answered: SocketUse = { engine: 'docker', engineAnswers: 'yes', provider: null }
  const away: SocketUse = { ...answered, engineAnswers: 'no' }
  const anew = 'log in anew (a service: sudo systemctl restart user@$(id -u).service)'
  const start = 'Start it: sudo systemctl'
  it.each<[Partial<SocketFacts>, SocketUse, readonly unknown[]]>([
    [{}, answered, [['socket docker', 'ok', null]]],
    [{ state: 'absent' }, answered, []],
    [
      { state: 'absent' },
      away,
      [['socket docker', 'fail', `${start} enable --now docker.socket docker.service`]],
    ],
    [
      { state: 'silent' },
      away,
      [['socket docker', 'fail', `${start} restart docker.socket docker.service`]],
    ],
    [
      { state: 'forbidden' },
      away,
      [
        [
          'socket docker',
          'fail',
          `sudo usermod -aG docker ada, then ${anew}. Whoever is in that group is root on this machine`,
        ],
      ],
    ],
    [
      { state: 'forbidden', group: { name: 'docker', lists: 'user' } },
      away,
      [['socket docker', 'fail', `ada came into group docker after this session began: ${anew}`]],
    ],
    [
      { variable: 'DOCKER_HOST', state: 'elsewhere', address: 'tcp://nas:2376' },
      answered,
      [['socket docker', 'warn', 'Unset DOCKER_HOST if it is, and run Magos there']],
    ],
  ])('tells of docker’s socket: %j', (over, use, expected) => {
    expect(judged([podman, { ...docker, ...over }], use)).toEqual(expected)
  })

  it('misses no socket of podman where nothing goes over it, or no systemd holds any', () => {
    const missing = [{ ...podman, state: 'absent' } as const]
    expect(judged(missing, { ...compose, provider: 'podman-compose' })).toEqual([])
    expect(judged(missing, compose, { systemd: 'no' })).toEqual([['socket podman', 'ok', null]])
  })

  it('names the system’s socket to root', () => {
    const missing = [{ ...podman, state: 'absent' } as const]
    expect(judged(missing, compose, { user: { name: 'root', uid: 0 } })).toEqual([
      ['socket podman', 'warn', 'Start it: sudo systemctl enable --now podman.socket'],
    ])
  })

  it('looks at what variables name where no engine was found', () => {
    const none = { engine: null, engineAnswers: 'no', provider: null } as const
    const absent = { ...docker, variable: 'DOCKER_HOST', state: 'absent' } as const
    expect(judged([podman, absent], none)).toEqual([
      ['socket docker', 'fail', expect.stringMatching(/^Unset DOCKER_HOST/)],
    ])
  })

  it('counts bytes of a path that is too long', () => {
    const address = `/${'é'.repeat(60)}`
    const socket = { ...podman, variable: 'CONTAINER_HOST', state: 'too-long', address } as const
    const [check] = judgeSockets({ ...soundFacts, sockets: [socket] }, compose)
    expect(check?.detail).toContain('at most 107 bytes, and this one has 121')
  })
})
