import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeDirectories } from '../../src/host/directories.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'magos-directories-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

describe('makeDirectories()', () => {
  test('makes what is missing, with the mode, and leaves what is there', () => {
    makeDirectories(join(root, 'a/b/c'), 0o700)
    makeDirectories(join(root, 'a/b'), 0o755)
    expect(statSync(join(root, 'a/b')).mode & 0o777).toBe(0o700)
    expect(statSync(join(root, 'a/b/c')).isDirectory()).toBe(true)
  })

  test('takes a link to a directory for one', () => {
    symlinkSync(root, join(root, 'link'))
    makeDirectories(join(root, 'link/below'), 0o700)
    expect(statSync(join(root, 'below')).isDirectory()).toBe(true)
  })

  test.each([['file'], ['file/below']])('throws where a file is in the way: %s', (path) => {
    writeFileSync(join(root, 'file'), '')
    expect(() => makeDirectories(join(root, path), 0o700)).toThrow(/EEXIST|ENOTDIR/)
  })

  test('ends where the file system makes none', () => {
    expect(() => makeDirectories('/proc/magos/data', 0o700)).toThrow(/ENOENT/)
  })
})
