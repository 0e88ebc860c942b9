import { describe, expect, test } from 'vitest'
import { judge } from '../../../src/domain/deploy/verdict.ts'
import { container, look, service } from './container.ts'
import { job, outcome, terms } from './proof.ts'

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

  test('fails at the deadline and names what was missing', () => {
    expect(judge(terms, [look(10_000), look(40_000)])).toEqual({
      outcome: 'failed',
      reason: 'not proven within 30 s: service "web" has 0 of 1 containers',
    })
  })
})
