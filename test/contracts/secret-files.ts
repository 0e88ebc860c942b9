import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SecretFiles } from '../../src/ports.ts'

export interface SecretFilesUnderTest {
  readonly files: SecretFiles
  /** What lies at a path; null where nothing does. */
  read(path: string): { readonly content: string; readonly mode: number } | null
  close(): void
}

const signal = new AbortController().signal
const one = 'a'.repeat(64)
const two = 'b'.repeat(64)

/** What every `SecretFiles` must do. */
export function secretFilesContract(name: string, open: () => SecretFilesUnderTest): void {
  describe(`SecretFiles contract: ${name}`, () => {
    let subject: SecretFilesUnderTest
    let files: SecretFiles
    beforeEach(() => {
      subject = open()
      files = subject.files
    })
    afterEach(() => subject.close())

    const lay = async (stack: string, digest: string, text: string, mode = 0o600) => {
      const path = files.path(stack, digest, 'db.txt')
      await files.lay([{ path, content: Buffer.from(text), mode }], signal)
      return path
    }

    test('path() is the same for the same content, and keeps the name', () => {
      const path = files.path('shop', one, 'db.txt')
      expect(files.path('shop', one, 'db.txt')).toBe(path)
      expect(path).toMatch(/^\/.*\/db\.txt$/)
      const others = [files.path('shop', two, 'db.txt'), files.path('blog', one, 'db.txt')]
      expect(new Set([path, ...others]).size).toBe(3)
    })

    test('lay() lays a file down with its mode, and may do so again', async () => {
      const path = await lay('shop', one, 'hunter2')
      expect(subject.read(path)).toEqual({ content: 'hunter2', mode: 0o600 })
      await lay('shop', one, 'hunter2', 0o644)
      expect(subject.read(path)).toEqual({ content: 'hunter2', mode: 0o644 })
    })

    test('has() tells whether every digest of the stack is there', async () => {
      await lay('shop', one, 'hunter2')
      expect(await files.has('shop', [], signal)).toBe(true)
      expect(await files.has('shop', [one], signal)).toBe(true)
      expect(await files.has('shop', [one, two], signal)).toBe(false)
      expect(await files.has('blog', [one], signal)).toBe(false)
    })

    test('keep() removes the rest of that stack alone', async () => {
      const old = await lay('shop', one, 'old')
      const kept = await lay('shop', two, 'new')
      const others = await lay('blog', one, 'theirs')
      await files.keep('shop', [two], signal)
      expect(subject.read(old)).toBeNull()
      expect(subject.read(kept)?.content).toBe('new')
      expect(subject.read(others)?.content).toBe('theirs')
    })

    test('stacks() names those of which something is there', async () => {
      expect(await files.stacks(signal)).toEqual([])
      await lay('shop', one, 'x')
      await lay('blog', two, 'y')
      expect([...(await files.stacks(signal))].toSorted()).toEqual(['blog', 'shop'])
      await files.keep('shop', [], signal)
      expect(await files.stacks(signal)).toEqual(['blog'])
    })

    test('every verb ends with an aborted signal', async () => {
      const aborted = AbortSignal.abort()
      const file = { path: files.path('shop', one, 'x'), content: Buffer.from('x'), mode: 0o600 }
      await expect(files.lay([file], aborted)).rejects.toThrow(/abort/i)
      await expect(files.has('shop', [one], aborted)).rejects.toThrow(/abort/i)
      await expect(files.keep('shop', [], aborted)).rejects.toThrow(/abort/i)
      await expect(files.stacks(aborted)).rejects.toThrow(/abort/i)
    })
  })
}
