import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Digest } from '../../../src/domain/image-reference.ts'
import { parsePlatform, type PlatformImage } from '../../../src/domain/platform.ts'
import { ageText, momentText, parseAge } from '../../../src/domain/policy/age.ts'
import { decide } from '../../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../../src/domain/policy/parse.ts'
import {
  ageObstacle,
  isSameForAll,
  noRules,
  parseRules,
  platformObstacle,
  stricter,
  windowObstacle,
} from '../../../src/domain/policy/rules.ts'
import { answersOrRefuses, thrownBy } from './thrown.ts'

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2026, 2, 7, 3, 30)
const amd64 = parsePlatform('linux/amd64')

describe('parseAge()', () => {
  it.each([
    ['90m', 1.5 * hour],
    ['36h', 36 * hour],
    ['3d', 3 * day],
    ['0.5d', 12 * hour],
    ['2w', 14 * day],
    ['0h', 0],
  ])('reads %s', (text, ms) => {
    expect(parseAge(text)).toBe(ms)
    expect(parseAge(ageText(ms))).toBe(ms)
  })

  it.each(['3', '3 d', '-3d', '3s', '', 'd', '9999w', 3, null, ['3d']])('refuses %j', (value) => {
    expect(thrownBy(() => parseAge(value))).toMatchObject({
      code: 'policy',
      message: expect.stringContaining('"minAge"'),
      remedy: expect.stringContaining('"3d"'),
    })
  })
})

describe('momentText()', () => {
  it.each([
    [now, '2026-03-07 03:30 UTC'],
    [now + 1, '2026-03-07 03:31 UTC'],
    [now - 1, '2026-03-07 03:30 UTC'],
  ])('never names a minute before the moment: %d', (at, text) => {
    expect(momentText(at)).toBe(text)
  })
})

describe('ageObstacle()', () => {
  const rules = { ...noRules, minAge: 3 * day }

  it('waits until the first sight is old enough, and says until when', () => {
    expect(ageObstacle(rules, '1.3.0', { firstSeen: now - 2 * day, now })).toEqual({
      kind: 'waits',
      reason:
        '"1.3.0" waits until 2026-03-08 03:30 UTC: it was first seen 2026-03-05 03:30 UTC, and "minAge" is 3d',
    })
    expect(ageObstacle(rules, '1.3.0', { firstSeen: now - 3 * day + 1, now })).not.toBeNull()
    expect(ageObstacle(rules, '1.3.0', { firstSeen: now - 3 * day, now })).toBeNull()
    expect(ageObstacle(noRules, '1.3.0', { firstSeen: now, now })).toBeNull()
  })
})

describe('platformObstacle()', () => {
  it.each<[wanted: string[], there: string[], obstacle: RegExp | null]>([
    [[], ['linux/amd64', 'linux/arm64'], null],
    [[], ['linux/arm64'], /not there for linux\/amd64; it is there for linux\/arm64/],
    [[], [], /it is there for none/],
    [['linux/amd64', 'linux/arm64'], ['linux/amd64', 'linux/arm64/v8'], null],
    [['linux/amd64', 'linux/arm64'], ['linux/amd64'], /not there for linux\/arm64/],
    [['linux/arm64'], ['linux/arm64'], null],
    [['linux/arm/v7'], ['linux/arm/v6'], null],
    [['linux/arm/v6'], ['linux/arm/v7'], /not there for linux\/arm\/v6/],
    [['windows/amd64'], ['linux/amd64'], /windows\/amd64/],
  ])('of %j in %j', (wanted, there, obstacle) => {
    const rules = { ...noRules, platforms: wanted.map(parsePlatform) }
    const found = platformObstacle(rules, amd64, '1', there.map(parsePlatform))
    expect(found?.kind).toBe(obstacle === null ? undefined : 'problem')
    expect(found?.reason ?? '').toMatch(obstacle ?? /^$/)
  })
})

function imageFor(platform: string, mark: string): PlatformImage {
  const digest: Digest = `sha256:${mark.repeat(64)}`
  return { ...parsePlatform(platform), digest }
}

