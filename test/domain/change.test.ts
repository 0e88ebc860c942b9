import { describe, expect, it } from 'vitest'
import { readChanges, splitVersion, trailersOf } from '../../src/domain/change.ts'

const change = {
  image: 'ghcr.io/o/app',
  from: '1.0.0',
  to: `1.1.0@sha256:${'a'.repeat(64)}`,
  policy: 'semver ^1',
}

describe('readChanges()', () => {
  it('reads what trailersOf() wrote', () => {
    const other = { ...change, image: 'ghcr.io/o/db', policy: 'digest' }
    const block = [...trailersOf(change), ...trailersOf(other), 'Magos-Host: nas'].join('\n')
    expect(readChanges(`chore: update\n\nbody\n\n${block}\n`)).toEqual([change, other])
  })

  it('reads the block through Windows’ line ends and a squash’s', () => {
    const block = trailersOf(change).join('\r\n')
    expect(readChanges(`chore: update (#1)\r\n\r\n${block}\r\n`)).toEqual([change])
  })

  it.each([
    ['', []],
    ['chore: update', []],
    [`${trailersOf(change).join('\n')}\n\nSigned-off-by: me`, []],
    ['chore: x\n\nMagos-To: 1', []],
  ])('finds none in %j', (message, expected) => {
    expect(readChanges(message)).toEqual(expected)
  })
})

describe('splitVersion()', () => {
  it.each([
    ['1.0', { tag: '1.0', digest: null }],
    ['1.0@sha256:a', { tag: '1.0', digest: 'sha256:a' }],
    ['@sha256:a', { tag: null, digest: 'sha256:a' }],
    ['none', { tag: null, digest: null }],
  ])('splits %s', (text, expected) => {
    expect(splitVersion(text)).toEqual(expected)
  })
})
