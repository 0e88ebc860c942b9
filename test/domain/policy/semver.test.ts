import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../../src/domain/policy/parse.ts'

type Fields = Readonly<Record<string, unknown>>

/** Decides by a semver policy, the committed tag in the list. */
function decideListed(committed: string, others: readonly string[], fields: Fields = {}) {
  return decideTags(committed, [committed, ...others], fields)
}

function decideTags(committed: string | null, tags: readonly string[], fields: Fields = {}) {
  return decide(parsePolicy({ policy: 'semver', ...fields }), committed, tags)
}

function verdictOf(decision: ReturnType<typeof decide>, tag: string) {
  const considered = decision.considered.find((one) => one.tag === tag)
  return considered === undefined ? null : `${considered.verdict}: ${considered.reason}`
}

describe('decideSemver() picks', () => {
  it.each<[committed: string, tags: string[], chosen: string, fields?: Fields]>([
    ['1.2.3', ['1.2.4', '1.3.0', '1.2.10'], '1.3.0'],
    ['1.9.0', ['1.10.0', '1.2.0'], '1.10.0'],
    ['1.2.3', ['1.3.0', '2.0.0'], '1.3.0', { range: '^1' }],
    ['1.2', ['1.3', '1.4.0', '2'], '1.3'],
    ['16', ['17', '18.1', '17.5.2'], '17'],
    ['v1.2.3', ['v1.2.4', '1.2.5'], '1.2.5'],
    ['1.2.3', ['1.2.04'], '1.2.04'],
    // variants and counters
    ['1.2.3-alpine', ['1.2.4', '1.2.4-alpine', '1.2.5-alpine3.20'], '1.2.4-alpine'],
    ['1.2.3', ['1.2.4', '1.2.5-alpine', '1.2.6-bookworm-slim'], '1.2.4'],
    ['1.2.3-ls9', ['1.2.3-ls10', '1.2.4', '1.2.3-r11'], '1.2.3-ls10'],
    ['1.2.3-ls9', ['1.2.4-ls1', '1.2.3-ls10'], '1.2.4-ls1'],
    ['17.0.1_12-jre-alpine', ['17.0.1_13-jre-alpine', '17.0.2_8-jre'], '17.0.1_13-jre-alpine'],
    ['1.2.3-alpine-ls12', ['1.2.3-alpine-ls13', '1.2.4-alpine', '1.2.3-ls14'], '1.2.3-alpine-ls13'],
    ['1.2.3-debian-12-r4', ['1.2.3-debian-12-r5', '1.2.3-debian-13-r6'], '1.2.3-debian-12-r5'],
    // prereleases
    ['1.2.3', ['1.2.4', '1.3.0-rc.1'], '1.2.4'],
    ['1.2.3', ['1.2.4', '1.3.0-rc.1'], '1.3.0-rc.1', { prerelease: true }],
    ['1.2.3', ['1.3.0', '1.3.0-rc.1'], '1.3.0', { prerelease: true }],
    ['1.3.0-rc.1', ['1.3.0-rc.2', '1.3.0-beta.9'], '1.3.0-rc.2'],
    ['1.3.0-rc.1', ['1.3.0', '1.3.0-rc.2'], '1.3.0'],
    ['1.3.0-rc.1', ['1.4.0-beta1', '1.3.0'], '1.4.0-beta1'],
    ['1.3.0-beta2', ['1.3.0-beta10', '1.3.0-beta3'], '1.3.0-beta10'],
    ['1.3.0-rc.1-alpine', ['1.3.0-rc.2', '1.3.0-rc.2-alpine'], '1.3.0-rc.2-alpine'],
    ['1.3.0-alpine', ['1.3.1-rc.1-alpine', '1.3.1-alpine'], '1.3.1-alpine'],
    // filters
    ['1.2.3', ['1.2.4', '1.2.5'], '1.2.4', { exclude: '5$' }],
    ['1.2.3', ['1.2.4', '1.2.5', '1.3.0'], '1.2.5', { include: '^1\\.2' }],
    ['r-1.2', ['r-1.3', '1.4', 's-1.5'], 'r-1.3', { extract: '^r-(?P<version>.+)$' }],
    ['r-1.2', ['r-v1.3', 'R-1.4'], 'R-1.4', { extract: '^[rR]-(?<version>.+)$' }],
    // never candidates
    ['1.2.3', [`sha256-${'a'.repeat(64)}.sig`, '1.2.4', 'sha-1234567', '9f3a2b1'], '1.2.4'],
    // guards
    ['1.2.3', ['20240105.0.0', '2024.1.5', '1.2.4'], '1.2.4'],
    ['1.2.3', ['11.0.0', '12.0.0'], '11.0.0'],
    ['1.2.3', ['2.0.0', '3.0.0'], '2.0.0', { maxJump: 1 }],
    ['1.2.3', ['1.3.0', '2.0.0'], '1.3.0', { maxJump: 0 }],
    ['1.2.3', ['2024.1.5'], '2024.1.5', { maxJump: 3000 }],
    // ties
    ['1.2.3', ['v1.3.0', '1.3.0'], '1.3.0'],
    ['v1.2.3', ['v1.3.0', '1.3.0'], 'v1.3.0'],
    ['v1.2.3', ['1.3.0', 'v1.03.0'], 'v1.03.0'],
    ['1.2.3', ['1.03.0', '1.3.0'], '1.03.0'],
    ['1.2.3-rc1', ['1.2.3-rc2', '1.2.3-rc.2', '1.2.3rc2'], '1.2.3-rc.2'],
  ])('of %s and %j: %s', (committed, tags, chosen, fields = {}) => {
    for (const others of [tags, tags.toReversed()]) {
      const decision = decideListed(committed, others, fields)
      expect(decision).toMatchObject({ outcome: 'update', tag: chosen })
      expect(verdictOf(decision, chosen)).toMatch(/^chosen: /)
      expect(decision.considered.filter(({ verdict }) => verdict === 'chosen')).toHaveLength(1)
    }
  })
})

