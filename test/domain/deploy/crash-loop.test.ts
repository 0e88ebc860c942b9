import { describe, expect, test } from 'vitest'
import { loopingContainers } from '../../../src/domain/deploy/crash-loop.ts'
import { judge } from '../../../src/domain/deploy/verdict.ts'
import { container, look, service } from './container.ts'
import { outcome, terms } from './proof.ts'

function kept(restartCount: number) {
  return container({ id: 'c9', restartCount, startedAt: restartCount > 7 ? 15_900 : 1_000 })
}

describe('judge() of what keeps crashing', () => {
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
    const old = container({ id: 'old', restartCount: 50, startedAt: 15_900 })
    expect(outcome(look(16_000, old))).toBe('undecided')
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
