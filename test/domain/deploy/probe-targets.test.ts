import { describe, expect, test } from 'vitest'

import { probeTargets, targetText } from '../../../src/domain/deploy/probe-targets.ts'
import type { PublishedPort } from '../../../src/domain/deployment.ts'
import type { Probe } from '../../../src/domain/settings/probes.ts'
import { container, look } from './container.ts'

const port = (number: number, over: Partial<PublishedPort> = {}): PublishedPort => ({
  host: '',
  port: number,
  protocol: 'tcp',
  ...over,
})
const probe = (over: Partial<Probe>): Probe => ({
  service: 'web',
  check: null,
  ports: 'connect',
  deadline: null,
  ...over,
})
const web = [{ name: 'web' }]

function texts(probes: readonly Probe[], ...ports: readonly PublishedPort[]): readonly string[] {
  return probeTargets(web, probes, look(1, container({ ports }))).map(targetText)
}

describe('probeTargets() tries', () => {
  test.each<[string, PublishedPort[], string[]]>([
    ['nothing where no port is published', [], []],
    [
      'loopback for every address',
      [port(80), port(81, { host: '0.0.0.0' })],
      ['port 80 of 127.0.0.1', 'port 81 of 127.0.0.1'],
    ],
    [
      'the address that a port is bound to',
      [port(80, { host: '192.0.2.7' })],
      ['port 80 of 192.0.2.7'],
    ],
    ['IPv6 alone where only that is bound', [port(80, { host: '::' })], ['port 80 of ::1']],
    [
      'one family of two',
      [port(80, { host: '0.0.0.0' }), port(80, { host: '::' })],
      ['port 80 of 127.0.0.1'],
    ],
    ['no UDP', [port(53, { protocol: 'udp' }), port(54)], ['port 54 of 127.0.0.1']],
  ])('%s', (_title, ports, expected) => {
    expect(texts([], ...ports)).toEqual(expected)
  })

  test('no port where that is said', () => {
    expect(texts([probe({ ports: 'ignore' })], port(80))).toEqual([])
  })

  test('a named probe beside the ports, once a service', () => {
    const check = { kind: 'http', url: 'http://127.0.0.1:80/x', status: null } as const
    expect(texts([probe({ check })], port(80))).toEqual([
      'port 80 of 127.0.0.1',
      'http://127.0.0.1:80/x',
    ])
  })

  test('a command in each running container', () => {
    const check = { kind: 'exec', command: ['pg_isready', '-q'] } as const
    const state = look(
      1,
      container({ id: 'a' }),
      container({ id: 'b' }),
      container({ id: 'c', state: 'exited' }),
      container({ id: 'd', service: 'db' }),
    )
    const targets = probeTargets(web, [probe({ check, deadline: 5_000 })], state)
    expect(targets).toEqual(
      ['a', 'b'].map((id) => ({
        service: 'web',
        source: 'named',
        deadline: 5_000,
        attempt: { kind: 'exec', container: id, command: ['pg_isready', '-q'] },
      })),
    )
    expect(targets.map(targetText)).toEqual(Array(2).fill('"pg_isready -q"'))
  })

  test('nothing of a service that does not run, nor of one that is not asked about', () => {
    const check = { kind: 'tcp', host: '127.0.0.1', port: 1 } as const
    const stopped = container({ state: 'exited', ports: [port(80)] })
    expect(probeTargets(web, [probe({ check })], look(1, stopped))).toEqual([])
    expect(probeTargets([], [probe({ check })], look(1, container()))).toEqual([])
  })
})
