import { describe, expect, test } from 'vitest'
import type { Departure } from '../../../src/domain/deploy/departure.ts'
import { driftOf, type DriftTerms } from '../../../src/domain/deploy/drift.ts'
import type { ObservedContainer } from '../../../src/domain/deployment.ts'

function container(service: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: `id-${service}`,
    name: `shop-${service}-1`,
    project: 'shop',
    service,
    state: 'running',
    health: 'none',
    exitCode: 0,
    restartCount: 0,
    startedAt: 1,
    image: 'example.org/app',
    digests: [],
    labels: {},
    ports: [],
    imageId: '',
    restarts: 'no',
    joins: [],
    ...more,
  }
}

const exited = (service: string, exitCode: number, more: Partial<ObservedContainer> = {}) =>
  container(service, { state: 'exited', exitCode, ...more })

const went = (service: string, how: Departure['how'], id = `id-${service}`): Departure => ({
  container: id,
  project: 'shop',
  service,
  how,
})

function drift(containers: readonly ObservedContainer[], more: Partial<DriftTerms> = {}) {
  return driftOf({
    standing: { web: { running: 1, ended: 0 }, db: { running: 1, ended: 0 } },
    containers,
    isProven: ({ image }) => image === 'example.org/app',
    departures: [],
    asked: 'by-event',
    boot: 'same',
    now: 20_000,
    tries: 0,
    failures: 0,
    ...more,
  })
}

const [web, db] = [container('web'), container('db')]

describe('driftOf() of one of several', () => {
  test('is none where everything is as it was proven', () => {
    expect(drift([web, db])).toEqual({ state: 'none' })
    expect(drift([web, db, container('guest')])).toEqual({ state: 'none' })
    expect(drift([container('web', { state: 'paused' }), db])).toEqual({ state: 'none' })
  })

  test.each([
    ['killed', exited('web', 137), 'start', 'container shop-web-1 exited with 137'],
    ['stopped well', exited('web', 0), 'start', 'container shop-web-1 exited with 0'],
    ['never started', container('web', { state: 'created' }), 'start', 'shop-web-1 is created'],
    ['stopped for good', exited('web', 143, { restarts: 'always' }), 'start', 'exited with 143'],
    ['another image', container('web', { image: 'other' }), 'make', 'not what was proven'],
  ])('mends what is %s', (_title, other, mend, reason) => {
    expect(drift([other, db])).toEqual({
      state: 'drifted',
      faults: [
        {
          service: 'web',
          mend,
          strangers: mend === 'make' ? ['id-web'] : [],
          reason: expect.stringContaining(reason),
        },
      ],
    })
  })

  test('starts anew what shares with a container that was started after it', () => {
    const joins = [{ container: 'id-db', what: 'network', lasts: 'over-crashes' } as const]
    const sharing = container('web', { joins, startedAt: 5 })
    expect(drift([sharing, db])).toEqual({ state: 'none' })
    expect(drift([sharing, container('db', { startedAt: 6 })])).toEqual({
      state: 'drifted',
      faults: [
        {
          service: 'web',
          mend: 'restart',
          strangers: [],
          reason:
            'container shop-web-1 lost what it shares with shop-db-1, which was started after it',
        },
      ],
    })
  })

  test('makes what is gone, however it went', () => {
    const faults = [
      { service: 'web', mend: 'make', strangers: [], reason: '1 of its containers are gone' },
    ]
    expect(drift([db])).toEqual({ state: 'drifted', faults })
    expect(drift([db], { departures: [went('web', 'removed')] })).toEqual({
      state: 'drifted',
      faults,
    })
  })

  test('counts the containers of a service', () => {
    const standing = { web: { running: 2, ended: 0 } }
    const second = container('web', { id: 'id-2' })
    expect(drift([web, second], { standing })).toEqual({ state: 'none' })
    expect(drift([web], { standing }).state).toBe('drifted')
    expect(drift([web, { ...second, state: 'exited' }], { standing }).state).toBe('drifted')
    expect(drift([web, second, container('web', { id: 'id-3' })], { standing }).state).toBe('none')
  })

  test('leaves to the engine what the engine starts again', () => {
    const flapping = exited('web', 1, { restarts: 'always' })
    const died = { departures: [went('web', 'died')] }
    const waits = {
      state: 'moving',
      reason: 'container shop-web-1 exited with 1, and its engine starts it again',
    }
    expect(drift([flapping, db], died)).toEqual(waits)
    expect(drift([{ ...flapping, endedAt: 10_001 }, db], died)).toEqual(waits)
    expect(drift([web, db, { ...flapping, service: 'guest' }], died)).toEqual({ state: 'none' })
    expect(drift([flapping, db], { departures: [went('web', 'killed')] }).state).toBe('drifted')
  })

  test('starts what its engine has left down', () => {
    const down = exited('web', 137, { restarts: 'unless-stopped', endedAt: 10_000 })
    const died = { departures: [went('web', 'died')] }
    const drifted = { state: 'drifted', faults: [{ service: 'web', mend: 'start' }] }
    expect(drift([down, db], died)).toMatchObject(drifted)
    expect(drift([down], { ...died, standing: { web: { running: 1, ended: 0 } } })).toMatchObject(
      drifted,
    )
  })

  test('puts right what drifted beside one that its engine starts again', () => {
    const flapping = exited('web', 1, { restarts: 'always' })
    expect(drift([flapping, exited('db', 1)], { departures: [went('web', 'died')] })).toMatchObject(
      { state: 'drifted', faults: [{ service: 'db' }] },
    )
  })

  test('leaves jobs that are done, and starts once what only looks like one', () => {
    const standing = { web: { running: 1, ended: 0 }, job: { running: 0, ended: 1 } }
    expect(drift([web, exited('job', 0)], { standing })).toEqual({ state: 'none' })
    const departures = [went('job', 'died')]
    expect(drift([web, exited('job', 0)], { standing, departures })).toEqual({ state: 'none' })
    expect(drift([web, exited('job', 1)], { standing }).state).toBe('drifted')
    expect(drift([exited('web', 0), db]).state).toBe('drifted')
    expect(drift([exited('web', 0), db], { tries: 1 })).toEqual({ state: 'none' })
  })

  test('waits while a container is being stopped', () => {
    expect(drift([container('web', { state: 'stopping' }), exited('db', 0)])).toEqual({
      state: 'moving',
      reason: 'container shop-web-1 is being stopped',
    })
  })

  test.each([
    ['drifted', { asked: 'by-person' }],
    ['unproven', { boot: 'another' }],
  ] as const)('is %s and waits for no stop that may be nobody’s any more: %j', (state, terms) => {
    const fault = { service: 'web', mend: 'start', strangers: [] }
    expect(drift([container('web', { state: 'stopping' }), db], terms)).toEqual({
      state,
      faults: [{ ...fault, reason: 'container shop-web-1 is stopping' }],
    })
  })
})

