import { describe, expect, test } from 'vitest'
import { withEvent, type Departure } from '../../../src/domain/deploy/departure.ts'

const after = (...kinds: Parameters<typeof withEvent>[1]['kind'][]) =>
  kinds.reduce<readonly Departure[]>(
    (all, kind) => withEvent(all, { kind, container: 'a', project: 'shop', service: 'web' }),
    [],
  )

describe('withEvent()', () => {
  test.each([
    [['died'], 'died'],
    [['killed', 'died'], 'killed'],
    [['killed', 'died', 'stopped'], 'stopped'],
    [['died', 'stopped', 'removed'], 'removed'],
    [['stopped', 'died'], 'stopped'],
    [['died', 'missed'], 'died'],
  ] as const)('of %j is %s', (kinds, how) => {
    expect(after(...kinds)).toEqual([{ container: 'a', project: 'shop', service: 'web', how }])
  })

  test('forgets a container that runs again', () => {
    expect(after('died', 'stopped', 'started')).toEqual([])
  })
})