describe('isSameForAll()', () => {
  const before = [imageFor('linux/amd64', 'a'), imageFor('linux/arm64', 'b')]

  it('asks only the platforms that count', () => {
    const otherArm = [imageFor('linux/amd64', 'a'), imageFor('linux/arm64', 'c')]
    expect(isSameForAll(noRules, amd64, before, otherArm)).toBe(true)
    expect(isSameForAll(noRules, parsePlatform('linux/arm64'), before, otherArm)).toBe(false)
    const both = { ...noRules, platforms: ['linux/amd64', 'linux/arm64'].map(parsePlatform) }
    expect(isSameForAll(both, amd64, before, otherArm)).toBe(false)
    expect(isSameForAll(both, amd64, before, [...before, imageFor('linux/s390x', 'd')])).toBe(true)
  })

  it('never calls two images the same that are not there', () => {
    expect(isSameForAll(noRules, parsePlatform('linux/riscv64'), before, before)).toBe(false)
    expect(isSameForAll(noRules, amd64, [], before)).toBe(false)
    expect(isSameForAll(noRules, amd64, before, [])).toBe(false)
  })
})

describe('windowObstacle()', () => {
  const berlin = 'Europe/Berlin'
  // 2026-03-07 is a Saturday; 03:30 in UTC is 04:30 in Berlin.
  it.each<[window: unknown, at: string, state: 'open' | 'closed']>([
    [{ days: 'sat' }, '2026-03-07T00:00:00Z', 'open'],
    [{ days: 'sat' }, '2026-03-06T23:59:59Z', 'closed'],
    [{ days: 'sat', timeZone: berlin }, '2026-03-06T23:00:00Z', 'open'],
    [{ days: 'Mon-Fri' }, '2026-03-07T12:00:00Z', 'closed'],
    [{ days: 'fri-mon' }, '2026-03-08T12:00:00Z', 'open'],
    [{ days: ['saturday', 'sun'] }, '2026-03-08T12:00:00Z', 'open'],
    [{ hours: '02:00-05:00' }, '2026-03-07T02:00:00Z', 'open'],
    [{ hours: '02:00-05:00' }, '2026-03-07T04:59:59Z', 'open'],
    [{ hours: '02:00-05:00' }, '2026-03-07T05:00:00Z', 'closed'],
    [{ hours: '02:00-05:00', timeZone: berlin }, '2026-03-07T04:30:00Z', 'closed'],
    [{ hours: '02:00-05:00', timeZone: berlin }, '2026-07-07T00:30:00Z', 'open'],
    [{ days: 'sat', hours: '22:00-04:00' }, '2026-03-07T23:00:00Z', 'open'],
    [{ days: 'sat', hours: '22:00-04:00' }, '2026-03-08T03:59:00Z', 'open'],
    [{ days: 'sat', hours: '22:00-04:00' }, '2026-03-08T04:00:00Z', 'closed'],
    [{ days: 'sat', hours: '22:00-04:00' }, '2026-03-07T03:00:00Z', 'closed'],
    [{ hours: '00:00-24:00' }, '2026-03-07T23:59:00Z', 'open'],
    ['* 2-4 * * 6', '2026-03-07T02:00:00Z', 'open'],
    ['* 2-4 * * 6', '2026-03-07T04:59:59Z', 'open'],
    ['* 2-4 * * 6', '2026-03-07T05:00:00Z', 'closed'],
    [{ cron: '* 2-4 * * sat', timeZone: berlin }, '2026-03-07T03:59:59Z', 'open'],
    [{ cron: '* 2-4 * * sat', timeZone: berlin }, '2026-03-07T04:00:00Z', 'closed'],
  ])('%j at %s is %s', (window, at, state) => {
    const found = windowObstacle(parseRules({ window }), Date.parse(at))
    expect(found?.kind ?? 'open').toBe(state === 'open' ? 'open' : 'waits')
  })

  it.each([
    'nights',
    '* * * *',
    '* * * * * *',
    '61 * * * *',
    {},
    { timeZone: 'UTC' },
    { days: 'someday' },
    { days: [] },
    { days: 'mon-tue-wed' },
    { hours: '2-5' },
    { hours: '25:00-26:00' },
    { hours: '02:60-03:00' },
    { hours: '02:00-02:00' },
    { hours: '24:00-02:00' },
    { days: 'sat', timeZone: 'Mars/Olympus' },
    { cron: '* 2 * * *', days: 'sat' },
    { days: 'sat', day: 'sun' },
    7,
    null,
    ['sat'],
  ])('refuses the window %j', (window) => {
    expect(thrownBy(() => parseRules({ window }))).toMatchObject({
      code: 'policy',
      message: expect.stringContaining('"window"'),
      remedy: expect.stringContaining('"hours"'),
    })
  })
})

