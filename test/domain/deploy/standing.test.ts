import { expect, test } from 'vitest'
import { standingOf } from '../../../src/domain/deploy/standing.ts'
import { container } from './container.ts'

test('standingOf() counts what runs and what has ended', () => {
  const containers = [
    container(),
    container({ service: 'job', state: 'exited' }),
    container({ service: 'guest' }),
  ]
  expect(standingOf(['web', 'job', 'none'], containers)).toEqual({
    web: { running: 1, ended: 0 },
    job: { running: 0, ended: 1 },
    none: { running: 0, ended: 0 },
  })
})
