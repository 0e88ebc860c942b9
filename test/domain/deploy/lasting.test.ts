import { describe, expect, it } from 'vitest'
import { lastingServices } from '../../../src/domain/deploy/lasting.ts'

const lasting = (
  services: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ...probed: string[]
) => Object.fromEntries(lastingServices(services, new Set(probed)))

const waitsFor = (condition: string) => ({ depends_on: { a: { condition, required: true } } })

describe('lastingServices()', () => {
  it.each([
    ['it publishes ports', { a: { ports: [{ target: 80, published: '80' }] } }],
    ['it publishes ports', { a: { ports: ['80:80'] } }],
    ['it has a health check', { a: { healthcheck: { test: ['CMD', 'x'] } } }],
    ['it has a health check', { a: { healthcheck: { test: 'x' } } }],
    ['service "b" waits until it is healthy', { a: {}, b: waitsFor('service_healthy') }],
    ...['network_mode', 'ipc', 'pid'].map(
      (key): [string, Readonly<Record<string, Readonly<Record<string, unknown>>>>] => [
        'service "b" lives in its network or among its processes',
        { a: {}, b: { [key]: 'service:a' } },
      ],
    ),
  ])('says of one: %s', (why, services) => {
    expect(lasting(services)).toEqual({ a: why })
  })

  it('says that a probe asks for one', () => {
    expect(lasting({ a: {}, b: {} }, 'b')).toEqual({ b: 'it has a probe' })
  })

  it.each([
    ['nothing is said of', { a: { ports: [], healthcheck: {} } }],
    ['has no check', { a: { healthcheck: { disable: true, test: ['CMD', 'x'] } } }],
    ['has no check either', { a: { healthcheck: { test: ['NONE'] } } }],
    ['others wait for', { a: { ports: ['80:80'] }, b: waitsFor('service_completed_successfully') }],
    [
      'one waits for, beside another that does not',
      {
        a: {},
        b: waitsFor('service_started'),
        c: waitsFor('service_completed_successfully'),
      },
    ],
    ['others only start behind', { a: {}, b: waitsFor('service_started') }],
    ['others name and say no more', { a: {}, b: { depends_on: ['a'] } }],
    ['is waited for by nobody who is there', { a: { depends_on: ['gone'] } }],
  ])('says nothing of one that %s', (_title, services) => {
    expect(lasting(services)).toEqual({})
  })
})
