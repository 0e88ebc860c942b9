import * as fc from 'fast-check'
import { satisfies, validRange } from 'semver'
import { describe, expect, it } from 'vitest'
import { inRange, parseRange } from '../../../src/domain/policy/range.ts'
import { readTagVersion } from '../../../src/domain/policy/tag-version.ts'
import { thrownBy } from './thrown.ts'

function admits(range: string, tag: string, reading: 'by-range' | 'included' = 'by-range') {
  const version = readTagVersion(tag)
  if (version === null) throw new Error(`${tag} does not read`)
  return inRange(parseRange(range, reading), version)
}

describe('parseRange()', () => {
  it.each([
    ['', /it is empty/],
    ['   ', /it is empty/],
    ['^1 ||', /one side of "\|\|"/],
    ['|| ^1', /one side of "\|\|"/],
    ['^1 || || ^2', /one side of "\|\|"/],
    ['>=1.1 <2 !=1.2.3', /"!="/],
    ['!=1', /"!="/],
    ['>=1, <2', /commas/],
    ['1,2', /commas/],
    ['~>1.2', /"~>"/],
    ['~> 1.2', /"~>"/],
    ['~=1.2', /"~="/],
    ['==1.2', /"=="/],
    ['=>1.2', /"=>"/],
    ['01.2.3', /zeros in front/],
    ['>=1.02', /zeros in front/],
    ['^v01', /zeros in front/],
    ['1 - 02', /zeros in front/],
    ['1.2.3-01', /./],
    ['1.*.3', /no range/],
    ['*.1', /no range/],
    ['1.x.x-beta', /no range/],
    ['1.2-beta', /no range/],
    ['1.2.3.4', /no range/],
    ['1.2.3 +b', /no range/],
    ['latest', /no range/],
    ['>', /no range/],
    ['> =1', /no range/],
    ['vv1', /no range/],
    ['V1', /no range/],
    ['1 | 2', /no range/],
    ['1 - >2', /no range/],
    ['>=1 - 2', /no range/],
    ['1 - 2 <3', /no range/],
    ['1-2', /no range/],
    ['<1.2.3-', /no range/],
    ['>=9007199254740992', /Invalid major version/],
    ['1 '.repeat(600), /longer than 1000/],
  ])('refuses %j', (range, problem) => {
    const error = thrownBy(() => parseRange(range, 'by-range'))
    expect(error.code).toBe('policy')
    expect(error.message).toMatch(problem)
    expect(error.remedy).toMatch(/npm's dialect/)
  })

  it.each([
    '*',
    'x',
    'X',
    '1',
    '1.x',
    '1.2.*',
    'v1.2.3',
    '=v1.2.3',
    '1.2.3+build.5',
    '^1.2.3-rc.1',
    '~1.2',
    '~ 1.2',
    '>= 1.2.0   <2.0.0',
    '>=1.2.0\n<2.0.0',
    '1.2.0 - 1.4',
    '^1 || ~2.3 || >=4 <5 || 7 - 8',
    '^1||^2',
    '<2.0.0-0',
    '0.0.0',
    '>2 <1',
  ])('takes %j as npm does', (range) => {
    expect(parseRange(range, 'by-range').text).toBe(range)
    expect(validRange(range)).not.toBeNull()
  })
})

describe('inRange()', () => {
  it.each([
    ['>=1.2.0 <2.0.0', '1.2.0', true],
    ['>=1.2.0 <2.0.0', '2.0.0', false],
    ['>=1.2.0 <2.0.0', 'v1.02.0', true],
    ['^1', '1', true],
    ['^16', '18', false],
    ['>=16 <19', '18', true],
    ['>=16 <19', '19', false],
    ['~1.2', '1.2', true],
    ['~1.2', '1.3', false],
    ['1.2 - 1.4', '1.4.9', true],
    ['1.2 - 1.4', '1.5.0', false],
    ['>2 <1', '1.5.0', false],
    ['<1 || >2', '2.5.0', false],
    ['<1 || >2', '3.0.0', true],
    ['^1', '1.2.3-alpine', true],
    ['^1', '1.2.3-ls4', true],
    // prereleases, as npm reads them
    ['*', '1.0.0-rc.1', false],
    ['>=1.0.0-0', '1.0.0-rc.1', true],
    ['>=1.0.0-0', '1.1.0-rc.1', false],
    ['^1.2.3-beta.2', '1.2.3-beta.1', false],
    ['^1.2.3-beta.2', '1.2.3-beta10', true],
    ['^1.2.3-beta2', '1.2.3-beta10', true],
    ['^1.2.3-BETA2', '1.2.3-beta.1', false],
    ['<2.0.0', '2.0.0-rc.1', false],
  ])('%j on %s: %s', (range, tag, expected) => {
    expect(admits(range, tag)).toBe(expected)
  })

  it.each([
    ['*', '1.0.0-rc.1', true],
    ['^1', '1.0.0-rc.1', true],
    ['^1.0.0', '1.0.0-rc.1', false],
    ['^1.0.0', '2.0.0-rc.1', false],
    ['<2.0.0', '2.0.0-rc.1', true],
  ])('with prereleases included, %j on %s: %s', (range, tag, expected) => {
    expect(admits(range, tag, 'included')).toBe(expected)
  })

  it('agrees with npm on every range that it takes', () => {
    const digit = fc.integer({ min: 0, max: 3 })
    const triple = fc.tuple(digit, digit, digit).map((parts) => parts.join('.'))
    const prerelease = fc.constantFrom('', '-alpha', '-beta.1', '-beta.2', '-rc.1')
    const full = fc.tuple(triple, prerelease).map((parts) => parts.join(''))
    const partial = fc.oneof(
      full,
      fc.constantFrom('*', 'x', '1', '2', '1.x', '2.1', '1.2.x', '1.*', '0', '0.1'),
    )
    const operator = fc.constantFrom('', '=', '<', '<=', '>', '>=', '~', '^', '>= ', '^ ')
    const comparator = fc.tuple(operator, partial).map((parts) => parts.join(''))
    const alternative = fc.oneof(
      fc.array(comparator, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(' ')),
      fc.tuple(partial, partial).map(([low, high]) => `${low} - ${high}`),
    )
    const range = fc
      .array(alternative, { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join(' || '))
    fc.assert(
      fc.property(range, full, fc.boolean(), (text, version, includePrerelease) => {
        const ours = admits(text, version, includePrerelease ? 'included' : 'by-range')
        expect(ours).toBe(satisfies(version, text, { includePrerelease }))
      }),
      { numRuns: 2000 },
    )
  })
})
