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
    ['service "b" depends on it', { a: {}, b: waitsFor('service_started') }],
    ['service "b" depends on it', { a: {}, b: waitsFor('service_healthy') }],
    ['service "b" depends on it', { a: {}, b: { depends_on: ['a'] } }],
    ['service "b" depends on it', { a: {}, b: { network_mode: 'service:a' } }],
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
    ['is waited for by nobody who is there', { a: { depends_on: ['gone'] } }],
  ])('says nothing of one that %s', (_title, services) => {
    expect(lasting(services)).toEqual({})
  })
})
