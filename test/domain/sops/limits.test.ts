/** What the format cannot bind, as SECURITY.md tells it: each of these edits is made without any key, and opens. */
import { describe, expect, test } from 'vitest'
import { fields, text, type Fields } from '../../lab/sops/encrypt.ts'
import { encryptedFile, outcomeOf } from '../../lab/sops/open.ts'

function edited(values: Fields, edit: (file: string) => string): string {
  const file = encryptedFile('json', values)
  const changed = edit(file)
  expect(changed).not.toBe(file)
  return outcomeOf(changed, 'json').replaceAll(/[\t\n]/g, '')
}

describe('the format does not bind', () => {
  test('the name of a clear key', () => {
    const values = fields(['port_unencrypted', text('80')])
    const opened = edited(values, (file) => file.replace('port_', 'user_'))
    expect(opened).toBe('{"user_unencrypted": "80"}')
  })

  test('where one clear value ends and the next begins', () => {
    const values = fields(['a_unencrypted', text('ab')], ['b_unencrypted', text('c')])
    const opened = edited(values, (file) => file.replace('"ab"', '"a"').replace('"c"', '"bc"'))
    expect(opened).toBe('{"a_unencrypted": "a","b_unencrypted": "bc"}')
  })

  test('the type of a value whose spelling is the same', () => {
    const values = fields(['port', { type: 'int', text: '80' }])
    expect(edited(values, (file) => file.replace('type:int', 'type:str'))).toBe('{"port": "80"}')
  })

  test('whether a value stands in a list', () => {
    const values = fields(['a', text('one')])
    const opened = edited(values, (file) => file.replace(/"ENC[^"]*"/, '[[$&]]'))
    expect(opened).toBe('{"a": [["one"]]}')
  })

  test('nulls, empty texts and empty containers', () => {
    const values = fields(['a', text('one')])
    const opened = edited(values, (file) =>
      file.replace('{', '{"b": null, "c": "", "d": [], "e": {"f": null}, '),
    )
    expect(opened).toBe('{"b": null,"c": "","d": [],"e": {"f": null},"a": "one"}')
  })

  test('an older state of the whole file', () => {
    const states = ['one', 'two'].map((value) => encryptedFile('json', fields(['a', text(value)])))
    const opened = states.map((state) => outcomeOf(state, 'json'))
    expect(opened).toEqual(['{\n\t"a": "one"\n}\n', '{\n\t"a": "two"\n}\n'])
  })

  test('what a comment says, or whether it is there', () => {
    const values = fields({ remark: ' about' }, ['a', [{ remark: ' first' }, text('one')]])
    const file = encryptedFile('yaml', values)
    const changed = file.replace(/^#.*$/m, '# another').replace(/^.*type:comment\]\n/m, '')
    expect(changed).not.toBe(file)
    expect(outcomeOf(changed, 'yaml')).toBe(outcomeOf(file, 'yaml'))
  })

  test('clear values at all where the MAC covers encrypted ones only', () => {
    const values = fields(['a_unencrypted', text('one')], ['b', text('two')])
    const file = encryptedFile('json', values, { macOnlyEncrypted: true })
    expect(outcomeOf(file.replace('"one"', '"other"'), 'json')).toContain('"other"')
  })
})

describe('the format does bind', () => {
  const values = fields(
    ['a', text('one')],
    ['b', text('two')],
    ['list', [text('three'), text('four')]],
    ['c_unencrypted', text('five')],
  )

  test.each([
    ['a value moved to another key', /"a": ("[^"]*"), "b": ("[^"]*")/, '"a": $2, "b": $1'],
    ['a key renamed', /"a"/, '"A"'],
    ['a value in another order', /("a": "[^"]*"), ("b": "[^"]*")/, '$2, $1'],
    ['items in another order', /\[("[^"]*"), ("[^"]*")\]/, '[$2, $1]'],
    ['an item twice', /\[("[^"]*")/, '[$1, $1'],
    ['a value gone', /"b": "[^"]*", /, ''],
    ['a value emptied', /"b": "[^"]*"/, '"b": ""'],
    ['a value in the clear', /"b": "[^"]*"/, '"b": "two"'],
    ['a value nested deeper', /"b": ("[^"]*")/, '"b": {"b": $1}'],
    ['a clear value changed', /"five"/, '"six"'],
    ['a clear value taken for encrypted', /c_unencrypted/, 'c'],
    ['a rule of its own', /"version"/, '"encrypted_regex": "^c", "version"'],
    ['another time', /T02:30:15Z/, 'T02:30:16Z'],
    ['a MAC over less', /"version"/, '"mac_only_encrypted": true, "version"'],
  ])('%s', (_, pattern, replacement) => {
    const opened = edited(values, (file) => file.replace(pattern, replacement))
    expect(opened).toMatch(/^(?:unencrypted-value|corrupt-value|mac-mismatch): /)
  })
})
