import { describe, expect, it } from 'vitest'
import { calendarShape, readCalendarVersion } from '../../../src/domain/policy/calendar-version.ts'
import { decide } from '../../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../../src/domain/policy/parse.ts'

type Fields = Readonly<Record<string, unknown>>

function decideTags(committed: string | null, tags: readonly string[], fields: Fields = {}) {
  return decide(parsePolicy({ policy: 'calver', ...fields }), committed, tags)
}

describe('readCalendarVersion()', () => {
  it.each([
    ['2025.02.03', 'YYYY.MM.DD', [2025, 2, 3]],
    ['2025.2.3', 'YYYY.MM.DD', [2025, 2, 3]],
    ['2025-06-03', 'YYYY-MM-DD', [2025, 6, 3]],
    ['20250603', 'YYYYMMDD', [2025, 6, 3]],
    ['202506', 'YYYYMM', [2025, 6]],
    ['25.04', 'YY.MM', [25, 4]],
    ['2504', 'YYMM', [25, 4]],
    ['250403', 'YYMMDD', [25, 4, 3]],
    ['2025.02.03.17', 'YYYY.MM.DD.N', [2025, 2, 3, 17]],
    ['2025060300', 'YYYYMMDDN', [2025, 6, 3, 0]],
    ['2024.02.29', 'YYYY.MM.DD', [2024, 2, 29]],
    ['2000.02.29', 'YYYY.MM.DD', [2000, 2, 29]],
  ])('reads %s as %s', (text, shape, parts) => {
    const version = readCalendarVersion(text)
    expect(version?.parts).toEqual(parts)
    expect(version === null ? null : calendarShape(version)).toBe(shape)
  })

  it.each([
    '2025',
    '2025.13',
    '2025.0',
    '2025.02.30',
    '2025.02.00',
    '2023.02.29',
    '2100.02.29',
    '2025.02-03',
    '2025.02.03-alpine',
    '2025.02.03a',
    'v2025.02.03',
    '2025.02.03.1.2',
    '2025..03',
    '20250230',
    '20251',
    '0025.02.03',
    '2025.002',
    `2025.02.03.${'9'.repeat(20)}`,
    ' 2025.02.03',
    '2025.02.03\n',
    '',
  ])('does not read %j', (text) => {
    expect(readCalendarVersion(text)).toBeNull()
  })
})

describe('decideCalver()', () => {
  it.each<[committed: string, others: string[], chosen: string, fields?: Fields]>([
    ['2025.02.03', ['2025.02.04', '2025.10.01', '2025.9.30'], '2025.10.01'],
    ['2025.08.05', ['2025.06.03', '2025.08.06'], '2025.08.06'],
    ['2025-06-03', ['2025-08-05', '2025.09.01', '20251001'], '2025-08-05'],
    ['2026-08-10', ['2026-08-28', '2026-08-09'], '2026-08-28'],
    ['20250603', ['20250604', '2025060500', '202507'], '20250604'],
    ['25.04', ['25.10', '2025.11', '25.10.01'], '25.10'],
    ['2025.02.03.9', ['2025.02.03.10', '2025.02.04'], '2025.02.03.10'],
    ['2025.02.03', ['2025.02.31', '2025.02.04'], '2025.02.04'],
    ['2025.02.03', ['99999999', '2025.02.04-rc1', 'latest', '3.0.0', '2025.02.05'], '2025.02.05'],
    ['2025.02.03', ['2035.02.03'], '2035.02.03'],
    ['2025.02.03', ['2025.3.1', '2025.03.01'], '2025.03.01'],
    ['r2025.02.03', ['r2025.02.04'], 'r2025.02.04', { extract: '^r(?P<version>.+)$' }],
    ['2025.02.03', ['2025.02.04', '2025.02.05'], '2025.02.04', { exclude: '5$' }],
    ['2025.02.03', ['2025.02.04', '2025.02.05'], '2025.02.04', { ignore: ['2025.02.05'] }],
  ])('of %s and %j: %s', (committed, others, chosen, fields) => {
    for (const tags of [others, others.toReversed()]) {
      const decision = decideTags(committed, [...tags, committed], fields)
      expect(decision).toMatchObject({ outcome: 'update', tag: chosen })
    }
  })

  it.each<[committed: string | null, tags: string[], outcome: string, reason: RegExp]>([
    [null, ['2025.02.03'], 'hold', /no tag is committed.*"calver".*write one/],
    ['2025.02.03', ['2025.02.04'], 'hold', /"2025\.02\.03" is missing/],
    ['2025.02.03', [], 'hold', /missing from the list of the registry, which is empty/],
    ['1.2.3', ['1.2.3'], 'hold', /reads as no date.*policy "semver" can order it/],
    ['2025.2.31', ['2025.2.31'], 'hold', /policy "semver".*"numeric"/],
    ['2025.02.03', ['2025.02.03', '2025.02.02', '2025.2.3'], 'current', /nothing that fits/],
  ])('of %j and %j: %s', (committed, tags, outcome, reason) => {
    const decision = decideTags(committed, tags)
    expect(decision.outcome).toBe(outcome)
    expect(decision.reason).toMatch(reason)
    expect(decision.considered).toHaveLength(tags.length)
  })

  it('tells of another shape which it is', () => {
    const { considered } = decideTags('25.04', ['25.04', '2025.05'])
    expect(considered.at(-1)?.reason).toBe('it is written YYYY.MM, the committed tag YY.MM')
  })
})
