import { describe, expect, test } from 'vitest'
import {
  afterTry,
  askedAgain,
  leaveToMend,
  type Trouble,
} from '../../../src/domain/deploy/trouble.ts'

const asked = (now: number, inputs = 'i1') => ({ stack: 'shop', inputs, now })

/** The trouble after so many tries in a row, each as soon as it may be, and the waits before them. */
function fail(tries: number): { trouble: Trouble | null; waits: number[] } {
  let trouble: Trouble | null = null
  let now = 1_000_000
  const waits: number[] = []
  for (let count = 0; count < tries; count += 1) {
    const first = leaveToMend(trouble, asked(now))
    if (first.leave === 'wait') {
      waits.push(first.until - now)
      now = first.until
    }
    const leave = leaveToMend(trouble, asked(now))
    if (leave.leave !== 'go') throw new Error('It may not be tried')
    trouble = afterTry(leave.trouble, { outcome: 'failed', reason: 'web is unhealthy', at: now })
  }
  return { trouble, waits }
}

describe('leaveToMend()', () => {
  test('lets the first try go at once', () => {
    expect(leaveToMend(null, asked(5))).toMatchObject({ leave: 'go', trouble: { failures: 0 } })
  })

  test('has each further try wait longer, and gives up after five', () => {
    const { trouble, waits } = fail(5)
    expect(waits).toEqual([5_000, 20_000, 80_000, 320_000])
    expect(leaveToMend(trouble, asked(1e12))).toEqual({
      leave: 'none',
      reason: 'given up after 5 tries: web is unhealthy',
    })
  })

  test('begins anew for another state, a person, and a clock that was set back', () => {
    const { trouble } = fail(5)
    expect(leaveToMend(trouble, asked(1e12, 'i2')).leave).toBe('go')
    expect(leaveToMend(askedAgain(trouble), asked(1e12))).toMatchObject({
      leave: 'go',
      trouble: { failures: 1 },
    })
    expect(leaveToMend(trouble, asked(3)).leave).toBe('go')
  })

  test('gives up where somebody undoes what was put right twenty times an hour', () => {
    let trouble: Trouble | null = null
    const mend = (now: number): void => {
      const leave = leaveToMend(trouble, asked(now))
      if (leave.leave !== 'go') throw new Error('It may not be tried')
      trouble = afterTry(leave.trouble, { outcome: 'mended', reason: 'web was gone', at: now })
    }
    for (let count = 0; count < 20; count += 1) mend(1_000 * count)
    expect(leaveToMend(trouble, asked(30_000))).toEqual({
      leave: 'none',
      reason: 'given up: it drifted 20 times within an hour: web was gone',
    })
    mend(3_700_000)
    expect(trouble).toMatchObject({ mends: 1, since: 3_700_000 })
  })

  test('forgets failures with a try that went well', () => {
    const { trouble } = fail(3)
    if (trouble === null) throw new Error('There is trouble')
    expect(afterTry(trouble, { outcome: 'mended', reason: '', at: 9 })).toMatchObject({
      failures: 0,
      mends: 1,
    })
  })
})
