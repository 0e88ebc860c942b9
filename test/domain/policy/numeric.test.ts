import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../../src/domain/policy/parse.ts'

type Fields = Readonly<Record<string, unknown>>

function decideTags(committed: string | null, tags: readonly string[], fields: Fields = {}) {
  return decide(parsePolicy({ policy: 'numeric', ...fields }), committed, tags)
}

describe('decideNumeric()', () => {
  it.each<[committed: string, others: string[], chosen: string, fields?: Fields]>([
    ['4.9.0.9', ['4.9.0.12', '4.9.0.10'], '4.9.0.12'],
    ['4.9.0.9', ['5.0.0', '4.9.1', '4.9.0.10.1', '4.9.0.10'], '4.9.0.10'],
    ['41', ['42', '9', '100'], '100'],
    ['1.2', ['1.10', '1.9'], '1.10'],
    ['1.2.3.4', ['v1.2.3.5', '1.2.3.5-alpine', '1-2-3-6', '1.2.3.5'], '1.2.3.5'],
    ['1.2.3.4', ['1.2.3.05', '1.2.3.5'], '1.2.3.05'],
    ['1.2.3.4', [`1.2.3.${'9'.repeat(20)}`, '1.2.3.9007199254740991'], '1.2.3.9007199254740991'],
    ['1.2.3.4', ['1.2.3.5', '1.2.3.6'], '1.2.3.5', { ignore: ['1.2.3.6'] }],
    ['b1', ['b2', 'b10'], 'b10', { extract: '^b(?P<version>[0-9]+)$' }],
  ])('of %s and %j: %s', (committed, others, chosen, fields) => {
    for (const tags of [others, others.toReversed()]) {
      const decision = decideTags(committed, [...tags, committed], fields)
      expect(decision).toMatchObject({ outcome: 'update', tag: chosen })
    }
  })

  it.each<[committed: string | null, tags: string[], outcome: string, reason: RegExp]>([
    [null, ['1.2.3.4'], 'hold', /no tag is committed.*"numeric".*write one/],
    ['1.2.3.4', ['1.2.3.5'], 'hold', /"1\.2\.3\.4" is missing/],
    ['v1.2.3', ['v1.2.3'], 'hold', /list of numbers.*policy "semver" can order it/],
    ['1.2.3.4', ['1.2.3.4', '1.2.3.3', '01.2.3.4'], 'current', /nothing that fits/],
  ])('of %j and %j: %s', (committed, tags, outcome, reason) => {
    const decision = decideTags(committed, tags)
    expect(decision.outcome).toBe(outcome)
    expect(decision.reason).toMatch(reason)
  })
})