describe('driftOf() of all of them', () => {
  const all = [exited('web', 143), exited('db', 0)]
  test.each<[string, readonly ObservedContainer[], readonly Departure[]]>([
    ['stopped, by their exit codes', all, []],
    [
      'stopped, as was seen',
      [exited('web', 3), exited('db', 1)],
      [went('web', 'stopped'), went('db', 'stopped')],
    ],
    ['gone, which nobody saw', [], []],
    ['killed at the end of their patience', [exited('web', 137), exited('db', 137)], []],
    ['removed, as was seen', [], [went('web', 'removed'), went('db', 'removed')]],
    ['some stopped and some removed', [exited('db', 137)], [went('web', 'removed')]],
    [
      'down for good though their engine would have started them again, memory or none',
      [
        exited('web', 137, { restarts: 'always', end: 'out-of-memory' }),
        exited('db', 137, { restarts: 'unless-stopped' }),
      ],
      [],
    ],
    [
      'stopped for good',
      [exited('web', 1, { restarts: 'always' }), exited('db', 1, { restarts: 'unless-stopped' })],
      [],
    ],
  ])('is a stop by hand where they are %s', (_title, containers, departures) => {
    expect(drift(containers, { departures })).toMatchObject({
      state: 'stopped-by-hand',
      reason: 'all of its containers were stopped or removed',
    })
  })

  test.each<[string, readonly ObservedContainer[], readonly Departure[]]>([
    ['one was killed', all, [went('web', 'killed'), went('db', 'stopped')]],
    ['one died of itself', all, [went('web', 'died')]],
    ['one crashed', [exited('web', 1), exited('db', 0)], []],
    ['memory ran out', [exited('web', 137, { end: 'out-of-memory' }), exited('db', 0)], []],
    ['one was never started', [container('web', { state: 'created' }), exited('db', 0)], []],
    [
      'one was replaced',
      [container('web', { image: 'other', state: 'exited' }), exited('db', 0)],
      [],
    ],
    ['one that is gone had died', [exited('db', 0)], [went('web', 'died', 'other-id')]],
  ])('is drift where %s', (_title, containers, departures) => {
    expect(drift(containers, { departures }).state).toBe('drifted')
  })

  test('is drift where a service that was not proven runs on', () => {
    expect(drift([...all, container('guest')]).state).toBe('drifted')
  })

  test('is drift after a try that failed, which may have stopped it', () => {
    expect(drift(all, { failures: 1 }).state).toBe('drifted')
  })

  test('is never a stop by hand of a stack that has jobs alone', () => {
    const standing = { job: { running: 0, ended: 1 } }
    expect(drift([], { standing }).state).toBe('drifted')
  })
})

test('driftOf() has everything proven again after a boot, and after a try that failed', () => {
  const stopped = [exited('web', 137), exited('db', 137)]
  expect(drift(stopped, { boot: 'another' })).toMatchObject({
    state: 'unproven',
    faults: [{ service: 'web' }, { service: 'db' }],
  })
  expect(drift([web, db], { boot: 'another' })).toEqual({ state: 'unproven', faults: [] })
  expect(drift([web, db], { failures: 1 })).toEqual({ state: 'unproven', faults: [] })
})

const on = (...networks: readonly string[]) => container('web', { networks })

describe('driftOf() of networks', () => {
  const standing = { web: { running: 1, ended: 0, networks: ['shop_default', 'proxy'] } }

  test('makes anew what somebody disconnected from one of them', () => {
    expect(drift([on('shop_default')], { standing })).toEqual({
      state: 'drifted',
      faults: [
        {
          service: 'web',
          mend: 'make',
          strangers: ['id-web'],
          reason: 'container shop-web-1 does not hang on network "proxy" any more',
        },
      ],
    })
    expect(drift([on()], { standing }).state).toBe('drifted')
  })

  test('is none where it hangs on more, where nobody tells, and where none were noted', () => {
    expect(drift([on('other', 'proxy', 'shop_default')], { standing }).state).toBe('none')
    expect(drift([web], { standing }).state).toBe('none')
    expect(drift([on()], { standing: { web: { running: 1, ended: 0 } } }).state).toBe('none')
  })

  test('starts what is stopped before it looks for its networks', () => {
    const stopped = exited('web', 137, { networks: [] })
    const seen = drift([stopped], { standing, departures: [went('web', 'died')] })
    expect(seen).toMatchObject({ faults: [{ mend: 'start' }] })
  })
})
