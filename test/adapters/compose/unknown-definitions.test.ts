import { describe, expect, it } from 'vitest'
import { refuseUnknownDefinitions } from '../../../src/adapters/compose/unknown-definitions.ts'
import { unknownKeys } from '../../../src/adapters/compose/unknown-keys.ts'

const python = (version: string) => ({ name: 'podman-compose', version }) as const
const network = (one: object) => ({
  networks: { one },
  services: { web: { image: 'a', networks: ['one'] } },
})
const volume = (data: object) => ({
  volumes: { data },
  services: { web: { image: 'a', volumes: ['data:/data'] } },
})
const joining = (one: object) => ({ services: { web: { image: 'a', networks: { one } } } })
const ordering = (one: object) => ({
  services: { web: { image: 'a', networks: { one, two: null } } },
})
const mode = (value: string) => ({ services: { web: { image: 'a', network_mode: value } } })
const subnet = { config: [{ subnet: '10.1.0.0/24' }] }

describe('refuseUnknownDefinitions()', () => {
  it.each([
    ['driver_opts', volume({ driver_opts: { device: ':/nfs' } }), '1.0.3', '1.0.6'],
    ['driver', volume({ driver: 'nfs' }), '1.0.3', '1.0.6'],
    ['driver', network({ driver: 'macvlan' }), '1.0.3', '1.0.6'],
    ['driver_opts', network({ driver_opts: { mtu: '1400' } }), '1.0.5', '1.0.6'],
    ['ipam.config', network({ ipam: subnet }), '1.0.3', '1.0.6'],
    ['ipam.driver', network({ ipam: { driver: 'dhcp' } }), '1.0.6', '1.1.0'],
    ['enable_ipv6', network({ enable_ipv6: true }), '1.0.6', '1.1.0'],
    ['aliases', joining({ aliases: ['zed'] }), '1.0.3', '1.0.6'],
    ['ipv4_address', joining({ ipv4_address: '10.1.0.7' }), '1.0.3', '1.0.6'],
    ['mac_address', joining({ mac_address: '92:d0:c6:0a:29:33' }), '1.2.0', '1.3.0'],
    ['network_mode "host"', mode('host'), '1.0.3', '1.0.6'],
    ['network_mode "service:vpn"', mode('service:vpn'), '1.0.3', '1.0.6'],
    ['network_mode "none"', mode('none'), '1.2.0', '1.3.0'],
    ['network_mode "bridge"', mode('bridge'), '1.2.0', '1.3.0'],
  ])('refuses %s of %j with %s, and not with %s', (key, document, before, since) => {
    const told = key.startsWith('network_mode') ? `cannot give it ${key}` : `nothing of "${key}"`
    expect(() => refuseUnknownDefinitions(python(before), document)).toThrow(
      expect.objectContaining({
        code: 'compose',
        message: expect.stringContaining(told),
        remedy: expect.stringContaining('Docker Compose v2'),
      }),
    )
    expect(() => refuseUnknownDefinitions(python(since), document)).not.toThrow()
  })

  it.each([
    ['aux_addresses', network({ ipam: { config: [{ aux_addresses: { a: '10.1.0.9' } }] } })],
    ['options', network({ ipam: { options: { a: 'b' } } })],
    ['enable_ipv4', network({ enable_ipv4: false })],
    ['priority', ordering({ priority: 5 })],
    ['gw_priority', ordering({ gw_priority: 1 })],
    ['link_local_ips', joining({ link_local_ips: ['57.123.22.11'] })],
    ['interface_name', joining({ interface_name: 'lan0' })],
    ['driver_opts', joining({ driver_opts: { a: 'b' } })],
  ])('refuses %s with every version', (key, document) => {
    expect(() => refuseUnknownDefinitions(python('1.6.0'), document)).toThrow(`${key}"`)
  })

  it('minds nothing that is external, unused, usual or empty', () => {
    const document = {
      networks: {
        lan: { external: true, driver: 'macvlan' },
        default: { driver: 'bridge', ipam: { driver: 'default', config: [] }, enable_ipv4: true },
        own: { enable_ipv6: false, attachable: false, 'x-note': 'mine' },
        unused: { driver: 'macvlan' },
      },
      volumes: {
        media: { external: true, driver_opts: { device: '/m' } },
        data: { driver: 'local', driver_opts: {} },
        unused: { driver_opts: { device: '/x' } },
      },
      services: {
        gate: { networks: { lan: { priority: 0 }, default: { gw_priority: 0 } } },
        other: { networks: ['own'] },
        web: { networks: { lan: { priority: 1 } }, volumes: ['media:/m', 'data:/d', '/x:/x'] },
        db: {},
      },
    }
    expect(() => refuseUnknownDefinitions(python('1.0.3'), document)).not.toThrow()
  })

  it('sees the default network of a service that names none', () => {
    const document = { networks: { default: { ipam: subnet } }, services: { web: {} } }
    expect(() => refuseUnknownDefinitions(python('1.0.3'), document)).toThrow('network "default"')
  })

  it('is asked with what unknownKeys() is asked, and not of Compose v2', () => {
    const document = volume({ driver_opts: { device: ':/nfs' } })
    expect(() => unknownKeys(python('1.0.3'), document)).toThrow('volume "data"')
    const v2 = { name: 'docker-compose', version: '2.26.1' } as const
    expect(unknownKeys(v2, document)).toEqual([])
  })
})
