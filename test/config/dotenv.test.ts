import { parseEnv } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseDotenv } from '../../src/config/dotenv.ts'

describe('parseDotenv()', () => {
  test.each([
    ['A=1', '1'],
    ['A = 1 ', '1'],
    ['export A=1', '1'],
    ['  A=1', '1'],
    ['A=', ''],
    ['A=1 # one', '1'],
    ['A=#1', ''],
    ['A=a#b', 'a#b'],
    ['A=$HOME', '$HOME'],
    ['A={"a": "b"}', '{"a": "b"}'],
    ["A='a \\n # b'", 'a \\n # b'],
    ['A="a \\n \\"b\\" \\\\n # c"', 'a \n "b" \\n # c'],
    ['A="a\\xb"', 'a\\xb'],
    ['A="1" # one', '1'],
    ['A="x\ny"', 'x\ny'],
    ['\uFEFFA=1', '1'],
    ['A=1\r\n', '1'],
  ])('parseDotenv() reads %j', (text, expected) => {
    const { entries, problems } = parseDotenv('.env', `${text}\nEND=end`)
    expect(problems).toEqual([])
    expect(entries.get('A')?.value).toBe(expected)
    expect(entries.get('END')?.value).toBe('end')
  })

  test('parseDotenv() knows where each value begins', () => {
    const { entries } = parseDotenv('.env', '# c\n\n A = "x\ny"\nexport B=1')
    expect(entries.get('A')?.place).toEqual({ file: '.env', line: 3, column: 6 })
    expect(entries.get('B')?.place).toEqual({ file: '.env', line: 5, column: 10 })
  })

  test.each([
    ['nonsense', 1, 1, 'expected NAME=value'],
    ['A=1\n  1A=2', 2, 3, 'expected NAME=value'],
    ['A=1\nA=2', 2, 3, 'it stands on line 1 already'],
    ['A="1', 1, 3, 'is never closed'],
    ["A='1' 2", 1, 3, 'text behind the closing quote'],
  ])('parseDotenv() refuses %j', (text, line, column, message) => {
    const { problems } = parseDotenv('.env', text)
    expect(problems).toHaveLength(1)
    expect(problems[0]?.place).toEqual({ file: '.env', line, column })
    expect(problems[0]?.message).toContain(message)
  })

  test('parseDotenv() reads the lines around a broken one', () => {
    const { entries } = parseDotenv('.env', 'A=1\nbroken\nB=2')
    expect([...entries.keys()]).toEqual(['A', 'B'])
  })

  test('parseDotenv() agrees with Node on what both allow', () => {
    const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/)
    const plain = fc.stringMatching(/^[A-Za-z0-9./:~$=,-][A-Za-z0-9./:~$= ,-]{0,20}$/)
    const quoted = fc.oneof(
      plain.map((text) => `'${text}'`),
      plain.map((text) => `"${text}\\n#"`),
      plain.map((text) => `"${text}\nmore"`),
    )
    const value = fc.oneof(
      plain,
      quoted,
      plain.map((text) => `${text} # note`),
    )
    fc.assert(
      fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (variables) => {
        const text = Object.entries(variables)
          .map(([key, written]) => `${key}=${written}`)
          .join('\n')
        const { entries, problems } = parseDotenv('.env', text)
        expect(problems).toEqual([])
        const ours = [...entries].map(([key, entry]) => [key, entry.value])
        expect(Object.fromEntries(ours)).toEqual({ ...parseEnv(text) })
      }),
    )
  })
})
