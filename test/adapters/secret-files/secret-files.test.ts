import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSecretFiles } from '../../../src/adapters/secret-files/secret-files.ts'
import { secretFilesContract } from '../../contracts/secret-files.ts'
import { createMemorySecretFiles } from '../../fakes/memory-secret-files.ts'

const signal = new AbortController().signal
const digest = 'a'.repeat(64)

secretFilesContract('real', () => {
  const directory = mkdtempSync(join(tmpdir(), 'magos-secret-files-'))
  return {
    files: createSecretFiles({ directory: join(directory, 'secrets') }),
    read: (path) =>
      existsSync(path)
        ? { content: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777 }
        : null,
    close: () => rmSync(directory, { recursive: true }),
  }
})

secretFilesContract('in memory', () => {
  const files = createMemorySecretFiles()
  return {
    files,
    read: (path) => {
      const file = files.laid.get(path)
      return file === undefined
        ? null
        : { content: Buffer.from(file.content).toString(), mode: file.mode }
    },
    close: () => undefined,
  }
})

describe('createSecretFiles()', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'magos-secret-files-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))
  const open = () => createSecretFiles({ directory: join(root, 'secrets') })
  const lay = async (mode = 0o600) => {
    const files = open()
    const path = files.path('shop', digest, 'db.txt')
    await files.lay([{ path, content: Buffer.from('planted'), mode }], signal)
    return path
  }

  test('lay() lets nobody else into any of its folders', async () => {
    const path = await lay(0o644)
    for (let folder = dirname(path); folder !== root; folder = dirname(folder)) {
      expect(statSync(folder).mode & 0o777).toBe(0o700)
    }
  })

  test('lay() shuts folders that somebody left open', async () => {
    const path = open().path('shop', digest, 'db.txt')
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    await lay()
    for (const folder of [dirname(path), dirname(dirname(path))]) {
      expect(statSync(folder).mode & 0o777).toBe(0o700)
    }
  })

  test('lay() leaves a file that is right in its place, for containers hold it', async () => {
    const before = statSync(await lay()).ino
    expect(statSync(await lay()).ino).toBe(before)
  })

  test('lay() mends what somebody changed', async () => {
    const path = await lay()
    writeFileSync(path, 'other')
    await lay()
    expect(readFileSync(path, 'utf8')).toBe('planted')
  })

  test('lay() writes through no symlink that lies in its way', async () => {
    const target = join(root, 'target')
    writeFileSync(target, 'theirs')
    const path = open().path('shop', digest, 'db.txt')
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    symlinkSync(target, path)
    await lay()
    expect(readFileSync(target, 'utf8')).toBe('theirs')
    expect(readFileSync(path, 'utf8')).toBe('planted')
  })

  test('lay() takes the place of a folder that docker made of a mount', async () => {
    const path = open().path('shop', digest, 'db.txt')
    mkdirSync(path, { recursive: true, mode: 0o700 })
    await lay()
    expect(readFileSync(path, 'utf8')).toBe('planted')
  })

  test('has() takes no half of a file for it, and keep() removes what a killed process left', async () => {
    const path = await lay()
    const half = join(dirname(path), '.magos-0123456789abcdef.tmp')
    writeFileSync(half, 'plan')
    const files = open()
    expect(await files.has('shop', [digest], signal)).toBe(true)
    rmSync(path)
    expect(await files.has('shop', [digest], signal)).toBe(false)
    await files.keep('shop', [digest], signal)
    expect(existsSync(half)).toBe(false)
  })

  test('path() leads nowhere else', () => {
    for (const [stack, mark] of [
      ['..', digest],
      ['a/../..', digest],
      ['shop', '../x'],
    ] as const) {
      expect(() => open().path(stack, mark, 'x')).toThrow('Place a secret')
    }
  })
})
