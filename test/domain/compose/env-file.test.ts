import { describe, expect, test } from 'vitest'

import { readEnvFile } from '../../../src/domain/compose/env-file.ts'

const outer = new Map([['HOME', '/home/me']])

describe('readEnvFile()', () => {
  test.each<[string, string, Readonly<Record<string, string>>]>([
    ['nothing', '', {}],
    ['blank lines and comments', '\n# x\n   # y\n', {}],
    ['plain values', 'A=1\nB = two words \n', { A: '1', B: 'two words' }],
    ['a BOM, CRLF and export', '\uFEFFexport A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['names with dots and dashes', 'a.b-c=1', { 'a.b-c': '1' }],
    ['a colon', 'A: 1', { A: '1' }],
    ['an inline comment', 'A=1 # one\nB=1#2\nC=# none', { A: '1', B: '1#2', C: '' }],
    ['single quotes to the letter', "A='$HOME # \\n'", { A: '$HOME # \\n' }],
    ['an escaped quote in single quotes', "A='it\\'s \\n' # x", { A: "it's \\n" }],
    ['double quotes with escapes', 'A="a\\nb\\"c\\\\" # x', { A: 'a\nb"c\\' }],
    ['quotes over lines', 'A="one\ntwo"\nB=\'x\ny\'', { A: 'one\ntwo', B: 'x\ny' }],
    ['variables from outside', 'A=$HOME/x\nB="${HOME}"', { A: '/home/me/x', B: '/home/me' }],
    ['variables of earlier lines', 'A=1\nB=${A}2\nC=${B:-x}', { A: '1', B: '12', C: '12' }],
    ['variables from outside before its own', 'HOME=/x\nA=$HOME', { HOME: '/x', A: '/home/me' }],
    ['a default', 'A=${GONE:-d}', { A: 'd' }],
    ['an escaped dollar', 'A="\\$HOME"', { A: '$HOME' }],
    ['the last of a name', 'A=1\nA=2', { A: '2' }],
    ['a name alone, from outside', 'HOME\nGONE', { HOME: '/home/me' }],
    ['nothing behind the sign', 'A=', { A: '' }],
  ])('reads %s', (_title, text, expected) => {
    const read = readEnvFile(text, outer)
    expect('values' in read ? Object.fromEntries(read.values) : read).toEqual(expected)
  })

  test.each([
    ['no assignment', 'A=1\nhunter2 hunter3\n', 2, 'it is no NAME=value'],
    ['an open quote', 'A="hunter2\n', 1, 'the quote " is never closed'],
    ['text behind a quote', "\nA='x' hunter2", 2, 'there is text behind the closing quote'],
    ['a broken variable', 'A=hunter2${', 1, 'a variable in it cannot be read'],
    ['a bare dollar', 'A=hunter2$', 1, 'a variable in it cannot be read'],
  ])(
    'says where and why it cannot read %s, and shows nothing of it',
    (_title, text, line, reason) => {
      expect(readEnvFile(text, outer)).toEqual({ line, reason })
    },
  )
})
