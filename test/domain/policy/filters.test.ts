import { describe, expect, it } from 'vitest'
import { compileFilters } from '../../../src/domain/policy/filters.ts'
import { thrownBy } from './thrown.ts'

const none = { include: null, exclude: null, extract: null }
const hex = '0a1b2c3d'.repeat(8)

describe('compileFilters()', () => {
  it.each([
    ['include', 'alpine', ['1.2-alpine', 'alpine'], ['1.2', 'Alpine']],
    ['include', '^1\\.', ['1.2', '1.'], ['2.1.1', 'v1.2']],
    ['exclude', 'rc|windows', ['1.2', '1.2-alpine'], ['1.2-rc1', 'windows-1', '1-rc']],
    ['exclude', '^2', ['1.2'], ['2', '20']],
  ] as const)('searches a tag for "%s" %j', (key, pattern, kept, dropped) => {
    const filter = compileFilters({ ...none, [key]: pattern })
    for (const tag of kept) expect(filter(tag)).toEqual({ kept: true, text: tag })
    for (const tag of dropped) expect(filter(tag)).toMatchObject({ kept: false, by: key })
  })

  it.each(['^release-(?P<version>.+)$', '^release-(?<version>.+)$', 'release-(?P<version>.*)'])(
    'takes the group out of a tag by "extract" %j',
    (extract) => {
      const filter = compileFilters({ ...none, extract })
      expect(filter('release-1.2.3')).toEqual({ kept: true, text: '1.2.3' })
      expect(filter('1.2.3')).toMatchObject({ kept: false, by: 'extract' })
    },
  )

  it('drops a tag whose group took no part in the match', () => {
    const filter = compileFilters({ ...none, extract: '^x(?P<version>[0-9.]+)?' })
    expect(filter('x1.2')).toEqual({ kept: true, text: '1.2' })
    expect(filter('xy')).toMatchObject({ kept: false, by: 'extract' })
  })

  it('finds the named group behind others', () => {
    const filter = compileFilters({ ...none, extract: '(a|b)-((?P<version>[0-9]+)-(c|d))' })
    expect(filter('a-12-c')).toEqual({ kept: true, text: '12' })
  })

  it('asks all three of one tag', () => {
    const filter = compileFilters({ include: 'x', exclude: 'y', extract: '(?P<version>[0-9]+)' })
    expect(filter('x1')).toEqual({ kept: true, text: '1' })
    expect(filter('1')).toMatchObject({ by: 'include' })
    expect(filter('xy1')).toMatchObject({ by: 'exclude' })
    expect(filter('x')).toMatchObject({ by: 'extract' })
  })

  it.each([
    [`sha256-${hex}`, /signature/],
    [`sha256-${hex}.sig`, /signature/],
    [`sha256-${hex}.att`, /signature/],
    [`sha256-${hex}.sbom`, /signature/],
    ['0a1b2c3', /commit hash/],
    ['deadbeef', /commit hash/],
    ['1b12345', /commit hash/],
    ['a'.repeat(40), /commit hash/],
    ['sha-0a1b2c3', /commit hash/],
    [`sha-${'a'.repeat(40)}`, /commit hash/],
    ['sha-1234567', /commit hash/],
    ['1.2.3 ', /no valid tag/],
    ['1.2.3\n', /no valid tag/],
    ['1.2.3+1', /no valid tag/],
    ['-1.2.3', /no valid tag/],
    ['', /no valid tag/],
    ['1'.repeat(129), /no valid tag/],
  ])('never keeps %j', (tag, reason) => {
    const filtered = compileFilters(none)(tag)
    expect(filtered).toMatchObject({ kept: false, by: 'nature' })
    expect('reason' in filtered && filtered.reason).toMatch(reason)
  })

  it.each([
    '1234567',
    '20240105',
    'abcdef',
    'a'.repeat(41),
    '0A1B2C3',
    'sha-x',
    `sha-${'a'.repeat(41)}`,
    `sha-${hex}`,
    'sha-0a1b2c',
    `sha256-${hex}.x`,
    `sha256-${hex}0`,
  ])('keeps %j, which is neither signature nor commit', (tag) => {
    expect(compileFilters(none)(tag)).toEqual({ kept: true, text: tag })
  })

  it('takes no commit hash for a version, extracted or not', () => {
    const filter = compileFilters({ ...none, extract: '^app-(?P<version>.+)$' })
    expect(filter('app-1b12345')).toMatchObject({ kept: false, by: 'nature' })
    expect(filter('app-1.2.3')).toEqual({ kept: true, text: '1.2.3' })
  })

  it.each([
    ['include', '(?=a)b', /\(\?=/],
    ['include', '(?!a)b', /\(\?!/],
    ['exclude', '(?<=a)b', /invalid named capture/],
    ['exclude', '(?<!a)b', /invalid named capture/],
    ['include', '(a)\\1', /\\1/],
    ['include', '(?P<x>a)(?P=x)', /\(\?P/],
    ['include', '(?<x>a)\\k<x>', /\\k/],
    ['include', '[', /missing closing \]/],
    ['include', '(', /missing closing \)/],
    ['exclude', '*a', /missing argument/],
    ['exclude', '(?>a)', /\(\?>/],
    ['exclude', 'a{1001}', /repeat count/],
    ['include', '', /empty pattern/],
    ['exclude', '', /empty pattern/],
    ['include', 'a'.repeat(1001), /longer than 1000/],
    ['include', 'a{1000}'.repeat(20), /too large/],
    ['extract', '(.+)', /no group named "version"/],
    ['extract', '(?P<Version>.+)', /no group named "version"/],
    ['extract', '(?P<toString>.+)', /no group named "version"/],
    ['extract', '(?P<version>a)(?P<version>b)', /duplicate/],
    ['extract', '', /empty pattern/],
  ] as const)('refuses "%s" %j', (key, pattern, problem) => {
    const error = thrownBy(() => compileFilters({ ...none, [key]: pattern }))
    expect(error.code).toBe('policy')
    expect(error.message).toMatch(problem)
    expect(error.message).toContain(`"${key}"`)
    expect(error.remedy).toBeTruthy()
  })

  it('stays linear where a backtracking engine would not end', () => {
    const filter = compileFilters({
      include: '^(a+)+$',
      exclude: '(a|aa)+$',
      extract: '^(?P<version>(a*)*)b$',
    })
    const hostile = `${'a'.repeat(127)}!`.slice(0, 127) + 'b'
    const started = performance.now()
    for (let count = 0; count < 1000; count++) filter(hostile)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
