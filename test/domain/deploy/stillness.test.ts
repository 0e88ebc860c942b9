import { describe, expect, test } from 'vitest'
import { judge } from '../../../src/domain/deploy/verdict.ts'
import { container, look, service } from './container.ts'
import { job, outcome, terms } from './proof.ts'

describe('judge() of what moves and what does not', () => {
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

  test('minds no order in which the engine lists containers', () => {
    const both = { ...terms, services: [service({ replicas: 2 })] }
    const [one, two] = [container(), container({ id: 'c9' })]
    expect(judge(both, [look(10_000, one, two), look(12_000, two, one)]).outcome).toBe('succeeded')
  })

  test('begins the window anew after a moment of ill health', () => {
    const starting = container({ health: 'starting' })
    const seen = [look(10_000, container()), look(11_000, starting), look(12_500, container())]
    expect(outcome(...seen)).toBe('undecided')
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

  test('takes no job that is done for one that nobody starts again', () => {
    const services = [service(), service({ name: 'job' })]
    const slow = [10_000, 13_000, 16_000].map((time) =>
      look(time, container({ health: 'starting' }), job({ restarts: 'on-failure' })),
    )
    expect(judge({ ...terms, services }, slow).outcome).toBe('undecided')
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
})
