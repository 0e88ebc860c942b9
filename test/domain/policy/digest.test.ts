import { describe, expect, it } from 'vitest'
import { decideDigest } from '../../../src/domain/policy/digest.ts'

describe('decideDigest()', () => {
  it('says current when the committed tag is listed', () => {
    const decision = decideDigest('1.0', new Set(['2.0', '1.0']))
    expect(decision).toMatchObject({ outcome: 'current', tag: '1.0' })
    expect(decision.considered).toMatchObject([
      { tag: '1.0', verdict: 'chosen' },
      { tag: '2.0', verdict: 'rejected' },
    ])
  })

  it('holds when it is not', () => {
    expect(decideDigest('1.0', new Set(['2.0']))).toMatchObject({ outcome: 'hold', tag: null })
  })

  it('chooses nothing where no tag is committed', () => {
    expect(decideDigest(null, new Set(['1.0']))).toMatchObject({ outcome: 'none', tag: null })
  })
})
