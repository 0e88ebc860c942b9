import { describe, expect, test } from 'vitest'
import { MagosError } from '../../src/domain/error.ts'
import { isRetryable, retryTime } from '../../src/work/retry.ts'

const at = (attempts: number, random = 0.5, retryAt?: number) =>
  retryTime({ retryAt }, { now: 0, attempts, random: () => random })

describe('retryTime()', () => {
  test('doubles from one second up to five minutes', () => {
    expect([0, 1, 2, 3, 8, 9, 10, 5_000].map((attempts) => at(attempts))).toEqual([
      1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000, 300_000,
    ])
  })

  test('spreads by a quarter on both sides', () => {
    expect([at(0, 0), at(0, 1)]).toEqual([750, 1_250])
  })

  test('is never before the time that was asked for', () => {
    expect(at(0, 0, 60_000)).toBe(60_000)
    expect(at(0, 1, 60_000)).toBe(61_000)
    expect(at(9, 0.5, 60_000)).toBe(300_000)
  })

  test('does not believe a time that is past or years away', () => {
    expect(at(0, 0.5, -5)).toBe(1_000)
    expect(at(0, 0, 10 ** 12)).toBe(3_600_000)
  })
})

describe('isRetryable()', () => {
  test.each(['network', 'rate-limit', 'busy', 'engine', 'git', 'internal', 'interrupted'] as const)(
    'says yes to %s',
    (code) => expect(isRetryable(new MagosError(code, 'x'))).toBe(true),
  )
  test.each(['configuration', 'usage', 'policy', 'compose', 'stack', 'provider'] as const)(
    'says no to %s',
    (code) => expect(isRetryable(new MagosError(code, 'x'))).toBe(false),
  )
})
