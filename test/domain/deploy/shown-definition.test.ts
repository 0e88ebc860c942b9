import { describe, expect, test } from 'vitest'
import type { Definition } from '../../../src/domain/deploy/definitions.ts'
import {
  shownOtherwise,
  type ShownDefinition,
  type ShownNetwork,
} from '../../../src/domain/deploy/shown-definition.ts'

type Fields = Record<string, unknown>

function network(fields: Fields, shown: Partial<ShownNetwork & ShownDefinition> = {}) {
  const { driver = 'bridge', options = { isolate: 'true', mtu: '1400' }, labels = {} } = shown
  const { internal = false, ipv6 = false, ranges = RANGES } = shown
  const definition: Definition = { kind: 'network', key: 'back', name: 'shop_back', fields }
  const own = { kind: 'network', name: 'shop_back', driver, options, labels } as const
  return shownOtherwise(definition, { ...own, network: { internal, ipv6, ranges } })
}

const RANGES = [
  { subnet: '10.77.1.0/24', gateway: '10.77.1.9' },
  { subnet: 'fd00:77::/64', gateway: 'fd00:77::1' },
]

const ipam = (...config: Fields[]): Fields => ({ ipam: { config } })

describe('shownOtherwise() of a network', () => {
  test.each<[string, Fields, Partial<ShownNetwork & ShownDefinition>]>([
    ['nothing is said', {}, {}],
    ['the usual driver is said', { driver: 'bridge' }, {}],
    ['its options are there', { driver_opts: { mtu: 1400 } }, {}],
    [
      'podman has docker’s options by other names',
      { driver_opts: { 'com.docker.network.driver.mtu': '1400' } },
      {},
    ],
    ['its range is there', ipam({ subnet: '10.77.1.0/24', gateway: '10.77.1.9' }), {}],
    ['its range is spelled otherwise', ipam({ subnet: '10.77.1.5/24' }), {}],
    [
      'an address is spelled otherwise',
      ipam({ subnet: 'FD00:0077:0::/64', gateway: 'fd00:77:0::1' }),
      {},
    ],
    ['a range is left to the engine', ipam({ ip_range: '10.0.0.0/8' }), {}],
    ['it is internal', { internal: true }, { internal: true }],
    ['it has IPv6, asked for or not', {}, { ipv6: true }],
    ['it has more labels', { labels: { a: 'b' } }, { labels: { a: 'b', c: 'd' } }],
    ['no driver is told', {}, { driver: '' }],
  ])('is nothing where %s', (_title, fields, shown) => {
    expect(network(fields, shown)).toEqual([])
  })

  test.each<[string, Fields, Partial<ShownNetwork & ShownDefinition>]>([
    ['driver', { driver: 'macvlan' }, {}],
    ['driver', {}, { driver: 'macvlan' }],
    ['driver_opts', { driver_opts: { mtu: '9000' } }, {}],
    ['driver_opts', { driver_opts: { vlan: '7' } }, {}],
    [
      'driver_opts',
      { driver_opts: { 'com.docker.network.driver.mtu': '1' } },
      { options: { 'com.docker.network.driver.mtu': '2' } },
    ],
    ['enable_ipv6', { enable_ipv6: true }, {}],
    ['internal', { internal: true }, {}],
    ['internal', {}, { internal: true }],
    ['ipam', ipam({ subnet: '10.77.2.0/24' }), {}],
    ['ipam', ipam({ subnet: '10.77.1.0/25' }), {}],
    ['ipam', ipam({ subnet: '10.77.1.0/24', gateway: '10.77.1.1' }), {}],
    ['ipam', ipam({ subnet: 'fd00:78::/64' }), {}],
    ['ipam', ipam({ subnet: 'what' }), {}],
    ['labels', { labels: { a: 'b' } }, {}],
  ])('names %s where %j is %j', (key, fields, shown) => {
    expect(network(fields, shown)).toEqual([key])
  })
})

describe('shownOtherwise() of a volume', () => {
  const volume = (fields: Fields, options: Record<string, string> = {}, driver = 'local') =>
    shownOtherwise(
      { kind: 'volume', key: 'rows', name: 'shop_rows', fields },
      { kind: 'volume', name: 'shop_rows', driver, options, labels: {} },
    )
  const nfs = { type: 'nfs', device: ':/srv', o: 'addr=nas,rw' }

  test.each<[string, Fields, Record<string, string>, string]>([
    ['nothing is said', {}, {}, 'local'],
    ['it lies where it is said', { driver_opts: nfs }, { ...nfs, o: 'rw,addr=nas' }, 'local'],
    [
      'podman keeps owner and size apart',
      { driver_opts: { o: 'uid=5,size=1g' } },
      { UID: '5', SIZE: '1g' },
      'local',
    ],
    [
      'its driver knows more',
      { driver: 'rclone', driver_opts: { a: 'b' } },
      { a: 'b', c: 'd' },
      'rclone',
    ],
    ['labels are all that it lacks', { labels: { a: 'b' } }, {}, 'local'],
  ])('is nothing where %s', (_title, fields, options, driver) => {
    expect(volume(fields, options, driver)).toEqual([])
  })

  test.each<[string, Fields, Record<string, string>, string]>([
    ['driver', { driver: 'rclone' }, {}, 'local'],
    ['driver_opts', { driver_opts: nfs }, {}, 'local'],
    ['driver_opts', {}, nfs, 'local'],
    ['driver_opts', { driver_opts: { ...nfs, device: ':/other' } }, nfs, 'local'],
    ['driver_opts', { driver_opts: { ...nfs, o: 'addr=nas,ro' } }, nfs, 'local'],
    ['driver_opts', { driver: 'rclone', driver_opts: { a: 'b' } }, { a: 'c' }, 'rclone'],
  ])('names %s where %j has %j of %s', (key, fields, options, driver) => {
    expect(volume(fields, options, driver)).toEqual([key])
  })
})
