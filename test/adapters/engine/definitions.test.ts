import { describe, expect, it } from 'vitest'
import { containersOn, showDefinitions } from '../../../src/adapters/engine/definitions.ts'
import type { Runtime } from '../../../src/adapters/engine/command.ts'
import { scriptedRun } from './scripted-run.ts'

const signal = new AbortController().signal

/** An engine whose answers are known; what it is asked is noted. */
function engine(runtime: Runtime, answers: readonly Partial<Answer>[]) {
  const left = [...answers]
  const { run, calls } = scriptedRun(() => ({ exitCode: 0, outcome: 'exited', ...left.shift() }))
  return { command: { runtime, run }, asked: () => calls.map(({ words }) => words) }
}

interface Answer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

// As podman 4.3.1 prints it of what Compose 2.26.1 made.
const PODMAN = [
  {
    name: 'shop_back',
    id: 'f01e41844b0f',
    driver: 'bridge',
    subnets: [
      { subnet: '10.77.1.0/24', gateway: '10.77.1.9', lease_range: { start_ip: '10.77.1.129' } },
    ],
    ipv6_enabled: true,
    internal: false,
    dns_enabled: true,
    labels: { 'com.docker.compose.project': 'shop', x: 'y' },
    options: { isolate: 'true', mtu: '1400' },
    ipam_options: { driver: 'host-local' },
  },
]
const DOCKER = [
  {
    Name: 'shop_back',
    Id: 'c6e2',
    Driver: 'bridge',
    EnableIPv6: true,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: [{ Subnet: '10.77.1.0/24', Gateway: '10.77.1.9' }],
    },
    Internal: false,
    Containers: {},
    Options: null,
    Labels: { 'com.docker.compose.project': 'shop', x: 'y' },
  },
]
const VOLUME = [
  {
    Name: 'shop_rows',
    Driver: 'local',
    Labels: { k: 'w' },
    Scope: 'local',
    Options: { device: ':/srv', o: 'addr=nas', type: 'nfs' },
  },
]

describe('showDefinitions()', () => {
  const names = { network: ['shop_back', 'gone'], volume: ['shop_rows'] }
  const rows = {
    kind: 'volume',
    name: 'shop_rows',
    driver: 'local',
    options: { device: ':/srv', o: 'addr=nas', type: 'nfs' },
    labels: { k: 'w' },
  }

  it.each<[Runtime, unknown, string, Record<string, string>]>([
    [
      'podman',
      PODMAN,
      'Error: inspecting object: network gone: unable to find network with name or ID gone: network not found',
      { isolate: 'true', mtu: '1400' },
    ],
    ['docker', DOCKER, 'Error response from daemon: network gone not found', {}],
  ])(
    'reads what %s prints, and passes over what is not there',
    async (runtime, found, stderr, options) => {
      const { command, asked } = engine(runtime, [
        { exitCode: 1, stdout: JSON.stringify(found), stderr },
        { stdout: JSON.stringify(VOLUME) },
      ])
      expect(await showDefinitions(command, names, signal)).toEqual([
        {
          kind: 'network',
          name: 'shop_back',
          driver: 'bridge',
          options,
          labels: { 'com.docker.compose.project': 'shop', x: 'y' },
          network: {
            internal: false,
            ipv6: true,
            ranges: [{ subnet: '10.77.1.0/24', gateway: '10.77.1.9' }],
          },
        },
        rows,
      ])
      expect(asked()).toEqual([
        `${runtime} network inspect shop_back gone`,
        `${runtime} volume inspect shop_rows`,
      ])
    },
  )

  it('asks for nothing where no name is asked for', async () => {
    const { command, asked } = engine('podman', [])
    expect(await showDefinitions(command, { network: [], volume: [] }, signal)).toEqual([])
    expect(asked()).toEqual([])
  })

  it('leaves out what another name found', async () => {
    const { command } = engine('docker', [{ stdout: JSON.stringify(DOCKER) }])
    expect(await showDefinitions(command, { network: ['c6'], volume: [] }, signal)).toEqual([])
  })

  it.each<[string, Partial<Answer>]>([
    ['it fails otherwise', { exitCode: 125, stdout: '[]', stderr: 'Error: database is locked' }],
    ['it prints no JSON', { stdout: 'oops' }],
  ])('throws `engine` where %s', async (_title, answer) => {
    const { command } = engine('podman', [answer])
    await expect(showDefinitions(command, names, signal)).rejects.toMatchObject({ code: 'engine' })
  })
})

describe('containersOn()', () => {
  it('names all by their ids', async () => {
    const { command, asked } = engine('podman', [{ stdout: 'a1 shop-web-1\nb2 guest\n' }])
    expect([...(await containersOn(command, 'shop_back', signal))]).toEqual([
      ['a1', 'shop-web-1'],
      ['b2', 'guest'],
    ])
    expect(asked()).toEqual([
      'podman ps --all --filter network=shop_back --no-trunc --format {{.ID}} {{.Names}}',
    ])
  })

  it('throws `engine` where it is not told, for nobody may be overlooked', async () => {
    const { command } = engine('podman', [{ exitCode: 125, stderr: 'Error: broken' }])
    await expect(containersOn(command, 'shop_back', signal)).rejects.toMatchObject({
      code: 'engine',
    })
  })
})