describe('decideSemver() stays', () => {
  it.each<[committed: string, tags: string[], reason: RegExp, fields?: Fields]>([
    ['1.2.3', [], /nothing that fits is above/],
    ['1.2.3', ['1.2.2', '0.9.0', '1.2.3-rc.1'], /nothing that fits is above/],
    ['1.2.3', ['1.2.3-alpine', '1.3', '2', '1.2.4.1'], /nothing that fits/],
    ['1.2.3', ['v1.2.3', '1.02.3'], /nothing that fits/],
    ['v1.2.3', ['1.2.3'], /nothing that fits/],
    ['1.2.3', ['20240105.0.0'], /nothing that fits/],
    ['1.2.3', ['fix__50', '1.3.0p1', 'latest', '1.3.0_x'], /nothing that fits/],
    ['1.2.3', ['1.3.0-rc.1'], /nothing that fits/],
    ['1.2.3', ['1.3.0-ls1', '1.3.0-1', '1.3.0_2'], /nothing that fits/],
    ['1.2.3-ls1', ['1.3.0', '1.3.0-r2'], /nothing that fits/],
    ['3.0.0', ['1.5.0', '1.6.0'], /outside the range "\^1"/, { range: '^1' }],
    ['1.2.3', ['2.1.0'], /outside the range "\^2"/, { range: '^2' }],
    ['1.2.3', ['1.2.4'], /"exclude" matches/, { exclude: '3$' }],
    ['1.2.3', ['1.2.4'], /"include" does not match/, { include: '4$' }],
    ['1.2.3', ['r-1.2.4'], /"extract" finds no version/, { extract: '^r-(?P<version>.+)$' }],
  ])('on %s beside %j', (committed, tags, reason, fields = {}) => {
    const decision = decideListed(committed, tags, fields)
    expect(decision).toMatchObject({ outcome: 'current', tag: committed })
    expect(decision.reason).toMatch(reason)
    expect(
      decision.considered.some(({ tag, verdict }) => verdict === 'chosen' && tag !== committed),
    ).toBe(false)
  })

  it('calls the committed tag chosen where it fits, rejected where it does not', () => {
    expect(verdictOf(decideListed('1.2.3', []), '1.2.3')).toMatch(/^chosen/)
    expect(verdictOf(decideListed('1.2.3', [], { range: '^2' }), '1.2.3')).toMatch(/^rejected/)
  })
})

