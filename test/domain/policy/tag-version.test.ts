import { describe, expect, it } from 'vitest'
import type { CounterKind, TagVersion } from '../../../src/domain/policy/tag-version.ts'
import {
  compareVersions,
  readPrerelease,
  readTagVersion,
} from '../../../src/domain/policy/tag-version.ts'

type Row = [tag: string, numbers: number[], rest?: Partial<Omit<TagVersion, 'numbers'>>]

const counted = (kind: CounterKind, digits: string) => ({ counter: { kind, digits } })

const readable: readonly Row[] = [
  ['1', [1]],
  ['1.2', [1, 2]],
  ['1.2.3', [1, 2, 3]],
  ['v1.2.3', [1, 2, 3], { spelledWithV: true }],
  ['0', [0]],
  ['01.002.0003', [1, 2, 3]],
  ['20240105', [20240105]],
  ['9007199254740991.0.0', [9007199254740991, 0, 0]],
  // prereleases
  ['1.2.3-rc.1', [1, 2, 3], { prerelease: ['rc', '1'] }],
  ['1.2.3-rc1', [1, 2, 3], { prerelease: ['rc', '1'] }],
  ['1.2.3-rc-1', [1, 2, 3], { prerelease: ['rc', '1'] }],
  ['1.2.3-rc_01', [1, 2, 3], { prerelease: ['rc', '1'] }],
  ['1.2.3rc1', [1, 2, 3], { prerelease: ['rc', '1'] }],
  ['1.2.3RC1', [1, 2, 3], { prerelease: ['rc', '1'] }],
  ['1.2.3beta2', [1, 2, 3], { prerelease: ['beta', '2'] }],
  ['3.8.0b1', [3, 8, 0], { prerelease: ['b', '1'] }],
  ['3.8.0a', [3, 8, 0], { prerelease: ['a'] }],
  ['18beta1', [18], { prerelease: ['beta', '1'] }],
  ['1.2-alpha', [1, 2], { prerelease: ['alpha'] }],
  ['1.2.3-SNAPSHOT', [1, 2, 3], { prerelease: ['snapshot'] }],
  ['1.2.3-nightly.20240101', [1, 2, 3], { prerelease: ['nightly', '20240101'] }],
  ['1.2.3-dev.5.gABC', [1, 2, 3], { prerelease: ['dev', '5', 'gABC'] }],
  ['1.2.3-rc.1a', [1, 2, 3], { prerelease: ['rc', '1a'] }],
  ['1.2.3-pre', [1, 2, 3], { prerelease: ['pre'] }],
  ['1.2.3-preview3', [1, 2, 3], { prerelease: ['preview', '3'] }],
  ['1.2.3-canary.0', [1, 2, 3], { prerelease: ['canary', '0'] }],
  ['1.2.3-next.00', [1, 2, 3], { prerelease: ['next', '0'] }],
  ['1.2.3-edge', [1, 2, 3], { prerelease: ['edge'] }],
  ['1.2.3-rc.1-alpine', [1, 2, 3], { prerelease: ['rc', '1'], variant: '-alpine' }],
  ['1.2.3b1-alpine3.20', [1, 2, 3], { prerelease: ['b', '1'], variant: '-alpine3.20' }],
  ['1.2.3-rc1-debian-12', [1, 2, 3], { prerelease: ['rc', '1'], variant: '-debian-12' }],
  ['1.2.3-rc1-1', [1, 2, 3], { prerelease: ['rc', '1'], variant: '-1' }],
  ['1.2.3-rc1-ls7', [1, 2, 3], { prerelease: ['rc', '1'], ...counted('-ls', '7') }],
  // build counters
  ['1.2.3-ls132', [1, 2, 3], counted('-ls', '132')],
  ['1.2.3-r1', [1, 2, 3], counted('-r', '1')],
  ['1.2.3-build07', [1, 2, 3], counted('-build', '7')],
  ['1.2.3-4', [1, 2, 3], counted('-', '4')],
  ['17.0.1_12', [17, 0, 1], counted('_', '12')],
  ['1.2.3_b2', [1, 2, 3], counted('_b', '2')],
  ['17.0.1_12-jre-alpine', [17, 0, 1], { variant: '-jre-alpine', ...counted('_', '12') }],
  ['1.2.3-4-alpine', [1, 2, 3], { variant: '-alpine', ...counted('-', '4') }],
  ['1.2.3-alpine-ls12', [1, 2, 3], { variant: '-alpine', ...counted('-ls', '12') }],
  ['1.2.3-alpine-r1', [1, 2, 3], { variant: '-alpine', ...counted('-r', '1') }],
  ['1.2.3-debian-12', [1, 2, 3], { variant: '-debian-12' }],
  ['1.2.3-debian-12-r4', [1, 2, 3], { variant: '-debian-12', ...counted('-r', '4') }],
  ['17.0.1_12-jre-r3', [17, 0, 1], { variant: '_12-jre', ...counted('-r', '3') }],
  ['1.2.3-r1-ls4', [1, 2, 3], { variant: '-r1', ...counted('-ls', '4') }],
  // variants
  ['1.2.3-alpine', [1, 2, 3], { variant: '-alpine' }],
  ['1.2.3-alpine3.20', [1, 2, 3], { variant: '-alpine3.20' }],
  ['1.2.3-bookworm-slim', [1, 2, 3], { variant: '-bookworm-slim' }],
  ['1.2-pg16', [1, 2], { variant: '-pg16' }],
  ['1.2.3-apache', [1, 2, 3], { variant: '-apache' }],
  ['1.2.3-alphabet', [1, 2, 3], { variant: '-alphabet' }],
  ['1.2.3-develop', [1, 2, 3], { variant: '-develop' }],
  ['1.2.3-rc1x', [1, 2, 3], { variant: '-rc1x' }],
  ['1.2.3-ls', [1, 2, 3], { variant: '-ls' }],
  ['1.2.3-LS12', [1, 2, 3], { variant: '-LS12' }],
  ['1.2.3-4x', [1, 2, 3], { variant: '-4x' }],
  ['1.2.3-4_x', [1, 2, 3], { variant: '-4_x' }],
  ['1.2.3--', [1, 2, 3], { variant: '--' }],
  ['1.2.3-alpine_3', [1, 2, 3], { variant: '-alpine_3' }],
]

