import { array, assert, integer, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBudget, fitTime } from '../../../src/adapters/github/budget.ts'
import { MagosError } from '../../../src/domain/error.ts'

const minute = 60_000
const hour = 3_600_000

function start(options: { perMinute?: number; perHour?: number; keptForCommits?: number } = {}) {
  const clock = { now: hour }
  return { clock, budget: createBudget({ now: () => clock.now, ...options }) }
}

/** When the budget says that it would work; null where it works now. */
function retryAt(work: () => unknown): number | null {
  try {
    work()
    return null
  } catch (error) {
    if (!(error instanceof MagosError) || error.code !== 'rate-limit') throw error
    return error.retryAt ?? Number.NaN
  }
}

describe('fitTime()', () => {
  it.each([
    [[], 3, 80, 0],
    [[0, 1], 1, 3, 0],
    [[0, 1], 2, 3, 0 + minute],
    [[0, 1, 2], 1, 3, 0 + minute],
    [[0, 1, 2], 2, 3, 1 + minute],
    [[0, 1, 2], 3, 3, 2 + minute],
  ])('after %j, %d more of %d fit at %d', (times, count, limit, expected) => {
    expect(fitTime(times, { count, limit, window: minute })).toBe(expected)
  })
})

describe('createBudget()', () => {
  it('reserve() sets aside all or none', () => {
    const { budget } = start({ perMinute: 4 })
    budget.reserve(3, 'commit')
    expect(retryAt(() => budget.reserve(3, 'commit'))).toBe(hour + minute)
    expect(retryAt(() => budget.reserve(1, 'commit'))).toBe(null)
  })

  it('reserve() counts a write from when it is sent', () => {
    const { budget, clock } = start({ perMinute: 3 })
    const writes = budget.reserve(3, 'commit')
    writes.spend()
    clock.now += 10_000
    writes.spend()
    writes.spend()
    expect(retryAt(() => budget.reserve(1, 'commit'))).toBe(hour + minute)
    expect(retryAt(() => budget.reserve(2, 'commit'))).toBe(hour + minute + 10_000)
  })

  it('release() gives back what was not sent', () => {
    const { budget } = start({ perMinute: 3 })
    const writes = budget.reserve(3, 'commit')
    writes.spend()
    writes.release()
    expect(retryAt(() => budget.reserve(2, 'commit'))).toBe(null)
    expect(retryAt(() => budget.reserve(1, 'commit'))).toBe(hour + minute)
  })

  it('reserve() keeps a share that reports cannot use', () => {
    const { budget } = start({ perMinute: 5, perHour: 100, keptForCommits: 3 })
    budget.reserve(1, 'report')
    budget.reserve(1, 'report')
    expect(retryAt(() => budget.reserve(1, 'report'))).toBe(hour + minute)
    expect(retryAt(() => budget.reserve(3, 'commit'))).toBe(null)
  })

  it('block() refuses everything until its time, and never shortens a wait', () => {
    const { budget, clock } = start()
    budget.block(hour + 5000)
    budget.block(hour + 1000)
    expect(retryAt(() => budget.reserve(1, 'commit'))).toBe(hour + 5000)
    expect(retryAt(() => budget.refuseWhileBlocked())).toBe(hour + 5000)
    clock.now += 5000
    expect(retryAt(() => budget.refuseWhileBlocked())).toBe(null)
  })

  it('never lets more through than both windows hold, and always when it said', () => {
    const steps = array(
      record({
        wait: integer({ min: 0, max: 90_000 }),
        count: integer({ min: 1, max: 4 }),
      }),
      { maxLength: 200 },
    )
    assert(
      property(steps, (taken) => {
        const { budget, clock } = start({ perMinute: 6, perHour: 40 })
        const sent: number[] = []
        for (const { wait, count } of taken) {
          clock.now += wait
          const later = retryAt(() => budget.reserve(count, 'commit'))
          expect(later ?? Number.POSITIVE_INFINITY).toBeGreaterThan(clock.now)
          clock.now = later ?? clock.now
          if (later !== null) budget.reserve(count, 'commit')
          for (let index = 0; index < count; index++) sent.push(clock.now)
          for (const [window, limit] of [
            [minute, 6],
            [hour, 40],
          ] as const) {
            const within = sent.filter((at) => at > clock.now - window)
            expect(within.length).toBeLessThanOrEqual(limit)
          }
        }
      }),
    )
  })
})
