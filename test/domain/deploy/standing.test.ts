import { expect, test } from 'vitest'
import type { ObservedContainer } from '../../../src/domain/deployment.ts'
import { standingOf } from '../../../src/domain/deploy/standing.ts'
import { container } from './container.ts'

test('standingOf() counts what runs and what has ended', () => {
  const containers = [
    container(),
    container({ service: 'job', state: 'exited' }),
    container({ service: 'guest' }),
  ]
  expect(standingOf(['web', 'job', 'none'], containers, () => [])).toEqual({
    web: { running: 1, ended: 0 },
    job: { running: 0, ended: 1 },
    none: { running: 0, ended: 0 },
  })
})

const on = (...networks: readonly string[]) => container({ networks })
const standsOn = (...own: readonly ObservedContainer[]) =>
  standingOf(['web'], own, () => ['a', 'b', 'c'])['web']

test('standingOf() notes the networks of the file that all of its containers hang on', () => {
  const both = { running: 2, ended: 0 }
  expect(standsOn(on('a', 'b', 'mine'), on('b', 'a'))).toEqual({ ...both, networks: ['a', 'b'] })
  expect(standsOn(on('a', 'b'), on('b'))).toEqual({ ...both, networks: ['b'] })
  expect(standsOn(on('a', 'b'), container())).toEqual(both)
})

test('standingOf() counts what is paused or just started again as running', () => {
  const containers = [container({ state: 'paused' }), container({ state: 'restarting' })]
  expect(standingOf(['web'], containers, () => [])).toEqual({ web: { running: 2, ended: 0 } })
})
