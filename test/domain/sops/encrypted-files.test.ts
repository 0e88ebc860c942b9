import { describe, expect, test } from 'vitest'
import { fields, text, type Fields, type Leaf } from '../../lab/sops/encrypt.ts'
import { encryptedFile, openText, outcomeOf, type WrittenFormat } from '../../lab/sops/open.ts'

/** A value of every type: as it is encrypted, and as JSON, dotenv and YAML show it. */
const types: readonly (readonly [Leaf, json: string, plain: string, yaml: string])[] = [
  [text('words'), '"words"', 'words', 'words'],
  [text('0815'), '"0815"', '0815', '"0815"'],
  [{ type: 'bytes', text: 'raw' }, '"raw"', 'raw', 'raw'],
  [{ type: 'int', text: '-42' }, '-42', '-42', '-42'],
  [
    { type: 'int', text: '9223372036854775807' },
    '9223372036854775807',
    '9223372036854775807',
    '9223372036854775807',
  ],
  [{ type: 'float', text: '0.1' }, '0.1', '0.1', '0.1'],
  [{ type: 'float', text: '3' }, '3', '3.0', '3'],
  [{ type: 'float', text: '-0' }, '-0', '-0.0', '-0'],
  [{ type: 'float', text: '10000000000' }, '10000000000', '1E+10', '1e+10'],
  [{ type: 'float', text: '1000000000000000000000' }, '1e+21', '1E+21', '1e+21'],
  [{ type: 'float', text: '0.00000025' }, '2.5e-7', '2.5E-07', '2.5e-07'],
  [{ type: 'bool', text: 'True' }, 'true', 'true', 'true'],
  [{ type: 'bool', text: 'False' }, 'false', 'false', 'false'],
  [
    { type: 'time', text: '2024-02-29T23:59:59.25+02:00' },
    '"2024-02-29T23:59:59.25+02:00"',
    '2024-02-29T23:59:59+02:00',
    '2024-02-29T23:59:59.25+02:00',
  ],
]

describe('every type', () => {
  test.each(types)('%j in YAML and JSON', (leaf, json, _, yaml) => {
    for (const format of ['yaml', 'json'] as const) {
      const file = encryptedFile(format, fields(['a', leaf]))
      expect(file).not.toContain(`"${String(leaf.text)}"`)
      expect(openText(file, format, 'json')).toBe(`{\n\t"a": ${json}\n}\n`)
      expect(openText(file, format, 'yaml')).toBe(`a: ${yaml}\n`)
    }
  })

  test.each(types)('%j in dotenv', (leaf, _, shown) => {
    expect(openText(encryptedFile('dotenv', fields(['a', leaf])), 'dotenv')).toBe(`a=${shown}\n`)
  })

  test.each(types)('%j in INI', (leaf, _, shown) => {
    const file = encryptedFile('ini', fields(['part', fields(['a', leaf])]))
    expect(openText(file, 'ini')).toBe(`[part]\na = ${shown}\n`)
  })

  test.each([
    ['int', '1.5'],
    ['int', '0x10'],
    ['int', '9223372036854775808'],
    ['float', 'one'],
    ['float', '1e999'],
    ['bool', 'yes'],
    ['time', '2024-02-30T00:00:00Z'],
    ['time', '2024-02-29'],
    ['duration', '1h'],
  ])('refuses type %s that holds %j', (type, plaintext) => {
    const file = encryptedFile('yaml', fields(['a', { type, text: plaintext }]))
    expect(outcomeOf(file, 'yaml')).toBe(
      'corrupt-value: Cannot open value "a": it does not hold what its type says',
    )
  })
})

