import { describe, expect, test } from 'vitest'

import { parseListen, parseServerUrl } from '../../src/config/address.ts'
import { closest } from '../../src/config/closest.ts'
import { parseBranch, parseHost } from '../../src/config/name.ts'
import { parseDuration, parseSize } from '../../src/config/quantity.ts'
import { parseRepository } from '../../src/config/repository.ts'

const REFUSED = { refusal: expect.any(String) }
const bases = { homeDirectory: '/home/u', workingDirectory: '/w' }

describe('parseDuration()', () => {
  const bounds = { min: '1s', max: '24h' }
  test.each([
    ['1s', 1_000],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['24h', 86_400_000],
  ])('parseDuration() reads %s', (text, value) => {
    expect(parseDuration(text, bounds)).toEqual({ value })
  })

  test.each(['', '5', 's', '5 m', '5ms', '5M', '-5s', '1e3s', '.5s', '5s5s', '0.9s', '25h', '∞s'])(
    'parseDuration() refuses %j',
    (text) => {
      expect(parseDuration(text, bounds)).toEqual(REFUSED)
    },
  )
})

describe('parseSize()', () => {
  test.each([
    ['1024', 1024],
    ['5MB', 5_000_000],
    ['5 MiB', 5_242_880],
    ['1.5kB', 1500],
    ['2KiB', 2048],
  ])('parseSize() reads %s', (text, value) => {
    expect(parseSize(text, { min: '1KiB', max: '25MiB' })).toEqual({ value })
  })

  test.each(['', 'MB', '5mb', '5GB', '1', '26MiB', '-1MB'])('parseSize() refuses %j', (text) => {
    expect(parseSize(text, { min: '1KiB', max: '25MiB' })).toEqual(REFUSED)
  })
})

test.each([
  '8787',
  ':8787',
  '127.0.0.1',
  '127.0.0.1:65536',
  '::1:80',
  '[127.0.0.1]:80',
  '1.2.3:80',
  '-a:80',
  'a b:80',
  'http://a:80',
])('parseListen() refuses %j', (text) => {
  expect(parseListen(text)).toEqual(REFUSED)
})

test.each([
  ['https://ghe.lan', 'https://ghe.lan'],
  ['https://ghe.lan/api/v3//', 'https://ghe.lan/api/v3'],
  ['http://127.8.9.1:80/x', 'http://127.8.9.1/x'],
  ['http://[::1]:9', 'http://[::1]:9'],
  ['http://localhost:9', 'http://localhost:9'],
])('parseServerUrl() reads %s', (text, value) => {
  expect(parseServerUrl(text)).toEqual({ value })
})

test.each([
  'ghe.lan',
  'ftp://ghe.lan',
  'http://ghe.lan',
  'http://127.evil.example',
  'https://a@b',
  'https://a?b',
  'https://a#b',
])('parseServerUrl() refuses %s', (text) => {
  expect(parseServerUrl(text)).toEqual(REFUSED)
})

test.each([
  'a',
  '/',
  'a/b/c',
  'a/..',
  '-a/b',
  'a b/c',
  '~you/x',
  'git@github.com:a/b',
  'https://github.com/a',
  'https://github.com/a/b/c',
  'https://github.com/a/b?c',
  'http://github.com/a/b',
  'https://github.com.evil.example/a/b',
  'https://u@github.com/a/b',
])('parseRepository() refuses %s unless it is a path', (text) => {
  const parsed = parseRepository(text, 'https://github.com', bases)
  expect(parsed).toEqual(text === '/' ? { value: { kind: 'local', text, path: '/' } } : REFUSED)
})

test.each(['main', 'feature/x', 'v1.0', 'a-b', 'é'])('parseBranch() reads %s', (text) => {
  expect(parseBranch(text)).toEqual({ value: text })
})

// each is one rule of git-check-ref-format(1)
test.each([
  'refs/heads/main',
  '-a',
  '.a',
  'a/.b',
  'a..b',
  'a.',
  'a/',
  '/a',
  'a//b',
  'a.lock',
  'a.lock/b',
  'a b',
  'a~b',
  'a^b',
  'a:b',
  'a?b',
  'a*b',
  'a[b',
  'a\\b',
  'a@{b',
  '@',
  'a\u007Fb',
])('parseBranch() refuses %j', (text) => {
  expect(parseBranch(text)).toEqual(REFUSED)
})

test.each(['a', 'cellar', 'a.lan', 'A_1-b', 'a'.repeat(63)])('parseHost() reads %s', (text) => {
  expect(parseHost(text)).toEqual({ value: text })
})

test.each(['', '-a', 'a/b', 'a b', 'é', 'a'.repeat(64), 'a\nb', 'a\n'])(
  'parseHost() refuses %j',
  (text) => {
    expect(parseHost(text)).toEqual(REFUSED)
  },
)

test.each([
  ['setle', 'settle'],
  ['settel', 'settle'],
  ['SETTLE', 'settle'],
  ['settles', 'settle'],
  ['xyz', null],
  ['', null],
])('closest() finds what %j was meant to be', (word, expected) => {
  expect(closest(word, ['settle', 'deadline', 'debounce'])).toBe(expected)
})
