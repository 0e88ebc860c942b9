import { expect, it } from 'vitest'
import { retryAtOf } from '../../../src/adapters/registry/retry-after.ts'

const now = Date.parse('2026-11-23T12:00:00Z')
const day = 86_400_000

const cases: readonly (readonly [string, string, number | undefined])[] = [
  ['7', '', 7000],
  ['0', '', 0],
  ['1.5', '', 1500],
  ['Mon, 23 Nov 2026 12:00:30 GMT', '', 30_000],
  ['Mon, 23 Nov 2026 11:00:00 GMT', '', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', '', day],
  ['999999999999', '', day],
  ['-5', '', undefined],
  ['soon', '', undefined],
  ['', '', undefined],
  ['', 'toomanyrequests: retry-after: 331.163µs, allowed: 44000/minute', 1],
  ['', 'toomanyrequests: retry-after: 331.163\u03bcs, allowed: 44000/minute', 1],
  ['', '{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 1m2.5s"}]}', 62_500],
  ['', 'retry-after: 500ms', 500],
  ['', 'retry-after: 1h', 3_600_000],
  ['', 'retry-after: later', undefined],
  ['2', 'retry-after: 1h', 2000],
]

for (const [header, body, wait] of cases) {
  it(`retryAtOf() reads ${JSON.stringify(header)} and ${JSON.stringify(body)}`, () => {
    const expected = wait === undefined ? undefined : now + wait
    expect(retryAtOf(header === '' ? {} : { 'retry-after': header }, body, now)).toBe(expected)
  })
}
