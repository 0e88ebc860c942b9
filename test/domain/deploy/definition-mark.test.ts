import { describe, expect, test } from 'vitest'
import { changedSince, markOf } from '../../../src/domain/deploy/definition-mark.ts'
import type { Definition } from '../../../src/domain/deploy/definitions.ts'

const network = (fields: Record<string, unknown> = {}): Definition => ({
  kind: 'network',
  key: 'back',
  name: 'shop_back',
  fields,
})
const volume = (fields: Record<string, unknown> = {}): Definition => ({
  ...network(fields),
  kind: 'volume',
})
const range = { subnet: '10.77.1.0/24', gateway: '10.77.1.9', aux_addresses: { nas: '10.77.1.8' } }

describe('markOf()', () => {
  test('is the same for whatever is as if nothing were said', () => {
    const unsaid = {
      name: 'other',
      driver: 'bridge',
      driver_opts: {},
      ipam: { driver: 'default', config: [], options: {} },
      internal: false,
      attachable: true,
      enable_ipv6: false,
      enable_ipv4: true,
      labels: [],
      external: false,
    }
    expect(markOf(network(unsaid))).toBe('-')
    expect(markOf(volume({ name: 'rows', driver: 'local', labels: {}, driver_opts: null }))).toBe(
      '-',
    )
  })

  test.each<[string, Definition, Definition]>([
    ['numbers and texts', volume({ driver_opts: { n: 1 } }), volume({ driver_opts: { n: '1' } })],
    ['lists and mappings', network({ labels: ['a=b'] }), network({ labels: { a: 'b' } })],
    [
      'doubled and bare keys',
      volume({ driver_opts: { a: 'b', c: 'd' } }),
      volume({ driver_opts: { c: 'd', a: 'b' } }),
    ],
    ['truths', network({ internal: true }), network({ internal: 'true' })],
    [
      'the order of ranges',
      network({ ipam: { config: [range, { subnet: 'fd00::/64' }] } }),
      network({ ipam: { config: [{ subnet: 'fd00::/64' }, range] } }),
    ],
  ])('is the same for %s', (_title, one, other) => {
    expect(markOf(one)).toBe(markOf(other))
    expect(markOf(one)).not.toBe('-')
  })

  test('tells no value', () => {
    const mark = markOf(volume({ driver: 'x', driver_opts: { o: 'password=hunter2' } }))
    expect(mark).toMatch(/^driver=[0-9a-f]{12} driver_opts=[0-9a-f]{12}$/)
  })
})

describe('changedSince()', () => {
  test.each<[string, Record<string, unknown>]>([
    ['driver', { driver: 'macvlan' }],
    ['driver_opts', { driver_opts: { mtu: '1400' } }],
    ['enable_ipv4', { enable_ipv4: false }],
    ['enable_ipv6', { enable_ipv6: true }],
    ['internal', { internal: true }],
    ['ipam', { ipam: { config: [range] } }],
    ['labels', { labels: { a: 'b' } }],
    ['x-podman.disable_dns', { 'x-podman.disable_dns': true }],
  ])('names what is said anew, and what is said no more: %s', (key, fields) => {
    expect(changedSince(markOf(network()), network(fields))).toEqual([key])
    expect(changedSince(markOf(network(fields)), network())).toEqual([key])
    expect(changedSince(markOf(network(fields)), network(fields))).toEqual([])
  })

  test.each<[string, Record<string, unknown>]>([
    ['a subnet', { ...range, subnet: '10.77.2.0/24' }],
    ['a gateway', { ...range, gateway: '10.77.1.7' }],
    ['a range', { ...range, ip_range: '10.77.1.128/25' }],
    ['a reserved address', { ...range, aux_addresses: { nas: '10.77.1.7' } }],
  ])('sees %s', (_title, other) => {
    const mark = markOf(network({ ipam: { config: [range] } }))
    expect(changedSince(mark, network({ ipam: { config: [other] } }))).toEqual(['ipam'])
  })

  test('names several in their order', () => {
    expect(changedSince('-', volume({ labels: { a: 'b' }, driver: 'nfs' }))).toEqual([
      'driver',
      'labels',
    ])
  })
})
