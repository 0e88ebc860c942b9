/** What sops 3.13.3 was seen to do beyond what its documents say. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { formatOf } from '../../../src/domain/sops/format.ts'
import { decryptSopsFile, readSopsFile } from '../../../src/domain/sops/sops-file.ts'
import { encrypt, fields, seal, text } from '../../lab/sops/encrypt.ts'
import { dataKey, encryptedFile, openText, outcomeOf } from '../../lab/sops/open.ts'

/** Of a file whose values are "one" together. */
const MAC_OF_ONE = createHash('sha512').update('one').digest('hex').toUpperCase()

/** A value that sops reads out of a file and hashes in a form of its own. */
function clearIn(format: 'yaml' | 'json', spelling: string, hashed: string): string {
  return encryptedFile(
    format,
    fields(['a_unencrypted', { type: '', text: hashed, clear: spelling }]),
  )
}

describe('comments', () => {
  test('in a list are encrypted items, dropped from data and not hashed', () => {
    const values = fields(['a', [{ remark: ' about' }, text('one'), { remark: ' last' }]])
    const file = encryptedFile('yaml', values)
    expect(file.match(/- ENC\[.*type:comment\]/g)).toHaveLength(2)
    expect(openText(file, 'yaml')).toBe('a:\n    # about\n    - one\n    # last\n')
    expect(openText(file, 'yaml', 'json')).toBe('{\n\t"a": [\n\t\t"one"\n\t]\n}\n')
  })

  test('in a list still speak for the item behind them once they are items themselves', () => {
    const rule = ['encrypted_comment_regex', 'mark'] as const
    const values = fields(['a', [{ remark: ' mark' }, { remark: ' more' }, text('one')]])
    const file = encryptedFile('yaml', values, { rule })
    expect(file).not.toContain('"one"')
    expect(openText(file, 'yaml')).toBe('a:\n    # mark\n    # more\n    - one\n')
  })

  test('behind one that a rule names are encrypted, and it is not', () => {
    const rule = ['encrypted_comment_regex', 'mark'] as const
    const values = fields({ remark: ' mark' }, { remark: ' more' }, ['a', text('one')])
    const file = encryptedFile('yaml', values, { rule })
    expect(file).toContain('# mark\n#ENC[')
    expect(openText(file, 'yaml')).toBe('# mark\n# more\na: one\n')
  })

  test('are no value of a key', () => {
    const file = encryptedFile('yaml', fields(['a', { type: 'comment', text: 'x' }]))
    expect(outcomeOf(file, 'yaml')).toBe('corrupt-value: Cannot open value "a": it holds a comment')
  })

  test('that do not open stay as they are', () => {
    const file = encryptedFile('dotenv', fields({ remark: 'about' }, ['A', text('one')]))
    const damaged = file.replace(/^#ENC.*$/m, '#ENC[AES256_GCM,data:AAAA]')
    expect(openText(damaged, 'dotenv')).toBe('#ENC[AES256_GCM,data:AAAA]\nA=one\n')
  })
})

describe('merge keys', () => {
  test('stay a key "<<" in the path', () => {
    const file = encryptedFile('yaml', fields(['a', fields(['<<', fields(['b', text('one')])])]))
    expect(file).toContain('"<<":')
    expect(openText(file.replace('"<<"', '!!merge <<'), 'yaml')).toBe(
      'a:\n    !!merge <<:\n        b: one\n',
    )
    expect(openText(file.replace('"<<"', '<<'), 'yaml', 'json')).toContain('"\\u003c\\u003c"')
  })
})

describe('bytes', () => {
  const raw = Buffer.from([0xff, 0x00, 0xfe])

  test('that are no UTF-8 are values in every format', () => {
    const yaml = encryptedFile('yaml', fields(['a', { type: 'str', text: raw }]))
    expect(openText(yaml, 'yaml')).toBe('a: !!binary /wD+\n')
    expect(openText(yaml, 'yaml', 'json')).toBe('{\n\t"a": "\\ufffd\\u0000\\ufffd"\n}\n')
  })

  test('that are no UTF-8 are keys and paths', () => {
    const sealed = encrypt({ documents: [fields()], dataKey, mac: MAC_OF_ONE })
    const own = Object.entries(sealed.metadata).filter(([name]) => name !== 'age')
    const lines = own.map(([name, value]) => `sops_${name}=${String(value)}`)
    const value = seal({ dataKey }, 'one', 'str', Buffer.concat([raw, Buffer.from(':')]))
    const content = Buffer.concat([
      raw,
      Buffer.from(`=${value}\nsops_age__list_0__map_enc=x\n${lines.join('\n')}\n`),
    ])
    const read = readSopsFile({ file: 'file', format: 'dotenv', content })
    const printed = formatOf('dotenv').print(decryptSopsFile(read, dataKey).tree)
    expect(printed).toEqual(Buffer.concat([raw, Buffer.from('=one\n')]))
  })
})

test('null and the empty text are never encrypted', () => {
  const file = encryptedFile('yaml', fields(['a', null], ['b', text('')], ['c', text('one')]))
  expect(openText(file, 'yaml')).toBe('a: null\nb: ""\nc: one\n')
})

describe('clear YAML', () => {
  test.each([
    ['2024-1-2', '2024-01-02T00:00:00Z', '"2024-01-02T00:00:00Z"'],
    ['2024-02-29 23:59:59', '2024-02-29T23:59:59Z', '"2024-02-29T23:59:59Z"'],
    [
      '2001-12-14t21:59:43.10-05:00',
      '2001-12-14T21:59:43.1-05:00',
      '"2001-12-14T21:59:43.1-05:00"',
    ],
    ['2024-02-30', '2024-02-30', '"2024-02-30"'],
    ['2023-02-29', '2023-02-29', '"2023-02-29"'],
    ['2024-13-01', '2024-13-01', '"2024-13-01"'],
    ['0o17', '15', '15'],
    ['0777', '511', '511'],
    ['0x1F', '31', '31'],
    ['-0x1F', '-31', '-31'],
    ['0b11', '3', '3'],
    ['0o-7', '-7', '-7'],
    ['1_000', '1000', '1000'],
    ['+5', '5', '5'],
    ['08', '8', '8'],
    ['-0', '0', '0'],
    ['-0.0', '-0', '-0'],
    ['1e3', '1000', '1000'],
    ['.5', '0.5', '0.5'],
    ['.5_0', '0.5', '0.5'],
    ['1E+10', '10000000000', '10000000000'],
    ['1e999', '1e999', '"1e999"'],
    ['+9223372036854775808', '9223372036854776000', '9223372036854776000'],
    ['36893488147419103232', '36893488147419103000', '36893488147419103000'],
    ['yes', 'yes', '"yes"'],
    ['no', 'no', '"no"'],
    ['on', 'on', '"on"'],
    ['True', 'True', 'true'],
    ['FALSE', 'False', 'false'],
    ['12:30', '12:30', '"12:30"'],
    ['!!str 5', '5', '"5"'],
    ['!!float 3', '3', '3'],
    ['!!int "7"', '7', '7'],
    ['!!binary gIGC', '', '"\\ufffd\\ufffd\\ufffd"'],
  ])('%s is hashed as %j', (spelling, hashed, json) => {
    const bytes = spelling.includes('binary') ? Buffer.from('gIGC', 'base64') : Buffer.from(hashed)
    const leaf = { type: '', text: bytes, clear: spelling }
    const file = encryptedFile('yaml', fields(['a_unencrypted', leaf]))
    expect(openText(file, 'yaml', 'json')).toBe(`{\n\t"a_unencrypted": ${json}\n}\n`)
  })

  test.each(['18446744073709551615', '!!int x', '!!binary a', '!!timestamp noon', '!!bool yes'])(
    'refuses %s, which sops cannot hold',
    (spelling) => {
      expect(outcomeOf(clearIn('yaml', spelling, 'x'), 'yaml')).toMatch(
        /^bad-metadata: .* tag says/,
      )
    },
  )

  test.each(['1: x', 'true: x', '? [a]\n: x', '~: x', '2024-01-02: x'])(
    'refuses the key of %j, which is no text',
    (line) => {
      const file = `${line}\n${encryptedFile('yaml', fields(['a', text('one')]))}`
      expect(outcomeOf(file, 'yaml')).toBe('bad-metadata: Cannot read YAML: a key is no text')
    },
  )
})

describe('floats', () => {
  test.each([
    ['0.1', '0.1'],
    ['1000000', '1e+06'],
    ['123456789.125', '1.23456789125e+08'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['+Inf', '.inf'],
    ['-Inf', '-.inf'],
    ['NaN', '.nan'],
  ])('%s prints as Go prints it', (hashed, yaml) => {
    const file = encryptedFile('yaml', fields(['a', { type: 'float', text: hashed }]))
    expect(openText(file, 'yaml')).toBe(`a: ${yaml}\n`)
  })
})

describe('clear JSON', () => {
  test.each([
    ['-0', '0', '0'],
    ['1.0', '1', '1'],
    ['1e3', '1000', '1000'],
    ['9223372036854775807', '9223372036854775807', '9223372036854775807'],
    ['9223372036854775808', '9223372036854776000', '9223372036854776000'],
    ['-9223372036854775808', '-9223372036854775808', '-9223372036854775808'],
  ])('%s is hashed as %s', (spelling, hashed, json) => {
    expect(openText(clearIn('json', spelling, hashed), 'json')).toBe(
      `{\n\t"a_unencrypted": ${json}\n}\n`,
    )
  })
})

/** Lines before a dotenv file's own. */
function openWithLines(lines: string): string {
  const file = encryptedFile('dotenv', fields(['A', text('one')]), { mac: MAC_OF_ONE })
  return outcomeOf(`${lines}\n${file}`, 'dotenv')
}

describe('dotenv', () => {
  test('keeps blanks, quotes and CR', () => {
    const values = fields([' A ', text(' "x" \r')], ['export B', text("'y'")])
    const file = encryptedFile('dotenv', values)
    expect(openText(file, 'dotenv')).toBe(` A = "x" \r\nexport B='y'\n`)
  })

  test('takes every \\n for a line break', () => {
    const value = { type: '', text: 'a\nb', clear: 'a\nb' }
    const file = encryptedFile('dotenv', fields(['A_unencrypted', value]))
    expect(file).toContain('A_unencrypted=a\\nb\n')
    expect(openText(file, 'dotenv', 'json')).toContain('"a\\nb"')
    expect(openText(file, 'dotenv')).toBe('A_unencrypted=a\\nb\n')
  })

  test('refuses a line without "="', () => {
    expect(openWithLines('NONSENSE')).toBe('bad-metadata: Cannot read dotenv: a line has no "="')
  })

  test('names the line of a value that stands in the clear', () => {
    expect(openWithLines('B=two')).toBe(
      'unencrypted-value: Cannot open value "B": it stands in the clear',
    )
  })
})

/** The section of SOPS alone. */
function iniMetadata(): string {
  const { metadata } = encrypt({ documents: [fields()], dataKey, mac: MAC_OF_ONE })
  const lines = Object.entries(metadata).filter(([name]) => name !== 'age')
  return [
    '[sops]',
    'age__list_0__map_enc = x',
    ...lines.map(([k, v]) => `${k} = ${String(v)}`),
    '',
  ].join('\n')
}

describe('INI', () => {
  test.each([
    ['a_unencrypted = one ; about', 'one'],
    ['a_unencrypted = one # about', 'one'],
    ['a_unencrypted = one', 'one'],
    ['a_unencrypted: one', 'one'],
    ['a_unencrypted = "one"', 'one'],
    ["a_unencrypted = 'one'", 'one'],
    ['a_unencrypted = `one`', 'one'],
    ['a_unencrypted = """one"""', 'one'],
    ['a_unencrypted = on\\\n  e', 'one'],
    ['a_unencrypted = two\na_unencrypted = one', 'one'],
    ['`a_unencrypted` = one', 'one'],
  ])('reads %j', (lines, value) => {
    const json = `"s": {\n\t\t"a_unencrypted": "${value}"\n\t}`
    expect(openText(`[s]\n${lines}\n${iniMetadata()}`, 'ini', 'json')).toContain(json)
  })

  test('keeps repeated sections apart', () => {
    const file = `[s]\na_unencrypted = o\n[s]\na_unencrypted = ne\n${iniMetadata()}`
    expect(openText(file, 'ini')).toBe('[s]\na_unencrypted = o\n\n[s]\na_unencrypted = ne\n')
  })

  test.each([
    ['[s', 'a section is not closed'],
    ['[]', 'a section has no name'],
    ['nonsense', 'a line has no "="'],
    ['= x', 'a key has no name'],
    ['"a = x', 'the quotes of a key are not closed'],
    ['a = """x', 'the quotes of a value are not closed'],
  ])('refuses %j', (line, reason) => {
    const message = `bad-metadata: Cannot read INI: ${reason}`
    expect(outcomeOf(`${line}\n${iniMetadata().replaceAll(/["`]/g, '')}`, 'ini')).toBe(message)
  })
})

const value = seal({ dataKey }, 'one', 'str', 'a:')

/** A file whose only value is this text. */
function openWith(ciphertext: string): string {
  const file = encryptedFile('yaml', fields(['a', text('one')]), { mac: MAC_OF_ONE })
  return outcomeOf(file.replace(/ENC\[[^\]]*\]/, ciphertext), 'yaml')
}

describe('ciphertexts', () => {
  const corrupt = 'corrupt-value: Cannot open value "a": it is no well-formed ciphertext'

  test('open whole', () => {
    expect(openWith(value)).toBe('{\n\t"a": "one"\n}\n')
  })

  test.each([
    ['blanks', value.replace(',iv:', ' ,iv:')],
    ['base64 of URLs', value.replace(/iv:[^,]*/, `iv:${'-'.repeat(43)}=`)],
    ['base64 without padding', value.replace(/tag:([^=]*)==/, 'tag:$1')],
    ['base64 with a mark behind its end', value.replace(/tag:([^,]*)/, 'tag:$1=AAA')],
    ['text behind their end', `${value}x`],
    ['a second type', value.replace(']', ',type:str]')],
    ['another name', value.replace('AES256_GCM', 'AES128_GCM')],
    ['no data', value.replace(/data:[^,]*/, 'data:')],
    ['no iv', value.replace(/iv:[^,]*/, 'iv:')],
    ['a tag of 4 bytes', value.replace(/tag:[^,]*/, 'tag:AAAAAA==')],
    ['an iv without end', value.replace(/iv:[^,]*/, `iv:${'AAAA'.repeat(100)}`)],
  ])('with %s are refused', (_, changed) => {
    expect(openWith(changed)).toBe(corrupt)
  })

  test.each([12, 16, 32])('open with an iv of %i bytes', (ivLength) => {
    const file = encryptedFile('json', fields(['a', text('one')]), { ivLength })
    expect(openText(file, 'json')).toBe('{\n\t"a": "one"\n}\n')
  })
})

describe('lastmodified', () => {
  test.each([
    ['2026-11-23T02:30:15.123456789Z', '2026-11-23T02:30:15Z'],
    ['2026-11-23T02:30:15+02:00', '2026-11-23T02:30:15+02:00'],
    ['2026-11-23T02:30:15.5-07:30', '2026-11-23T02:30:15-07:30'],
    ['2026-11-23T02:30:15-00:00', '2026-11-23T02:30:15Z'],
  ])('%s is %s in the additional data', (lastModified, lastModifiedData) => {
    const values = fields(['a', text('one')])
    const file = encryptedFile('yaml', values, { lastModified, lastModifiedData })
    expect(openText(file, 'yaml')).toBe('a: one\n')
    const other = encryptedFile('yaml', values, { lastModified, lastModifiedData: 'x' })
    expect(outcomeOf(other, 'yaml')).toBe('mac-mismatch: Cannot trust file: its MAC does not open')
  })
})

test('a rule is text that nobody signed, and costs linear time', () => {
  const key = `${'a'.repeat(20_000)}b`
  const file = encryptedFile('json', fields([key, text('one')]))
  const hostile = file.replace('"sops": {', '"sops": {"encrypted_regex": "^(a+)+$", ')
  expect(outcomeOf(hostile, 'json')).toContain('mac-mismatch')
})

describe('a hostile size costs linear time', () => {
  const many = 300_000

  test.each([
    ['digits of an integer', { type: 'int', text: '1'.repeat(many) }, 'corrupt-value'],
    ['digits of a float', { type: 'float', text: `${'1'.repeat(many)}x` }, 'corrupt-value'],
    [
      'a fraction of a second',
      { type: 'time', text: `2024-01-01T00:00:00.${'0'.repeat(many)}` },
      'corrupt-value',
    ],
  ])('%s', (_, leaf, code) => {
    const file = encryptedFile('yaml', fields(['a', leaf]))
    expect(outcomeOf(file, 'yaml').slice(0, code.length)).toBe(code)
  })

  test.each([
    ['a number in JSON', 'json', `{"a_unencrypted": ${'1'.repeat(many)}}`],
    ['a number in YAML', 'yaml', `a: ${'1_'.repeat(many)}\nb: 0x${'f'.repeat(many)}\n`],
    ['an angle in YAML', 'yaml', `a: ${'1:'.repeat(many)}\n`],
    ['blanks in INI', 'ini', `[s]\na = x${' '.repeat(many)}y${' '.repeat(many)}\n`],
    ['marks in INI', 'ini', `[s]\n${';'.repeat(many)}\na = ${'"'.repeat(many)}\n`],
    ['lines in dotenv', 'dotenv', 'A=\n'.repeat(many)],
  ] as const)('%s', (_, format, content) => {
    expect(outcomeOf(content, format)).toMatch(/^bad-metadata: /)
  })
})
