import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../../src/domain/policy/parse.ts'
import { noRules } from '../../../src/domain/policy/rules.ts'
import { answersOrRefuses, thrownBy } from './thrown.ts'

const digest = `sha256:${'a'.repeat(64)}`
const plainSemver = {
  kind: 'semver',
  range: '*',
  prerelease: 'by-range',
  include: null,
  exclude: null,
  extract: null,
  maxJump: 10,
  missing: 'hold',
  moved: 'ignore',
  ignore: [],
  ...noRules,
}
const { range: _, prerelease: __, maxJump: ___, ...ordering } = plainSemver
const nights = { kind: 'cron', pattern: '* 2-4 * * *', timeZone: 'UTC' }

describe('parsePolicy()', () => {
  it.each([
    [{ policy: 'semver' }, plainSemver],
    [
      { policy: 'semver', range: '>=1.2.0 <2.0.0' },
      { ...plainSemver, range: '>=1.2.0 <2.0.0' },
    ],
    [
      { policy: 'semver', prerelease: true },
      { ...plainSemver, prerelease: 'included' },
    ],
    [{ policy: 'semver', prerelease: false }, plainSemver],
    [
      { policy: 'semver', maxJump: 0 },
      { ...plainSemver, maxJump: 0 },
    ],
    [
      { policy: 'semver', missing: 'proceed' },
      { ...plainSemver, missing: 'proceed' },
    ],
    [{ policy: 'semver', missing: 'hold', moved: 'ignore' }, plainSemver],
    [
      { policy: 'semver', moved: 'follow' },
      { ...plainSemver, moved: 'follow' },
    ],
    [
      { policy: 'semver', include: 'a', exclude: 'b', extract: '(?P<version>.+)' },
      { ...plainSemver, include: 'a', exclude: 'b', extract: '(?P<version>.+)' },
    ],
    [{ policy: 'calver' }, { ...ordering, kind: 'calver' }],
    [
      { policy: 'numeric', missing: 'proceed' },
      { ...ordering, kind: 'numeric', missing: 'proceed' },
    ],
    [
      { policy: 'semver', minAge: '3d', platforms: ['linux/x86_64'], window: '* 2-4 * * *' },
      {
        ...plainSemver,
        minAge: 259_200_000,
        platforms: [{ os: 'linux', architecture: 'amd64', variant: null }],
        windows: [nights],
      },
    ],
    [{ policy: 'latest' }, { kind: 'latest', tag: 'latest', ...noRules }],
    [
      { policy: 'latest', tag: 'v3' },
      { kind: 'latest', tag: 'v3', ...noRules },
    ],
    [{ policy: 'digest' }, { kind: 'digest', digest: null }],
    [
      { policy: 'digest', digest },
      { kind: 'digest', digest },
    ],
    [{ policy: 'semver', range: undefined }, plainSemver],
  ])('reads %j', (fields, policy) => {
    expect(parsePolicy(fields)).toEqual(policy)
  })

  it.each([
    [{}, /"policy" is missing/, /"semver", "calver", "numeric", "latest" or "digest"/],
    [{ range: '^1' }, /"policy" is missing/, /"semver"/],
    [{ policy: 'Semver' }, /"Semver"/, /"semver", "calver", "numeric", "latest" or "digest"/],
    [{ policy: 'CalVer' }, /"CalVer": there is none/, /"semver"/],
    [{ policy: 'toString' }, /"toString": there is none/, /"semver"/],
    [{ policy: '' }, /"": there is none/, /"semver"/],
    [{ policy: 1 }, /policy 1: there is none/, /"semver"/],
    [{ policy: null }, /policy null: there is none/, /"semver"/],
    [{ policy: ['semver'] }, /there is none/, /"semver"/],
    [{ policy: 'semver', ranges: '^1' }, /"ranges" is unknown/, /"range", "prerelease"/],
    [{ policy: 'semver', Range: '^1' }, /"Range" is unknown/, /"range"/],
    [{ policy: 'semver', minage: '3d' }, /"minage" is unknown/, /"range"/],
    [{ policy: 'calver', range: '*' }, /"range" belongs to policy "semver"/, /"include"/],
    [{ policy: 'numeric', maxJump: 1 }, /"maxJump" belongs to policy "semver"/, /"include"/],
    [{ policy: 'digest', minAge: '3d' }, /"minAge" belongs to policy "semver"/, /"digest"/],
    [{ policy: 'latest', ignore: ['1'] }, /"ignore" belongs to policy "semver"/, /"tag"/],
    [{ policy: 'semver', repo: 'ghcr.io/o/app' }, /"repo" is unknown/, /"range"/],
    [{ policy: 'semver', __proto__x: 1 }, /"__proto__x" is unknown/, /"range"/],
    [{ policy: 'semver', tag: 'x' }, /"tag" belongs to policy "latest"/, /"range"/],
    [{ policy: 'semver', digest }, /"digest" belongs to policy "digest"/, /"range"/],
    [{ policy: 'latest', range: '*' }, /"range" belongs to policy "semver"/, /takes "tag"/],
    [{ policy: 'latest', include: 'x' }, /"include" belongs to policy "semver"/, /takes "tag"/],
    [{ policy: 'digest', tag: 'x' }, /"tag" belongs to policy "latest"/, /takes "digest"/],
    [{ policy: 'semver', range: 1 }, /"range" 1/, /double quotes/],
    [{ policy: 'semver', range: null }, /"range" null/, /double quotes/],
    [{ policy: 'semver', range: '>=1 !=2' }, /"!="/, /npm's dialect/],
    [{ policy: 'semver', range: '' }, /empty/, /npm's dialect/],
    [{ policy: 'semver', include: ['a'] }, /"include" \["a"\]/, /double quotes/],
    [{ policy: 'semver', exclude: '(?=a)' }, /"exclude"/, /RE2/],
    [{ policy: 'semver', extract: '.+' }, /no group named "version"/, /\(\?P<version>/],
    [{ policy: 'semver', prerelease: 'true' }, /"prerelease" "true"/, /without quotes/],
    [{ policy: 'semver', prerelease: 1 }, /"prerelease" 1/, /true or false/],
    [{ policy: 'semver', maxJump: '10' }, /"maxJump" "10"/, /without quotes/],
    [{ policy: 'semver', maxJump: -1 }, /"maxJump" -1/, /from 0 on/],
    [{ policy: 'semver', maxJump: 1.5 }, /"maxJump" 1.5/, /whole number/],
    [{ policy: 'semver', maxJump: Number.NaN }, /"maxJump"/, /whole number/],
    [{ policy: 'semver', moved: true }, /"moved" true/, /"ignore" or "follow"/],
    [{ policy: 'latest', moved: 'follow' }, /belongs to policy "semver"/, /"tag"/],
    [{ policy: 'semver', missing: 'ignore' }, /"missing" "ignore"/, /"hold" or "proceed"/],
    [{ policy: 'latest', tag: '' }, /"tag" ""/, /128/],
    [{ policy: 'latest', tag: 'a b' }, /"tag" "a b"/, /128/],
    [{ policy: 'digest', digest: 'sha256:abc' }, /"digest" "sha256:abc"/, /64/],
    [{ policy: 'digest', digest: digest.toUpperCase() }, /"digest"/, /64/],
  ])('refuses %j', (fields, problem, remedy) => {
    const error = thrownBy(() => parsePolicy(fields))
    expect(error.code).toBe('policy')
    expect(error.message).toMatch(problem)
    expect(error.remedy).toMatch(remedy)
  })

  it('throws nothing but the one error class, whatever the fields', () => {
    const keys = [
      'minAge',
      'platforms',
      'window',
      'ignore',
      'range',
      'prerelease',
      'include',
      'exclude',
      'extract',
      'maxJump',
      'missing',
      'moved',
    ]
    const key = fc.constantFrom(...keys, 'tag', 'digest', 'other', '__proto__')
    const fields = fc
      .tuple(
        fc.oneof(
          fc.constantFrom('semver', 'calver', 'numeric', 'latest', 'digest'),
          fc.jsonValue(),
        ),
        fc.dictionary(key, fc.oneof(fc.string(), fc.anything()), { maxKeys: 2 }),
      )
      .map(([policy, rest]) => Object.assign(rest, { policy }))
    const property = fc.property(fields, (value) => answersOrRefuses(() => parsePolicy(value)))
    expect(() => fc.assert(property, { numRuns: 1000 })).not.toThrow()
  })
})
