import { describe, expect, test } from 'vitest'
import type { ProbeTarget } from '../../../src/domain/deploy/probe-targets.ts'
import { judge } from '../../../src/domain/deploy/verdict.ts'
import { container, DIGEST_B, look, service } from './container.ts'
import { outcome, terms } from './proof.ts'

describe('judge() of each service', () => {
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
