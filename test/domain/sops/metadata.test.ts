import { describe, expect, test } from 'vitest'
import { MagosError } from '../../../src/domain/error.ts'
import { readJson } from '../../../src/domain/sops/json-reader.ts'
import { splitMetadata } from '../../../src/domain/sops/metadata-node.ts'
import { readMetadata, type SopsMetadata } from '../../../src/domain/sops/metadata.ts'

const place = { file: 'a.json' }
const lastmodified = '2026-11-23T02:30:15Z'
const age = [{ recipient: 'age1x', enc: 'armour' }]
const whole = { age, lastmodified, mac: 'ENC[x]', version: '3.13.3' }

function read(sops: unknown): SopsMetadata {
  const tree = readJson(Buffer.from(JSON.stringify({ a: 'b', sops })), place)
  return readMetadata(splitMetadata(tree, 'nested', place).metadata, place)
}

function refusalOf(sops: unknown): string {
  try {
    read(sops)
  } catch (error) {
    if (error instanceof MagosError && error.code === 'bad-metadata') return error.message
    throw error
  }
  return 'none'
}

const bytes = (text: string) => Buffer.from(text)

const split = (document: string) =>
  splitMetadata(readJson(Buffer.from(document), place), 'nested', place)

describe('readMetadata()', () => {
  test('reads one group of recipients of every kind', () => {
    const { keys } = read({ ...whole, pgp: [{ fp: 'F' }], kms: [{ arn: 'A' }], hckms: [] })
    expect(keys).toEqual({
      groups: [
        [
          { kind: 'age', recipient: 'age1x', enc: 'armour' },
          { kind: 'other', name: 'pgp' },
          { kind: 'other', name: 'kms' },
        ],
      ],
      threshold: null,
    })
  })

  test('reads several groups and their threshold, as a number or a text', () => {
    const groups = { key_groups: [{ age }, { pgp: [{ fp: 'F' }], age: null }] }
    for (const shamir_threshold of [2, '2']) {
      const { keys } = read({ ...whole, ...groups, age: [], shamir_threshold })
      expect(keys.threshold).toBe(2)
      expect(keys.groups.map((group) => group.map(({ kind }) => kind))).toEqual([
        ['age'],
        ['other'],
      ])
    }
  })

  test('prefers recipients beside groups, as sops does', () => {
    const { keys } = read({ ...whole, key_groups: [{ age }, { age }] })
    expect(keys.groups).toHaveLength(1)
  })

  test.each([
    ['2026-11-23T02:30:15.25Z', '2026-11-23T02:30:15Z'],
    ['2026-11-23T02:30:15+02:00', '2026-11-23T02:30:15+02:00'],
    ['2026-11-23T02:30:15+00:00', '2026-11-23T02:30:15Z'],
  ])('gives lastmodified %s the form of the additional data', (text, expected) => {
    expect(read({ ...whole, lastmodified: text }).lastModified).toBe(expected)
  })

  test.each([
    [undefined, 'all'],
    ['', 'all'],
    [false, 'all'],
    ['false', 'all'],
    [true, 'encrypted'],
    ['true', 'encrypted'],
  ])('takes mac_only_encrypted %j for a MAC over %s', (mac_only_encrypted, covers) => {
    expect(read({ ...whole, mac_only_encrypted }).covers).toBe(covers)
  })

  test.each([null, '', undefined])('takes the MAC %j for none', (mac) => {
    expect(read({ ...whole, mac }).mac).toBeNull()
  })

  test.each([
    ['no lastmodified', { lastmodified: undefined }, 'Cannot read "lastmodified" of SOPS'],
    ['a lastmodified that is no time', { lastmodified: '2026-02-30T00:00:00Z' }, 'lastmodified'],
    ['no recipients', { age: [] }, 'it names no recipients'],
    ['groups without recipients', { age: [], key_groups: [{ age: [] }, {}] }, 'no recipients'],
    ['recipients that are no list', { age: { recipient: 'x' } }, 'Cannot read "age" of SOPS'],
    ['a recipient that is a text', { age: ['age1x'] }, 'Cannot read "age" of SOPS'],
    ['a recipient that is a list', { age: [{ enc: [] }] }, 'Cannot read "enc" of SOPS'],
    ['a threshold that is no number', { shamir_threshold: 'two' }, '"shamir_threshold"'],
    ['a negative threshold', { shamir_threshold: -1 }, '"shamir_threshold"'],
    ['a flag that is no boolean', { mac_only_encrypted: 'sure' }, '"mac_only_encrypted"'],
    ['a MAC that is a list', { mac: [] }, 'Cannot read "mac" of SOPS'],
    [
      'two rules',
      { encrypted_suffix: 'a', encrypted_regex: 'b' },
      'it has two rules, encrypted_suffix and encrypted_regex',
    ],
    [
      'a pattern that is no RE2',
      { encrypted_regex: '(?=x)' },
      'it is no regular expression of RE2',
    ],
    ['a pattern without an end', { encrypted_regex: 'a'.repeat(5000) }, 'it is longer than 4096'],
    ['a pattern that explodes', { encrypted_regex: '((a{90}){90}){9}' }, 'rule encrypted_regex'],
  ])('refuses %s', (_, change, message) => {
    expect(refusalOf({ ...whole, ...change })).toContain(message)
  })

  test.each([
    ['unencrypted_suffix', '_clear', 'clear', 'key', 'a_clear', 'a_clear_'],
    ['encrypted_suffix', '_secret', 'encrypted', 'key', 'a_secret', 'secret_a'],
    ['unencrypted_regex', '^cl', 'clear', 'key', 'clear', 'unclear'],
    ['encrypted_regex', '(?i)SEC', 'encrypted', 'key', 'my_secret', 'se'],
    ['unencrypted_comment_regex', 'x$', 'clear', 'comment', ' x', ' xy'],
    ['encrypted_comment_regex', 'x', 'encrypted', 'comment', ' x', ' y'],
  ])('reads the rule %s', (name, pattern, match, of, matching, other) => {
    const { rule } = read({ ...whole, [name]: pattern })
    expect(rule).toMatchObject({ match, of })
    expect(rule.test(bytes(matching))).toBe(true)
    expect(rule.test(bytes(other))).toBe(false)
  })

  test('takes no rule at all for the suffix _unencrypted', () => {
    const { rule } = read(whole)
    expect(rule).toMatchObject({ match: 'clear', of: 'key' })
    expect(rule.test(bytes('a_unencrypted'))).toBe(true)
  })

  test('matches a hostile pattern in time linear in the key', () => {
    const { rule } = read({ ...whole, encrypted_regex: '^(a+)+$' })
    // a backtracking engine would not end before the sun does
    expect(rule.test(bytes(`${'a'.repeat(50_000)}b`))).toBe(false)
  })
})

describe('splitMetadata()', () => {
  test('leaves the values without the node', () => {
    const { tree } = split('{"a": 1, "sops": {}, "b": {"sops": 2}}')
    expect(tree.documents[0]?.entries.map((entry) => entry.kind)).toEqual(['entry', 'entry'])
  })

  test.each([
    ['{"a": 1}', 'it holds no metadata of SOPS'],
    ['{"sops": {}, "a": 1, "sops": {}}', 'it holds two "sops" nodes'],
    ['{"sops": []}', 'its "sops" node is no mapping'],
    ['{"sops": {"mac": "a", "mac": "b"}}', 'its metadata has "mac" twice'],
  ])('refuses %s', (document, message) => {
    expect(() => split(document)).toThrow(message)
  })
})