describe('readTagVersion()', () => {
  it.each(readable)('reads %s', (tag, numbers, rest = {}) => {
    const bare = { prerelease: [], variant: '', counter: null, spelledWithV: false }
    expect(readTagVersion(tag)).toEqual({ numbers, ...bare, ...rest })
  })

  it.each([
    '',
    'v',
    'latest',
    'stable',
    'V1.2.3',
    'version1',
    '.1',
    '1.',
    '1..2',
    '1.2.3.9',
    '1.2.3.4-alpine',
    '1.2.3.rc1',
    '1.2.3-',
    '1.2.3_',
    '1.2.3-rc.1-',
    '1.2.3_alpine',
    '1.2.3_4x',
    '1.2.3+5',
    '10.11.6ubu2404',
    '1.2.3p1',
    '1.2.3rc1x',
    '1.2.3alphabet',
    'fix__50',
    'release-1.2.3',
    '9007199254740992.0.0',
    '1.2.99999999999999999999',
    '1.2.3\n',
    '１.2.3',
  ])('refuses to guess at %j', (tag) => {
    expect(readTagVersion(tag)).toBeNull()
  })
})

describe('readPrerelease()', () => {
  it('knows a prerelease only when it is the whole text', () => {
    expect(readPrerelease('-beta10')).toEqual(['beta', '10'])
    expect(readPrerelease('-beta10-alpine')).toBeNull()
    expect(readPrerelease('-0')).toBeNull()
    expect(readPrerelease('-foo')).toBeNull()
  })
})

describe('compareVersions()', () => {
  // Each list from the oldest to the newest.
  it.each([
    [['1.2.3', '1.2.4', '1.2.10', '1.3.0', '1.10.0', '2.0.0', '10.0.0']],
    [['1', '2', '10']],
    [['1.0.0-alpha', '1.0.0-beta', '1.0.0-rc', '1.0.0']],
    [['1.0.0-a1', '1.0.0-alpha1', '1.0.0-b1', '1.0.0-beta1', '1.0.0-nightly', '1.0.0-snapshot']],
    [['1.0.0-beta', '1.0.0-beta2', '1.0.0-beta.3', '1.0.0beta10', '1.0.0-BETA-11', '1.0.0-rc1']],
    [['1.0.0-dev.1', '1.0.0-dev.1.1', '1.0.0-dev.1.2', '1.0.0-dev.1.10', '1.0.0-dev.1.x']],
    [['1.0.0-nightly.99999999999999999998', '1.0.0-nightly.99999999999999999999']],
    [['1.2.3-ls9', '1.2.3-ls10', '1.2.3-ls100', '1.2.4-ls1']],
    [['1.2.3-r0', '1.2.3-r1', '1.2.3-r99999999999999999998', '1.2.3-r99999999999999999999']],
    [['17.0.1_2-jre', '17.0.1_12-jre', '17.0.2_1-jre']],
    [['1.0.0-rc1-alpine', '1.0.0-rc2-alpine', '1.0.0-alpine']],
  ])('orders %j', (tags) => {
    const versions = tags.map(read)
    for (const [index, older] of versions.entries()) {
      expect(compareVersions(older, older)).toBe(0)
      for (const newer of versions.slice(index + 1)) {
        expect(compareVersions(older, newer)).toBeLessThan(0)
        expect(compareVersions(newer, older)).toBeGreaterThan(0)
      }
    }
  })

  it.each([
    ['1.2.3', 'v1.2.3'],
    ['1.02.3', '1.2.03'],
    ['1.0.0-rc.1', '1.0.0RC01'],
    ['1.0.0-r01', '1.0.0-r1'],
  ])('takes %s and %s for one version', (a, b) => {
    expect(compareVersions(read(a), read(b))).toBe(0)
  })
})

function read(tag: string): TagVersion {
  const version = readTagVersion(tag)
  if (version === null) throw new Error(`${tag} does not read`)
  return version
}
