import { describe, expect, it } from 'vitest'
import { leftOutBelow } from '../../../src/adapters/compose/long-forms.ts'
import { unknownKeys } from '../../../src/adapters/compose/unknown-keys.ts'

const bind = (options: object) => ({
  volumes: ['/a:/b', { type: 'bind', source: '/a', target: '/b', bind: options }],
})
const volume = (options: object) => ({
  volumes: [{ type: 'volume', source: 'data', target: '/b', volume: options }],
})
const devices = [{ driver: 'nvidia', count: 1, capabilities: ['gpu'] }]

describe('leftOutBelow()', () => {
  it.each([
    ['volumes.bind.selinux', bind({ selinux: 'z' }), '1.1.0', '1.2.0'],
    ['volumes.bind.create_host_path', bind({ create_host_path: false }), '1.5.0', '1.6.0'],
    ['volumes.volume.subpath', volume({ subpath: 'in' }), '1.5.0', '1.6.0'],
    ['healthcheck.disable', { healthcheck: { disable: true } }, '1.0.3', '1.0.6'],
    ['healthcheck.start_interval', { healthcheck: { start_interval: '1s' } }, '1.5.0', '1.6.0'],
    [
      'deploy.resources.limits.pids',
      { deploy: { resources: { limits: { pids: 50 } } } },
      '1.3.0',
      '1.4.0',
    ],
    [
      'deploy.resources.reservations.devices',
      { deploy: { resources: { reservations: { devices } } } },
      '1.1.0',
      '1.2.0',
    ],
  ])('finds %s in %j with %s, and not with %s', (key, service, before, since) => {
    expect(leftOutBelow(before, service).map((one) => one.key)).toEqual([key])
    expect(leftOutBelow(since, service)).toEqual([])
  })

  it.each([
    ['volumes.volume.nocopy', volume({ nocopy: true })],
    ['volumes.bind.recursive', bind({ recursive: 'disabled' })],
  ])('finds %s with every version', (key, service) => {
    expect(leftOutBelow('1.6.0', service).map((one) => one.key)).toEqual([key])
  })

  it.each([
    bind({ create_host_path: true, propagation: 'rslave' }),
    volume({ nocopy: false }),
    { healthcheck: { disable: false, test: ['CMD', 'true'] } },
    {
      deploy: {
        replicas: 2,
        resources: { limits: { cpus: '1' } },
        restart_policy: { condition: 'any' },
      },
    },
    { volumes: ['data:/d'], healthcheck: null, deploy: null },
    {},
  ])('finds nothing in %j', (service) => {
    expect(leftOutBelow('1.0.3', service)).toEqual([])
  })
})

describe('unknownKeys()', () => {
  const python = { name: 'podman-compose', version: '1.0.3' } as const

  it('refuses what makes another service, with what to do', () => {
    const services = { web: volume({ subpath: 'in' }) }
    expect(() => unknownKeys(python, { services })).toThrow(
      expect.objectContaining({
        code: 'compose',
        message:
          'Deploy service "web": podman-compose 1.0.3 knows nothing of "volumes.volume.subpath"',
        remedy: expect.stringContaining('Docker Compose v2'),
      }),
    )
  })

  it('warns of what makes none', () => {
    const services = { web: { healthcheck: { test: ['CMD', 'true'], start_interval: '1s' } } }
    expect(unknownKeys(python, { services })).toEqual([
      'Service "web": podman-compose 1.0.3 leaves out "healthcheck.start_interval"',
    ])
  })
})
