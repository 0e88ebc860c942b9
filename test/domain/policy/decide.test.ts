import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../../src/domain/policy/parse.ts'

describe('decide()', () => {
  it.each([{ policy: 'semver' }, { policy: 'latest', tag: '1.0.0' }, { policy: 'digest' }])(
    'holds on more than 100,000 distinct tags: %j',
    (fields) => {
      const policy = parsePolicy(fields)
      const tags = Array.from({ length: 99_999 }, (_, index) => `x${index}`)
      const most = decide(policy, '1.0.0', [...tags, '1.0.0', '1.0.0'])
      expect(most.outcome).toBe('current')
      const crowd = decide(policy, '1.0.0', [...tags, '1.0.0', '1.1.0'])
      expect(crowd).toMatchObject({ outcome: 'hold', tag: null })
      expect(crowd.reason).toMatch(/100001 tags/)
      expect(crowd.considered).toHaveLength(100_001)
      expect(crowd.considered.every(({ verdict }) => verdict === 'rejected')).toBe(true)
    },
  )

  it('names every distinct tag once', () => {
    const tags = ['2.0.0', 'latest', '1.0.0', '2.0.0', 'latest', '1.0.0', '0.9.0', '?']
    for (const fields of [{ policy: 'semver' }, { policy: 'latest' }, { policy: 'digest' }]) {
      const { considered } = decide(parsePolicy(fields), '1.0.0', tags)
      expect(considered.map(({ tag }) => tag).toSorted()).toEqual(
        ['0.9.0', '1.0.0', '2.0.0', '?', 'latest'].toSorted(),
      )
      expect(considered.every(({ reason }) => reason !== '')).toBe(true)
    }
  })

  it('decides 10,000 tags in a few milliseconds', () => {
    const policy = parsePolicy({ policy: 'semver', range: '>=1.2 <4', exclude: 'windows|nano' })
    const suffixes = ['', '-alpine', '-rc.1', '-ls7']
    const tags = Array.from(
      { length: 10_000 },
      (_, index) => `${index % 9}.${(index >> 3) % 100}.${index % 97}${suffixes[index % 4]}`,
    )
    const times = Array.from({ length: 20 }, () => {
      const started = process.cpuUsage()
      decide(policy, '1.2.3', [...tags, '1.2.3'])
      const { user, system } = process.cpuUsage(started)
      return (user + system) / 1000
    })
    // The purse is 20 ms; computed, since a clock would count what the machine does beside it, and that slows caches too.
    expect(times.toSorted((a, b) => a - b)[10]).toBeLessThan(100)
  })
})
