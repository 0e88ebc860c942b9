import { describe, expect, test } from 'vitest'
import { tiesOf } from '../../../src/domain/compose/ties.ts'

const ties = (web: Readonly<Record<string, unknown>>) =>
  tiesOf({ web, vpn: { container_name: 'gluetun' }, db: {} }, 'web').map(
    ({ service, by }) => `${by} of ${service}`,
  )

describe('tiesOf()', () => {
  test.each([
    [{ network_mode: 'service:vpn' }, ['network of vpn']],
    [{ network_mode: 'container:gluetun' }, ['network of vpn']],
    [{ ipc: 'service:db', pid: 'service:vpn' }, ['ipc of db', 'pid of vpn']],
    [{ uts: 'service:db' }, ['uts of db']],
    [{ volumes_from: ['db', 'vpn:ro'] }, ['volumes of db', 'volumes of vpn']],
    [{ volumes_from: ['container:gluetun:ro'] }, ['volumes of vpn']],
    [{ depends_on: { db: { condition: 'service_healthy', restart: true } } }, ['restart of db']],
  ])('finds what a service has of another: %j', (service, expected) => {
    expect(ties(service)).toEqual(expected)
  })

  test.each([
    [{}],
    [{ network_mode: 'host', ipc: 'shareable', pid: 'host' }],
    [{ network_mode: 'service:gone' }],
    [{ network_mode: 'container:elsewhere', volumes_from: ['container:elsewhere'] }],
    [{ network_mode: 'service:web' }],
    [{ depends_on: ['db'] }],
    [{ depends_on: { db: { restart: false }, vpn: null } }],
  ])('finds nothing where it has nothing of another: %j', (service) => {
    expect(ties(service)).toEqual([])
  })
})
