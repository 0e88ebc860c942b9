import { describe, expect, test } from 'vitest'
import type { Secrets } from '../../src/ports.ts'

interface Sample {
  readonly path: string
  readonly content: Uint8Array
}

export interface SecretsUnderTest {
  readonly secrets: Secrets
  /** The same adapter on a host with another key. */
  readonly elsewhere: Secrets
  readonly ours: Sample & { readonly plain: string; readonly values: readonly string[] }
  /** Encrypted to somebody else. */
  readonly theirs: Sample
  /** Ours, with a value changed by somebody without the key. */
  readonly damaged: Sample
}

const signal = new AbortController().signal

/** What every `Secrets` must do. */
export function secretsContract(name: string, open: () => SecretsUnderTest): void {
  describe(`Secrets contract: ${name}`, () => {
    test('decrypt() gives the plaintext and names every value that was encrypted', async () => {
      const { secrets, ours } = open()
      const { content, values } = await secrets.decrypt(ours, signal)
      expect(Buffer.from(content).toString('utf8')).toBe(ours.plain)
      expect(values).toEqual(expect.arrayContaining([...ours.values]))
    })

    test('decrypt() refuses what is encrypted to somebody else, and says which file', async () => {
      const { secrets, theirs } = open()
      const refused = secrets.decrypt(theirs, signal)
      await expect(refused).rejects.toMatchObject({
        code: 'no-identity',
        place: { file: theirs.path },
      })
    })

    test('decrypt() refuses a changed value, and says which file', async () => {
      const { secrets, damaged } = open()
      await expect(secrets.decrypt(damaged, signal)).rejects.toMatchObject({
        code: 'corrupt-value',
        place: { file: damaged.path },
      })
    })

    test('decrypt() refuses what is no file of SOPS', async () => {
      const { secrets } = open()
      const plain = { path: 'shop/plain.env', content: Buffer.from('A=1\n') }
      await expect(secrets.decrypt(plain, signal)).rejects.toMatchObject({ code: 'bad-metadata' })
    })

    test('decrypt() ends with an aborted signal', async () => {
      const { secrets, ours } = open()
      await expect(secrets.decrypt(ours, AbortSignal.abort())).rejects.toThrow(/abort/i)
    })

    test('digest() tells contents apart on one host, and nothing to another', () => {
      const { secrets, elsewhere } = open()
      const digest = secrets.digest('hunter2')
      expect(digest).toMatch(/^[0-9a-f]{64}$/)
      expect(secrets.digest(Buffer.from('hunter2'))).toBe(digest)
      expect(secrets.digest('hunter3')).not.toBe(digest)
      expect(elsewhere.digest('hunter2')).not.toBe(digest)
    })
  })
}
