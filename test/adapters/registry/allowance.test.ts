import { describe, expect, it } from 'vitest'
import { allowanceOf, spendable, type Allowance } from '../../../src/adapters/registry/allowance.ts'

const now = Date.parse('2026-11-23T12:00:00Z')
const minute = now + 60_000
const hub = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' }
const spent = { 'ratelimit-limit': '60', 'ratelimit-remaining': '0' }

const told: readonly (readonly [Record<string, string>, Partial<Allowance> | null])[] = [
  [{}, null],
  [{ 'ratelimit-limit': '100' }, null],
  [hub, { limit: 100, remaining: 76, counts: 'pulls', endsAt: now + 21_600_000 }],
  [{ 'ratelimit-remaining': '1' }, { limit: null, remaining: 1, counts: 'requests' }],
  [{ 'ratelimit-remaining': '1' }, { endsAt: minute }],
  [{ ...spent, 'ratelimit-reset': String(now / 1000 + 30) }, { endsAt: now + 30_000 }],
  [
    { ...spent, 'ratelimit-reset': '45' },
    { limit: 60, remaining: 0, endsAt: now + 45_000 },
  ],
  [{ ...spent, 'ratelimit-reset': '99999999999' }, { endsAt: now + 86_400_000 }],
  [{ ...spent, 'ratelimit-reset': '1700000000' }, { endsAt: now }],
  [{ ...spent, 'ratelimit-reset': 'soon' }, { endsAt: minute }],
  [
    { 'x-ratelimit-limit': '180', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': '7' },
    { limit: 180, remaining: 9, counts: 'requests', endsAt: now + 7000 },
  ],
  [
    { 'ratelimit-limit': '10, 10;w=5, 50;w=60', 'ratelimit-remaining': '3' },
    { limit: 10, counts: 'requests', endsAt: now + 5000 },
  ],
  [{ ...spent, 'ratelimit-remaining': '0;w=99999999' }, { endsAt: now + 86_400_000 }],
  [{ 'ratelimit-remaining': 'unlimited' }, null],
  [{ 'ratelimit-remaining': '-1' }, null],
]

describe('allowanceOf()', () => {
  for (const [headers, allowance] of told) {
    it(`allowanceOf() reads ${JSON.stringify(headers)} as ${JSON.stringify(allowance)}`, () => {
      const read = allowanceOf(headers, now)
      expect(read === null ? null : { ...read, ...allowance }).toEqual(read)
      expect(read === null).toBe(allowance === null)
    })
  }
})

describe('spendable()', () => {
  const left: readonly (readonly [number | null, number, number])[] = [
    [100, 76, 66],
    [100, 10, 0],
    [100, 0, -10],
    [9, 1, 1],
    [null, 3, 3],
  ]
  for (const [limit, remaining, expected] of left) {
    it(`spendable() is ${expected} where ${remaining} of ${limit} remain`, () => {
      expect(spendable({ limit, remaining, counts: 'pulls', endsAt: now })).toBe(expected)
    })
  }
})
