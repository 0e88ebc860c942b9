import { expect, test } from 'vitest'
import { commandWords } from '../../../src/adapters/secrets/command-words.ts'

test.each([
  ['pass show age', ['pass', 'show', 'age']],
  ['  op  read\t"op://a b/c"  ', ['op', 'read', 'op://a b/c']],
  [`a 'b "c" \\' d`, ['a', 'b "c" \\', 'd']],
  ['a"b c"d', ['ab cd']],
  ['"a\\"b" c\\ d', ['a"b', 'c d']],
  ["''", ['']],
  ['', []],
  ['$HOME/*;ls', ['$HOME/*;ls']],
])('commandWords() splits %j as a shell would, and does nothing else', (line, words) => {
  expect(commandWords(line)).toEqual(words)
})

test.each(["a 'b", 'a "b', 'a\\'])('commandWords() refuses %j, which does not end', (line) => {
  expect(commandWords(line)).toBeNull()
})
