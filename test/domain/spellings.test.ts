import { describe, expect, it } from 'vitest'
import { spellingsOf } from '../../src/domain/spellings.ts'

const VALUE = 'päss "a\\b"\n<x>&(y) + z/1'

describe('spellingsOf()', () => {
  it.each([
    ['itself', VALUE],
    ['JSON', String.raw`päss \"a\\b\"\n<x>&(y) + z/1`],
    ['JSON of Go', String.raw`päss \"a\\b\"\n\u003cx\u003e\u0026(y) + z/1`],
    ['JSON of ASCII', String.raw`p\u00e4ss \"a\\b\"\n<x>&(y) + z/1`],
    ['bytes of Go', String.raw`p\xc3\xa4ss \"a\\b\"\x0a<x>&(y) + z/1`],
    ['bytes of Go, told in JSON', String.raw`p\\xc3\\xa4ss \\\"a\\\\b\\\"\\x0a<x>&(y) + z/1`],
    ['JSON in JSON', String.raw`päss \\\"a\\\\b\\\"\\n<x>&(y) + z/1`],
    ['percent', 'p%C3%A4ss%20%22a%5Cb%22%0A%3Cx%3E%26(y)%20%2B%20z%2F1'],
    ['a form', new URLSearchParams([['', VALUE]]).toString().slice(1)],
    ['base64', Buffer.from(VALUE).toString('base64')],
    ['base64 for addresses', Buffer.from(VALUE).toString('base64url')],
  ])('spellingsOf() knows %s', (_title, spelling) => {
    expect(spellingsOf(VALUE)).toContain(spelling)
  })

  it.each(['', 'u', 'us', 'user:'])('spellingsOf() knows base64 behind %j', (before) => {
    const text = Buffer.from(`${before}${VALUE}:more`).toString('base64')
    expect(spellingsOf(VALUE).some((one) => one.length > 24 && text.includes(one))).toBe(true)
  })

  it('spellingsOf() cuts no short value into parts that stand in other words', () => {
    expect(spellingsOf('abcd')).toEqual(['abcd', 'YWJjZA==', 'YWJjZA'])
  })

  it('spellingsOf() takes half a character for what it can be', () => {
    expect(spellingsOf('half \ud800 character')).toContain('half%20%EF%BF%BD%20character')
  })
})
