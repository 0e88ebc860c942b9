import { describe, expect, it } from 'vitest'
import { holdsPortBelow } from '../../../src/domain/deploy/closed-ports.ts'
import { judgePorts, writtenPorts } from '../../../src/domain/doctor/ports.ts'

describe('writtenPorts()', () => {
  it.each([
    ['services: {web: {ports: ["80:8080", "8080:80"]}}', [80]],
    ['services: {web: {ports: ["127.0.0.1:53:53/udp"]}}', [53]],
    ['services: {web: {ports: [{target: 8443, published: "443"}]}}', [443]],
    ['services: {web: {ports: ["1022-1025:22"]}}', [1022, 1023]],
    ['services: {web: {ports: ["80", "${PORT:-80}:80", "1024:80"]}}', []],
    ['services: {web: {image: a}, db: null}', []],
    ['services: [', []],
    ['', []],
  ])('finds in %s %j', (text, ports) => {
    const service = 'web'
    expect(writtenPorts(text, 1024)).toEqual(ports.map((port) => ({ service, port })))
  })
})

describe('judgePorts()', () => {
  const wanted = [
    { stack: 'shop', service: 'web', port: 443 },
    { stack: 'dns', service: 'hole', port: 53 },
  ]

  it('names each with the command that opens the lowest', () => {
    expect(judgePorts(1024, wanted, 'untried')).toEqual([
      {
        name: 'ports',
        status: 'fail',
        detail:
          'an ordinary user may listen from port 1024 on, and stacks publish 443 (shop, service web), 53 (dns, service hole)',
        remedy:
          "echo 'net.ipv4.ip_unprivileged_port_start=53' | sudo tee -a /etc/sysctl.d/50-magos.conf && sudo sysctl --system; or publish them at 1024 or above",
      },
    ])
  })

  it('says nothing where nobody wants any, and believes containers that have some', () => {
    expect(judgePorts(1024, [], 'untried')).toEqual([])
    expect(judgePorts(1024, wanted, 'held')).toMatchObject([{ name: 'ports', status: 'ok' }])
  })
})

describe('holdsPortBelow()', () => {
  const ports = [{ host: '', port: 443, protocol: 'tcp' }] as const
  it('is true for a container that runs with such a port, and for no other', () => {
    expect(holdsPortBelow(1024, [{ state: 'running', ports }])).toBe(true)
    expect(holdsPortBelow(443, [{ state: 'running', ports }])).toBe(false)
    expect(holdsPortBelow(1024, [{ state: 'created', ports }])).toBe(false)
  })
})