/** Values of which each rule takes some and leaves some. */
const nested: Fields = fields(
  ['plain', text('one')],
  ['some_mark', fields(['deep', fields(['deeper', text('two')])], ['list', [text('three')]])],
  ['list', [fields(['some_mark', text('four')]), text('five')]],
  ['last', { type: 'int', text: '6', clear: '6' }],
)
const remarked: Fields = fields(
  { remark: ' plain remark' },
  ['a', text('one')],
  { remark: ' mark this' },
  ['b', fields(['c', text('two')], ['d', [text('three'), null]])],
  ['e', [text('four'), { remark: 'mark' }, text('five'), { remark: 'other' }, text('six')]],
  ['f', fields({ remark: 'mark' }, { remark: 'second' }, ['g', text('seven')], ['h', text('8')])],
)

/** Values as they are whatever the rule. */
function plain(values: Fields, format: WrittenFormat): string {
  return openText(encryptedFile(format, values), format, 'json')
}

describe('every rule', () => {
  const rules: readonly (readonly [rule: readonly [string, string], values: Fields])[] = [
    [['unencrypted_suffix', '_mark'], nested],
    [['encrypted_suffix', '_mark'], nested],
    [['unencrypted_regex', '^some_|^last$'], nested],
    [['encrypted_regex', 'mark$'], nested],
    [['unencrypted_comment_regex', 'mark'], remarked],
    [['encrypted_comment_regex', 'mark'], remarked],
  ]

  test.each(rules)('%j', (rule, values) => {
    for (const macOnlyEncrypted of [false, true]) {
      const file = encryptedFile('yaml', values, { rule, macOnlyEncrypted })
      expect(openText(file, 'yaml', 'json')).toBe(plain(values, 'yaml'))
      const ciphertexts = file.match(/type:(?:str|int)\]/g)?.length ?? 0
      const all = encryptedFile('yaml', values).match(/type:(?:str|int)\]/g)?.length ?? 0
      expect(ciphertexts).toBeGreaterThan(1)
      expect(ciphertexts).toBeLessThan(all)
    }
  })

  test.each(rules.filter(([[name]]) => !name.includes('comment')))('%j in JSON', (rule, values) => {
    const file = encryptedFile('json', values, { rule })
    expect(openText(file, 'json')).toBe(plain(values, 'json'))
  })

  test.each([
    [['unencrypted_suffix', '_mark'], 'a_mark'],
    [['encrypted_suffix', '_mark'], 'a'],
    [['unencrypted_regex', '^a'], 'a'],
    [['encrypted_regex', '^b'], 'a'],
  ] as const)('%j in dotenv and INI', (rule, key) => {
    const values = fields([key, text('clear')], [`b_${key === 'a' ? 'mark' : 'x'}`, text('hidden')])
    const dotenv = encryptedFile('dotenv', values, { rule })
    expect(dotenv).toContain(`${key}=clear\n`)
    expect(openText(dotenv, 'dotenv')).toContain('=hidden\n')
    const ini = encryptedFile('ini', fields(['part', values]), { rule })
    expect(ini).toContain(`${key} = clear\n`)
    expect(openText(ini, 'ini')).toContain('= hidden\n')
  })

  test('counts clear values in the MAC unless it covers encrypted ones only', () => {
    const values = fields(['a_mark', text('clear')], ['b', text('hidden')])
    for (const macOnlyEncrypted of [false, true]) {
      const rule = ['unencrypted_suffix', '_mark'] as const
      const file = encryptedFile('yaml', values, { rule, macOnlyEncrypted })
      const changed = file.replace('"clear"', '"changed"')
      expect(outcomeOf(changed, 'yaml')).toContain(macOnlyEncrypted ? '"changed"' : 'mac-mismatch')
    }
  })
})

describe('several documents', () => {
  test('open with one MAC over all, and print one after another', () => {
    const documents = [fields(['a', text('one')]), fields(['b', [text('two')]]), fields()]
    const file = encryptedFile('yaml', documents)
    expect(openText(file, 'yaml')).toBe('a: one\n---\nb:\n    - two\n---\n{}\n')
    expect(openText(file, 'yaml', 'json')).toBe(
      '{\n\t"a": "one"\n}\n{\n\t"b": [\n\t\t"two"\n\t]\n}\n{}\n',
    )
  })
})
