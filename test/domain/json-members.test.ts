import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJsonMembers } from '../../src/domain/json-members.ts'

describe('readJsonMembers()', () => {
  test('reads what is named, whatever stands between', () => {
    const text =
      ' { "skip" : [ {"ref": "}]\\"" } , 1.5e3 ],\n"ref":"a\\"b", "n": -1, "repository":{"x":[]} }'
    expect(readJsonMembers(text, ['ref', 'repository'])).toEqual({
      ref: 'a"b',
      repository: { x: [] },
    })
    expect(readJsonMembers(text, ['n'])).toEqual({ n: -1 })
  })

  test('reads no further than to the last that is named', () => {
    expect(readJsonMembers('{"ref":1,"action":null,', ['action'])).toEqual({ action: null })
  })

  test.each<[string, string]>([
    ['not there', '{"other":1}'],
    ['not in an object', '["ref",1]'],
    ['in an object further down only', '{"a":{"ref":1}}'],
    ['in a string only', '{"a":"\\"ref\\":1"}'],
    ['without its end', '{"ref":"abc'],
    ['without its end, nested', '{"ref":{"a":[1,2'],
    ['escaped at the end', '{"ref":"abc\\"'],
    ['without a value', '{"ref":}'],
    ['no JSON value', '{"ref":nope}'],
    ['a mixture of brackets', '{"ref":{"a":1]}'],
    ['behind a missing comma', '{"a":1 "ref":1}'],
    ['behind a missing value', '{"a":,"ref":1}'],
    ['behind a key without quotes', '{a:1,"ref":1}'],
    ['behind a missing colon', '{"a" 1,"ref":1}'],
    ['in nothing', ''],
    ['in blanks', '  \n'],
    ['in an empty object', '{}'],
  ])('leaves it to JSON.parse when one is %s', (_, text) => {
    expect(readJsonMembers(text, ['ref'])).toBeNull()
  })

  test('agrees with JSON.parse on every JSON object', () => {
    const key = fc.oneof(fc.constantFrom('ref', 'action', 'repository'), fc.string())
    const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true })
    const names = fc.uniqueArray(fc.constantFrom('ref', 'action', 'repository'), { minLength: 1 })
    fc.assert(
      fc.property(object, names, fc.constantFrom(0, 1, '\t'), (value, wanted, indent) => {
        const text = JSON.stringify(value, null, indent)
        const parsed: Readonly<Record<string, unknown>> = JSON.parse(text)
        const expected = wanted.every((name) => Object.hasOwn(parsed, name))
          ? Object.fromEntries(wanted.map((name) => [name, parsed[name]]))
          : null
        expect(readJsonMembers(text, wanted)).toEqual(expected)
      }),
    )
  })

  test('never throws, and needs no more than a moment for a hostile text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,\\ref1 ')) }), (text) => {
        readJsonMembers(`{${text}`, ['ref'])
      }),
    )
    const begun = performance.now()
    for (const part of ['[', '"', '\\', '{"a":', ' ', '"\\"']) {
      readJsonMembers(`{"a":${part.repeat(1_000_000)}`, ['ref'])
    }
    expect(performance.now() - begun).toBeLessThan(2_000)
  })
})
