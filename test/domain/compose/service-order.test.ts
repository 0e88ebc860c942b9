import { describe, expect, test } from 'vitest'

import { dependenciesOf, inDependencyOrder } from '../../../src/domain/compose/service-order.ts'

describe('inDependencyOrder()', () => {
  test.each([
    [{ a: {}, b: {} }, 'a b'],
    [{ a: { depends_on: ['b'] }, b: {} }, 'b a'],
    [{ a: { depends_on: { b: {} } }, b: { depends_on: ['c'] }, c: {} }, 'c b a'],
    [{ a: { depends_on: { gone: { required: false } } }, b: {} }, 'a b'],
    [{ a: { network_mode: 'service:vpn' }, vpn: {} }, 'vpn a'],
  ])('puts each service behind those it depends on', (services, expected) => {
    expect(inDependencyOrder(services).join(' ')).toBe(expected)
  })

  test('refuses a circle, naming it', () => {
    const services = {
      x: { depends_on: ['a'] },
      a: { depends_on: ['b'] },
      b: { depends_on: ['a'] },
    }
    expect(() => inDependencyOrder(services)).toThrow('they depend on one another, a → b → a')
  })
})

describe('dependenciesOf()', () => {
  test('reads every condition', () => {
    const depends_on = {
      one: { condition: 'service_started' },
      two: { condition: 'service_healthy', restart: true },
      three: { condition: 'service_completed_successfully' },
      four: null,
    }
    const services = { web: { depends_on }, one: {}, two: {}, three: {}, four: {} }
    expect(dependenciesOf(services, 'web').map(({ condition }) => condition)).toEqual([
      'service_started',
      'service_healthy',
      'service_completed_successfully',
      'service_started',
    ])
  })

  test('waits for a shared network once, under the condition that is named', () => {
    const depends_on = { vpn: { condition: 'service_healthy' } }
    const services = { web: { depends_on, network_mode: 'service:vpn' }, vpn: {} }
    expect(dependenciesOf(services, 'web')).toEqual([
      { service: 'vpn', condition: 'service_healthy' },
    ])
  })
})
