import { describe, expect, test } from 'vitest'
import type { ProbeTarget } from '../../../src/domain/deploy/probe-targets.ts'
import { judge, loopingContainers, type ProofTerms } from '../../../src/domain/deploy/verdict.ts'
import { container, DIGEST_B, look, service } from './container.ts'

const terms: ProofTerms = {
  services: [service()],
  replaced: new Set(['old']),
  settle: 2_000,
  settleUnchecked: 2_000,
  deadline: 30_000,
  since: 10_000,
  restarted: new Map([['c9', 7]]),
}

function kept(restartCount: number) {
  return container({ id: 'c9', restartCount, startedAt: restartCount > 7 ? 15_900 : 1_000 })
}

/** A one-shot that ended well. */
function job(over: Parameters<typeof container>[0] = {}) {
  return container({ id: 'c2', service: 'job', state: 'exited', health: 'none', ...over })
}

function outcome(...seen: Parameters<typeof judge>[1]) {
  return judge(terms, seen).outcome
}

describe('judge()', () => {
  test('is undecided before anything was seen', () => {
    expect(outcome()).toBe('undecided')
  })

  test('proves a healthy container that held still over the settle window', () => {
    const seen = [look(10_000, container()), look(11_000, container()), look(12_000, container())]
    expect(judge(terms, seen)).toEqual({
      outcome: 'succeeded',
      reason: 'healthy and steady for 2 s',
    })
  })

  test('says so when there was no health check', () => {
    const quiet = container({ health: 'none' })
    expect(judge(terms, [look(10_000, quiet), look(12_000, quiet)]).reason).toBe(
      'steady for 2 s, not health-checked',
    )
  })

  test('holds still for longer where a container has neither health check nor probe', () => {
    const longer = { ...terms, settleUnchecked: 5_000 }
    const quiet = container({ health: 'none' })
    const seen = [look(10_000, quiet), look(14_999, quiet)]
    expect(judge(longer, seen).outcome).toBe('undecided')
    expect(judge(longer, [...seen, look(15_000, quiet)]).reason).toBe(
      'steady for 5 s, not health-checked',
    )
    expect(judge(longer, [look(10_000, container()), look(12_000, container())])).toMatchObject({
      outcome: 'succeeded',
    })
  })

  test('counts how many containers were checked', () => {
    const both = { ...terms, services: [service(), service({ name: 'db' })] }
    const db = container({ id: 'c2', service: 'db', health: 'none' })
    expect(
      judge(both, [look(10_000, container(), db), look(12_000, container(), db)]).reason,
    ).toContain('1 of 2 health-checked')
  })

  test('asks nobody to watch a one-shot that ended with 0 beside a healthy server', () => {
    const both = {
      ...terms,
      services: [service(), service({ name: 'job' })],
      settleUnchecked: 5_000,
    }
    const still = [look(10_000, container(), job()), look(12_000, container(), job())]
    expect(judge(both, still)).toEqual({
      outcome: 'succeeded',
      reason: 'healthy and steady for 2 s',
    })
    const busy = job({ state: 'running' })
    const seen = [look(10_000, container(), busy), look(12_000, container(), busy)]
    expect(judge(both, seen).outcome).toBe('undecided')
    expect(judge(both, [...seen, look(15_000, container(), busy)]).reason).toBe(
      'steady for 5 s, 1 of 2 health-checked',
    )
  })

  test('waits no longer where nothing runs, since time tells nothing of what ended, and says so', () => {
    const done = { ...terms, services: [service({ name: 'job' })], settleUnchecked: 5_000 }
    const reason = 'nothing is left to run, steady for 2 s'
    const verdict = { outcome: 'succeeded', reason }
    expect(judge(done, [look(10_000, job()), look(11_999, job())]).outcome).toBe('undecided')
    expect(judge(done, [look(10_000, job()), look(12_000, job())])).toEqual(verdict)
    const none = { ...done, services: [service({ replicas: 0 })] }
    expect(judge(none, [look(10_000), look(12_000)])).toEqual(verdict)
  })

  test('waits until the window is over', () => {
    expect(outcome(look(10_000, container()), look(11_999, container()))).toBe('undecided')
  })

  test.each([
    ['a new container id', { id: 'c9' }],
    ['a new start', { startedAt: 1_500 }],
    ['a restart', { restartCount: 1 }],
  ])('begins the window anew after %s', (_title, change) => {
    const after = container(change)
    const seen = [look(10_000, container()), look(11_500, after), look(12_500, after)]
    expect(outcome(...seen)).toBe('undecided')
    expect(outcome(...seen, look(13_500, after))).toBe('succeeded')
  })

  test.each([
    ['a new container id', { id: 'c9' }],
    ['a new start', { startedAt: 1_500 }],
    ['a restart', { restartCount: 1 }],
  ])('begins the window anew after %s of a one-shot that has ended again', (_title, change) => {
    const both = { ...terms, services: [service(), service({ name: 'job' })] }
    const again = job(change)
    const seen = [
      look(10_000, container(), job()),
      look(11_500, container(), again),
      look(12_500, container(), again),
    ]
    expect(judge(both, seen).outcome).toBe('undecided')
    expect(judge(both, [...seen, look(13_500, container(), again)]).outcome).toBe('succeeded')
  })

  test('begins the window anew after a moment of ill health', () => {
    const starting = container({ health: 'starting' })
    const seen = [look(10_000, container()), look(11_000, starting), look(12_500, container())]
    expect(outcome(...seen)).toBe('undecided')
  })

  test.each([
    ['on its old digest', { digests: [DIGEST_B] }],
    ['whatever it does', { health: 'unhealthy' as const }],
    ['however it ended', { state: 'exited' as const, exitCode: 137 }],
  ])('waits for the old container to go, %s', (_title, over) => {
    const old = container({ id: 'old', ...over })
    expect(outcome(look(10_000, old), look(13_000, old))).toBe('undecided')
  })

  test('waits for a container of another configuration', () => {
    const other = container({ labels: { 'magos.hash': 'h0' } })
    expect(outcome(look(10_000, other), look(13_000, other))).toBe('undecided')
  })

  test('fails a container on another digest', () => {
    const verdict = judge(terms, [look(10_000, container({ digests: [DIGEST_B] }))])
    expect(verdict.outcome).toBe('failed')
    expect(verdict.reason).toContain(DIGEST_B)
  })

  test('asks no digest of a service that is built or unpinned', () => {
    const built = { ...terms, services: [service({ source: 'built' })] }
    const other = container({ digests: [DIGEST_B] })
    expect(judge(built, [look(10_000, other), look(12_000, other)]).outcome).toBe('succeeded')
  })

  test('fails an unhealthy container at once', () => {
    expect(outcome(look(10_000, container({ health: 'unhealthy' })))).toBe('failed')
  })

  test('fails a container that exited with an error', () => {
    const verdict = judge(terms, [look(10_000, container({ state: 'exited', exitCode: 7 }))])
    expect(verdict).toEqual({ outcome: 'failed', reason: 'service "web" exited with 7' })
  })

  test('takes a one-shot that exited with 0 as good', () => {
    const done = container({ state: 'exited', exitCode: 0, health: 'none' })
    expect(outcome(look(10_000, done), look(12_000, done))).toBe('succeeded')
  })

  test('fails what exits with 0 and is surely no one-shot, and says how one is told', () => {
    const lasting = { ...terms, services: [service({ lasting: 'it publishes ports' })] }
    const done = container({ state: 'exited', exitCode: 0, health: 'none' })
    expect(judge(lasting, [look(10_000, done)])).toEqual({
      outcome: 'failed',
      reason:
        'service "web" exited with 0 and is no one-shot: it publishes ports; others wait for a one-shot with service_completed_successfully',
    })
    const running = container({ health: 'none' })
    expect(judge(lasting, [look(10_000, running), look(12_000, running)]).outcome).toBe('succeeded')
    expect(judge(lasting, [look(10_000, container({ ...done, id: 'old' }))]).outcome).toBe(
      'undecided',
    )
  })

  test('does not take exit 0 as good where the container is meant to keep running', () => {
    const gone = container({ state: 'exited', exitCode: 0, restarts: 'always' })
    expect(outcome(look(10_000, gone), look(13_000, gone))).toBe('undecided')
  })

  test('fails a crash loop by its restart count', () => {
    const loop = container({ restarts: 'always', restartCount: 3, startedAt: 15_500 })
    expect(judge(terms, [look(16_000, loop)])).toEqual({
      outcome: 'failed',
      reason: 'service "web" keeps crashing: 3 restarts',
    })
    const died = container({ ...loop, state: 'exited', exitCode: 7 })
    expect(judge(terms, [look(15_000, died), look(16_000, loop)]).reason).toMatch(
      /3 restarts, last exit code 7$/,
    )
  })

  test('gives what dies until another service is there three settle windows', () => {
    const loop = container({ restarts: 'always', restartCount: 9, startedAt: 15_900 })
    expect(judge(terms, [look(15_999, loop)]).outcome).toBe('undecided')
    const up = container({ restarts: 'always', restartCount: 9, startedAt: 15_000 })
    expect(judge(terms, [look(15_500, up), look(16_000, up)]).outcome).toBe('undecided')
    expect(judge(terms, [look(15_500, up), look(17_500, up)]).outcome).toBe('succeeded')
  })

  test('waits for what is started again on failure, until it stays down', () => {
    const died = container({ restarts: 'on-failure', state: 'exited', exitCode: 7 })
    expect(outcome(look(10_000, died), look(14_900, died))).toBe('undecided')
    expect(judge(terms, [look(10_000, died), look(15_000, died)])).toEqual({
      outcome: 'failed',
      reason: 'service "web" exited with 7, and nothing changed for 5 s',
    })
    const again = container({ restarts: 'on-failure', startedAt: 12_000, restartCount: 1 })
    expect(outcome(look(10_000, died), look(12_000, again), look(14_000, again))).toBe('succeeded')
    const done = container({ restarts: 'on-failure', state: 'exited', exitCode: 0 })
    expect(outcome(look(10_000, done), look(12_000, done))).toBe('succeeded')
  })

  test('fails a crash loop by its start times where the engine counts no restarts', () => {
    const seen = [1, 2, 3, 4].map((n) =>
      look(15_996 + n, container({ restarts: 'always', startedAt: 15_990 + n })),
    )
    expect(outcome(...seen)).toBe('failed')
  })

  test('does not take the starts of several replicas for restarts of one', () => {
    const replicas = { ...terms, services: [service({ replicas: 4 })] }
    const four = [1, 2, 3, 4].map((n) => container({ id: `r${n}`, startedAt: n }))
    expect(judge(replicas, [look(10_000, ...four), look(12_000, ...four)]).outcome).toBe(
      'succeeded',
    )
  })

  test('blames no container that stays for restarts of long ago, and for new ones all the same', () => {
    expect(outcome(look(10_000, kept(7)), look(12_000, kept(7)))).toBe('succeeded')
    expect(outcome(look(16_000, kept(10)))).toBe('failed')
    expect(loopingContainers(terms, [look(10_000, kept(9))])).toEqual([])
    expect(loopingContainers(terms, [look(10_000, kept(10))])).toEqual(['c9'])
  })

  test('does not blame the new container for the restarts of the old one', () => {
    const old = container({ id: 'old', restartCount: 50 })
    expect(outcome(look(10_000, old))).toBe('undecided')
  })

  test('fails at the deadline and names what was missing', () => {
    expect(judge(terms, [look(10_000), look(40_000)])).toEqual({
      outcome: 'failed',
      reason: 'not proven within 30 s: service "web" has 0 of 1 containers',
    })
  })

  test.each([
    ['a container that was never started', [container({ state: 'created', startedAt: 0 })]],
    ['an old container that is still there', [container({ id: 'old' })]],
    ['a container of another configuration', [container({ labels: {} })]],
    ['no container', []],
  ])('fails before the deadline where nothing changes any more: %s', (_title, containers) => {
    const seen = [0, 1_000, 2_000, 3_000, 4_000, 4_900].map((ms) =>
      look(10_000 + ms, ...containers),
    )
    expect(outcome(...seen)).toBe('undecided')
    const verdict = judge(terms, [...seen, look(15_000, ...containers)])
    expect(verdict.outcome).toBe('failed')
    expect(verdict.reason).toMatch(/^service "web" .*, and nothing changed for 5 s$/)
  })

  test('takes a one-shot that runs anew for a change, and so for nothing stuck', () => {
    const services = [service(), service({ name: 'job' }), service({ name: 'db' })]
    const unmade = container({ id: 'c3', service: 'db', state: 'created', startedAt: 0 })
    const still = [10_000, 13_000, 15_000].map((time) => look(time, container(), job(), unmade))
    expect(judge({ ...terms, services }, still).outcome).toBe('failed')
    const moved = [10_000, 13_000, 15_000].map((time) =>
      look(time, container(), job({ startedAt: time }), unmade),
    )
    expect(judge({ ...terms, services }, moved).outcome).toBe('undecided')
  })

  test('waits for what still moves, and for a health check however long it takes', () => {
    const slow = [0, 3_000, 6_000].map((ms) => look(10_000 + ms, container({ health: 'starting' })))
    expect(outcome(...slow)).toBe('undecided')
    const two = { ...terms, services: [service(), service({ name: 'db' })] }
    const seen = [0, 3_000, 6_000].map((ms) =>
      look(10_000 + ms, container({ id: `c${ms}`, startedAt: ms + 1 })),
    )
    expect(judge(two, seen).outcome).toBe('undecided')
    expect(judge({ ...two, settle: 10_000 }, [look(10_000), look(16_000)]).outcome).toBe(
      'undecided',
    )
  })

  test('wants every replica', () => {
    const two = { ...terms, services: [service({ replicas: 2 })] }
    expect(judge(two, [look(10_000, container()), look(13_000, container())]).outcome).toBe(
      'undecided',
    )
  })
})

