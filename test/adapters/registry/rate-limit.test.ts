import { expect, it } from 'vitest'
import { rateLimitOf } from '../../../src/adapters/registry/rate-limit.ts'

const now = Date.parse('2026-11-23T12:00:00Z')

const told: readonly (readonly [Record<string, string>, boolean | null, number | null])[] = [
  [{}, null, null],
  [{ 'ratelimit-limit': '100' }, null, null],
  [{ 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' }, false, null],
  [{ 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '9;w=21600' }, true, null],
  [{ 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' }, true, null],
  [{ 'ratelimit-remaining': '1' }, false, null],
  [
    {
      'ratelimit-limit': '60',
      'ratelimit-remaining': '0',
      'ratelimit-reset': String(now / 1000 + 30),
    },
    true,
    now + 30_000,
  ],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '45' }, true, now + 45_000],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '99999999999' }, true, now + 86_400_000],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': 'soon' }, true, null],
  [{ 'ratelimit-remaining': 'unlimited' }, null, null],
  [{ 'ratelimit-remaining': '-1' }, null, null],
]

for (const [headers, isScarce, restUntil] of told) {
  it(`rateLimitOf() reads ${JSON.stringify(headers)}`, () => {
    expect(rateLimitOf(headers, now)).toEqual({ isScarce, restUntil })
  })
}