describe('decideSemver() and "ignore"', () => {
  it('names no committed tag: that one runs', () => {
    const decision = decideListed('1.2.3', ['1.2.4'], { ignore: ['1.2.3', '1.2.4'] })
    expect(decision).toMatchObject({ outcome: 'current', tag: '1.2.3' })
    expect(verdictOf(decision, '1.2.3')).toMatch(/^chosen/)
    expect(verdictOf(decision, '1.2.4')).toMatch(/^rejected: "ignore" names it/)
  })
})

describe('decideSemver() holds', () => {
  it.each<[committed: string | null, tags: string[], reason: RegExp, fields?: Fields]>([
    ['1.2.3', ['1.2.4'], /"1\.2\.3" is missing from the one tag that.*"missing": "proceed"/],
    ['1.2.3', ['1.2.4', '1.2.5'], /missing from the 2 tags that.*may be incomplete: check/],
    ['1.2.3', [], /missing from the list of the registry, which is empty: check/],
    ['1.2.3', ['v1.2.3'], /"1\.2\.3" is missing/],
    ['3.0.0', ['1.0.0'], /"3\.0\.0" is missing/, { range: '^1' }],
    ['1.2.3', ['r-1.2.4'], /"1\.2\.3" is missing/, { extract: '^r-(?P<version>.+)$' }],
    [
      'stable',
      ['stable', '1.2.3'],
      /"stable" has no order.*"latest" with "tag": "stable".*"digest"/,
    ],
    ['stable', ['1.2.3'], /"stable" has no order/, { missing: 'proceed' }],
    ['1.2.3.9', ['1.2.3.9', '1.2.3.10'], /"1\.2\.3\.9" has no order/],
    ['9f3a2b1', ['9f3a2b1', '1.2.3'], /commit hash/],
    ['', ['1.2.3'], /no order: it is no valid tag; write a tag on the line: [^;]*$/],
    ['1.2.3 ', ['1.2.3'], /no valid tag; write a tag on the line: [^;]*$/],
    [null, ['1.2.3', '20240105.1.1'], /"1\.2\.3" and "20240105\.1\.1".*"maxJump" 10/],
    [null, ['1.0.0', '3.0.0'], /"maxJump" 1 /, { maxJump: 1 }],
  ])('on %j beside %j', (committed, tags, reason, fields = {}) => {
    const decision = decideTags(committed, tags, fields)
    expect(decision).toMatchObject({ outcome: 'hold', tag: null })
    expect(decision.reason).toMatch(reason)
    expect(decision.considered.map(({ tag }) => tag).toSorted()).toEqual(tags.toSorted())
    expect(decision.considered.every(({ verdict }) => verdict !== 'chosen')).toBe(true)
  })

  it('tells which tags would have been eligible, and rejects the rest', () => {
    const decision = decideTags('1.2.3', ['1.2.4', '1.2.2', 'latest'])
    expect(verdictOf(decision, '1.2.4')).toMatch(/^eligible/)
    expect(verdictOf(decision, '1.2.2')).toMatch(/^rejected: .*below/)
    expect(verdictOf(decision, 'latest')).toMatch(/^rejected: .*no version/)
  })

  it('looks for the committed tag in the raw list, before the filters', () => {
    const fields = { exclude: '3$' }
    expect(decideTags('1.2.3', ['1.2.3'], fields).outcome).toBe('current')
    expect(decideTags('1.2.3', ['1.2.4'], fields).outcome).toBe('hold')
  })
})

describe('decideSemver() with "missing": "proceed"', () => {
  const fields = { missing: 'proceed' }

  it('updates past a committed tag that is not listed', () => {
    expect(decideTags('1.2.3', ['1.2.4', '1.2.2'], fields)).toMatchObject({
      outcome: 'update',
      tag: '1.2.4',
    })
  })

  it('never goes below it', () => {
    expect(decideTags('1.2.3', ['1.2.2', '1.0.0'], fields)).toMatchObject({
      outcome: 'current',
      tag: '1.2.3',
    })
    expect(decideTags('1.2.3', [], fields)).toMatchObject({ outcome: 'current', tag: '1.2.3' })
  })
})