describe('stricter()', () => {
  it('takes the older age, every platform and every window', () => {
    const a = parseRules({ minAge: '1d', platforms: ['linux/arm64'], window: { days: 'sat' } })
    const b = parseRules({ minAge: '3d', platforms: ['linux/amd64'], window: { days: 'sat,sun' } })
    for (const both of [stricter(a, b), stricter(b, a)]) {
      expect(both.minAge).toBe(3 * day)
      expect(both.platforms).toHaveLength(2)
      expect(windowObstacle(both, now)).toBeNull()
      expect(windowObstacle(both, now + day)).not.toBeNull()
    }
  })

  it('never lets pass what one of them keeps back', () => {
    const ages = fc.constantFrom('0h', '12h', '3d')
    const windows = fc.constantFrom('* 2-4 * * *', { days: 'sat,sun' }, { hours: '22:00-03:00' })
    const rules = fc
      .record({ minAge: ages, window: windows }, { requiredKeys: [] })
      .map((fields) => parseRules(fields))
    const moment = fc.integer({ min: now - 7 * day, max: now + 7 * day })
    const property = fc.property(rules, rules, moment, moment, (a, b, firstSeen, at) => {
      const both = stricter(a, b)
      const sight = { firstSeen, now: at }
      const kept = [a, b].some((one) => ageObstacle(one, '1', sight) !== null)
      const closed = [a, b].some((one) => windowObstacle(one, at) !== null)
      expect(ageObstacle(both, '1', sight) !== null).toBe(kept)
      expect(windowObstacle(both, at) !== null).toBe(closed)
    })
    expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow()
  })

  it('throws nothing but the one error class, whatever is written', () => {
    const fields = fc.record(
      { minAge: fc.anything(), platforms: fc.anything(), window: fc.anything() },
      { requiredKeys: [] },
    )
    const property = fc.property(fields, (value) => answersOrRefuses(() => parseRules(value)))
    expect(() => fc.assert(property, { numRuns: 500 })).not.toThrow()
  })
})

describe('"ignore"', () => {
  const tags = ['1.2.3', '1.4.0', '1.5.0', '1.5.1-rc.1', '2.0.0']
  const choice = (ignore: unknown, at = now) =>
    decide(parsePolicy({ policy: 'semver', ignore }), '1.2.3', tags, { now: at }).tag

  it.each<[ignore: unknown, chosen: string]>([
    [[], '2.0.0'],
    [['2.0.0'], '1.5.0'],
    [['v2.0.0'], '2.0.0'],
    [[{ tag: '2.0.0' }, '1.5.0'], '1.4.0'],
    [[{ range: '>=1.5' }], '1.4.0'],
    [[{ range: '^2' }], '1.5.0'],
    [[{ tag: '2.0.0', until: '2026-03-07' }], '1.5.0'],
    [[{ tag: '2.0.0', until: '2026-03-06' }], '2.0.0'],
    [[{ range: '>=1.5', until: '2026-03-06' }], '2.0.0'],
    [[{ range: '*' }], '1.2.3'],
    [['1.2.3'], '2.0.0'],
  ])('%j leaves %s', (ignore, chosen) => {
    expect(choice(ignore)).toBe(chosen)
  })

  it('counts to the end of its last day', () => {
    const ignore = [{ tag: '2.0.0', until: '2026-03-07' }]
    expect(choice(ignore, Date.UTC(2026, 2, 8) - 1)).toBe('1.5.0')
    expect(choice(ignore, Date.UTC(2026, 2, 8))).toBe('2.0.0')
  })

  it('says of a tag that it is ignored, and how long', () => {
    const policy = parsePolicy({
      policy: 'semver',
      ignore: [{ range: '^2', until: '2026-03-31' }, '1.5.0'],
    })
    const { considered } = decide(policy, '1.2.3', tags, { now })
    const reasons = new Map(considered.map((one) => [one.tag, one.reason]))
    expect(reasons.get('2.0.0')).toBe('"ignore" names the range "^2" until the end of 2026-03-31')
    expect(reasons.get('1.5.0')).toBe('"ignore" names it, for good')
  })
})
