import { describe, expect, test } from 'vitest'
import { unseenEnds } from '../../../src/domain/deploy/unseen-ends.ts'
import type { ObservedContainer } from '../../../src/domain/deployment.ts'
import { container } from './container.ts'

const standing = {
  web: { running: 1, ended: 0 },
  job: { running: 0, ended: 1 },
  both: { running: 1, ended: 1 },
}
const exited = (service: string, over: Partial<ObservedContainer> = {}) =>
  container({ service, state: 'exited', ...over })

describe('unseenEnds()', () => {
  test.each<[string, readonly ObservedContainer[], number]>([
    ['a server that ended', [exited('web')], 1],
    ['a one-shot that was done before', [exited('job')], 0],
    ['a service of which some were done before', [exited('both')], 0],
    ['what nobody proved', [exited('guest')], 0],
    ['what is down though its engine would start it', [exited('web', { restarts: 'always' })], 1],
    [
      'what ran out of memory and was left down by an engine that would start it',
      [exited('web', { restarts: 'always', end: 'out-of-memory' })],
      1,
    ],
    [
      'what its engine would start again after a failure alone',
      [exited('web', { restarts: 'on-failure' })],
      1,
    ],
    ['what ran out of memory', [exited('web', { end: 'out-of-memory' })], 0],
    ['what was never started', [container({ state: 'created' })], 0],
    ['a server beside one that runs', [exited('web'), container({ service: 'both' })], 0],
  ])('asks as it should of %s', (_title, containers, count) => {
    expect(unseenEnds({ standing, containers, departures: [] })).toHaveLength(count)
  })

  test('leaves out what was seen', () => {
    const one = exited('web')
    const departures = [
      { container: one.id, project: 'shop', service: 'web', how: 'died' },
    ] as const
    expect(unseenEnds({ standing, containers: [one], departures })).toEqual([])
  })
})