describe('decideSemver() without a committed tag', () => {
  it.each<[tags: string[], chosen: string, fields?: Fields]>([
    [['1.2.3', '1.4.0', '1.3.0'], '1.4.0'],
    [['1.2.3', '1.4', '5', '1.4.0-alpine', '1.4.0-ls1'], '1.2.3'],
    [['v1.2.3', '1.2.3'], '1.2.3'],
    [['1.2.3', '1.4.0-rc.1'], '1.2.3'],
    [['1.2.3', '1.4.0-rc.1'], '1.4.0-rc.1', { prerelease: true }],
    [['1.2.3', '20240105.1.1'], '1.2.3', { range: '<100' }],
    [['1.2.3', '11.0.0'], '11.0.0'],
  ])('takes the newest of %j: %s', (tags, chosen, fields = {}) => {
    expect(decideTags(null, tags, fields)).toMatchObject({ outcome: 'update', tag: chosen })
  })

  it.each<[tags: string[], fields?: Fields]>([
    [[]],
    [['latest', '1.2', '1.2.3-alpine']],
    [['1.2.3'], { range: '^2' }],
    [['1.2.3-rc.1']],
  ])('finds none in %j', (tags, fields = {}) => {
    const decision = decideTags(null, tags, fields)
    expect(decision).toMatchObject({ outcome: 'none', tag: null })
    expect(decision.reason).not.toBe('')
  })
})

describe('decideSemver() explains', () => {
  it.each([
    ['latest', /it reads as no version/],
    ['1.3.0.1', /it reads as no version/],
    ['1.3', /it has 2 numbers, the committed tag has 3/],
    ['1.3.0-alpine', /its variant is "-alpine", that of the committed tag is none/],
    ['1.3.0-ls4', /its build counter is "-ls"/],
    ['1.2.2', /below the committed tag "1\.2\.3"/],
    ['2.0.0', /outside the range "\^1 \|\| \^50"/],
    ['1.3.0-rc.1', /a prerelease that the range/],
    ['50.0.0', /49 above that of the committed tag, more than "maxJump" 10/],
    ['9f3a2b1', /commit hash/],
    ['1.3.9', /"exclude" matches/],
  ])('why %s is rejected', (tag, reason) => {
    const decision = decideListed('1.2.3', ['1.3.0', tag], { range: '^1 || ^50', exclude: '9$' })
    expect(decision).toMatchObject({ outcome: 'update', tag: '1.3.0' })
    expect(verdictOf(decision, tag)).toMatch(reason)
    expect(verdictOf(decision, tag)).toMatch(/^rejected/)
  })

  it.each([
    ['current', '1.2.3', ['20240105.0.0']],
    ['update', '1.2.3', ['1.3.0', '20240105.0.0']],
  ])('reports the nearest tag beyond "maxJump" beside an outcome %s', (outcome, tag, others) => {
    const decision = decideListed(tag, ['20250105.0.0', ...others])
    expect(decision.outcome).toBe(outcome)
    expect(decision.reason).toMatch(/; "20240105\.0\.0" was left out: .*"maxJump" 10/)
  })

  it('puts the committed tag before other spellings of its version', () => {
    const decision = decideListed('v1.02.3', ['1.2.3', 'v01.2.3', 'v1.2.3'])
    expect(decision.considered.map(({ tag }) => tag)).toEqual([
      'v1.02.3',
      'v01.2.3',
      'v1.2.3',
      '1.2.3',
    ])
  })

  it('lists the choice first, then what else fits, then the rest by spelling', () => {
    const decision = decideListed('1.2.3', ['1.3.0', 'b', '1.4.0', 'a', 'v1.2.3', '1.2.0'])
    expect(decision.considered.map(({ tag }) => tag)).toEqual([
      '1.4.0',
      '1.3.0',
      '1.2.3',
      'v1.2.3',
      '1.2.0',
      'a',
      'b',
    ])
  })
})
