import { describe, expect, it } from 'vitest'
import { cutContainers, mayStop } from '../../../src/domain/deploy/network-care.ts'
import type { ProbeLook } from '../../../src/domain/deploy/probe-targets.ts'
import type { ObservedContainer } from '../../../src/domain/deployment.ts'

function container(over: Partial<ObservedContainer>): ObservedContainer {
  return {
    id: 'a',
    name: 'shop-web-1',
    project: 'shop',
    service: 'web',
    state: 'running',
    health: 'none',
    exitCode: 0,
    restartCount: 0,
    startedAt: 1_000,
    image: 'ghcr.io/o/web:1',
    digests: [],
    labels: {},
    imageId: 'b',
    restarts: 'no',
    joins: [],
    ports: [],
    ...over,
  }
}

function look(service: string, failure: string | null): ProbeLook {
  const attempt = { kind: 'tcp', host: '127.0.0.1', port: 8080 } as const
  return { target: { service, source: 'port', attempt, deadline: null }, failure }
}

const dead = look('web', 'connection refused')

describe('cutContainers()', () => {
  const cases: readonly (readonly [
    string,
    Partial<ObservedContainer>,
    readonly ProbeLook[],
    readonly string[],
    readonly string[],
  ])[] = [
    ['a port that connects', {}, [look('web', null)], [], []],
    ['a port that does not', {}, [dead], [], ['port 8080 of 127.0.0.1: connection refused']],
    ['a port of another service', {}, [look('db', 'connection refused')], [], []],
    ['names that nobody answers for', {}, [], ['a'], ['nobody answers for its names']],
    ['names of another container', {}, [], ['b'], []],
    ['a container that is stopped', { state: 'exited' }, [dead], ['a'], []],
    ['a container that is not healthy yet', { health: 'starting' }, [dead], ['a'], []],
    [
      'an unhealthy one',
      { health: 'unhealthy' },
      [dead],
      [],
      ['port 8080 of 127.0.0.1: connection refused'],
    ],
  ]
  for (const [title, over, looks, nameless, reasons] of cases) {
    it(`finds ${reasons.length} cuts with ${title}`, () => {
      const state = { at: 5_000, containers: [container(over)] }
      const cuts = cutContainers(state, looks, nameless)
      expect(cuts.map(({ reason }) => reason)).toEqual(reasons)
    })
  }
})

describe('mayStop()', () => {
  const cut = [{ id: 'a', service: 'web', reason: '' }]
  for (const [up, may] of [
    [59_999, false],
    [60_000, true],
  ] as const) {
    it(`says ${may} for a container that is up for ${up} ms`, () => {
      const containers = [container({}), container({ id: 'b', startedAt: 60_000 })]
      expect(mayStop(cut, { at: 1_000 + up, containers })).toBe(may)
    })
  }
})