const target = (over: Partial<ProbeTarget> = {}): ProbeTarget => ({
  service: 'web',
  source: 'port',
  attempt: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
  deadline: null,
  ...over,
})

const at = (time: number, failure: string | null, over: Partial<ProbeTarget> = {}) => ({
  ...look(time, container({ health: 'none' })),
  probes: [{ target: target(over), failure }],
})

describe('judge() with ports and probes', () => {
  test('proves nothing while a port takes no connection, and says which', () => {
    const seen = [at(10_000, 'connection refused'), at(13_000, 'connection refused')]
    expect(judge(terms, seen)).toEqual({
      outcome: 'undecided',
      reason: 'port 8080 of 127.0.0.1 of service "web" does not answer: connection refused',
    })
  })

  test('fails at the deadline of the deployment', () => {
    const seen = [at(10_000, 'connection refused'), at(40_000, 'connection refused')]
    expect(judge(terms, seen).outcome).toBe('failed')
    expect(judge(terms, seen).reason).toContain('port 8080')
  })

  test('counts stillness from when it answered, and anew after it did not', () => {
    const seen = [at(10_000, 'x'), at(11_000, null), at(12_000, 'x'), at(12_500, null)]
    expect(outcome(...seen, at(14_000, null))).toBe('undecided')
    expect(outcome(...seen, at(14_500, null))).toBe('succeeded')
  })

  test('takes an open port for no check of health, and a named probe for one', () => {
    const still = ([10_000, 12_000] as const).map((time) => at(time, null))
    const named = ([10_000, 12_000] as const).map((time) => at(time, null, { source: 'named' }))
    expect(judge(terms, still).reason).toBe('steady for 2 s, not health-checked')
    expect(judge(terms, named).reason).toBe('healthy and steady for 2 s')
  })

  test('fails at a probe’s own deadline', () => {
    const own = { source: 'named', deadline: 3_000 } as const
    expect(outcome(at(10_000, 'x', own), at(12_999, 'x', own))).toBe('undecided')
    expect(judge(terms, [at(10_000, 'x', own), at(13_000, 'status 503', own)])).toEqual({
      outcome: 'failed',
      reason: 'port 8080 of 127.0.0.1 of service "web" does not answer within 3 s: status 503',
    })
  })

  test('minds no probe of a service that is not to be proven', () => {
    expect(outcome(at(10_000, 'x', { service: 'db' }), at(12_000, 'x', { service: 'db' }))).toBe(
      'succeeded',
    )
  })

  test('tells first what the engine shows', () => {
    const sick = {
      ...look(10_000, container({ health: 'unhealthy' })),
      probes: [{ target: target(), failure: 'x' }],
    }
    expect(judge(terms, [sick]).reason).toBe('service "web" is unhealthy')
  })
})

test('loopingContainers() names those that started again and again, by count or by start', () => {
  const seen = [1, 2, 3, 4].map((start) =>
    look(
      start * 1_000,
      container({ id: 'counted', restartCount: start }),
      container({ id: 'seen', startedAt: start }),
      container({ id: 'still' }),
      container({ id: 'other', service: 'db', restartCount: 9 }),
    ),
  )
  expect(loopingContainers(terms, seen)).toEqual(['counted', 'seen'])
  expect(loopingContainers(terms, seen.slice(0, 2))).toEqual([])
})
