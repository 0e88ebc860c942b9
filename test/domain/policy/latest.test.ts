import { describe, expect, it } from 'vitest'
import { decideLatest } from '../../../src/domain/policy/latest.ts'
import { noRules } from '../../../src/domain/policy/rules.ts'

describe('decideLatest()', () => {
  it('says current when the followed tag is listed', () => {
    const decision = decideLatest(
      { kind: 'latest', tag: 'v3', ...noRules },
      'v3',
      new Set(['v4', 'v3']),
    )
    expect(decision).toMatchObject({ outcome: 'current', tag: 'v3' })
    expect(decision.considered).toMatchObject([
      { tag: 'v3', verdict: 'chosen' },
      { tag: 'v4', verdict: 'rejected' },
    ])
  })

  it('answers with the followed tag where none is committed', () => {
    const decision = decideLatest(
      { kind: 'latest', tag: 'latest', ...noRules },
      null,
      new Set(['latest']),
    )
    expect(decision).toMatchObject({ outcome: 'current', tag: 'latest' })
  })

  it('answers with the committed tag where another is followed', () => {
    const policy = { kind: 'latest', tag: 'latest', ...noRules } as const
    const decision = decideLatest(policy, '1.0', new Set(['latest', '1.0']))
    expect(decision).toMatchObject({ outcome: 'current', tag: '1.0' })
  })

  it('holds when the followed tag is not listed, though the committed one is', () => {
    const decision = decideLatest(
      { kind: 'latest', tag: 'latest', ...noRules },
      '1.0',
      new Set(['1.0']),
    )
    expect(decision).toMatchObject({ outcome: 'hold', tag: null })
    expect(decision.reason).toMatch(/"latest" is not in/)
    expect(decision.considered).toMatchObject([{ tag: '1.0', verdict: 'rejected' }])
  })
})
