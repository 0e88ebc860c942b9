import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Prerequisites } from '../../src/ports.ts'

export interface PrerequisitesUnderTest {
  /** Its data directory is open to others; linger cannot be set. */
  readonly prerequisites: Prerequisites
  close(): Promise<void>
}

const { signal } = new AbortController()

/** What every `Prerequisites` must do. */
export function prerequisitesContract(
  name: string,
  open: () => Promise<PrerequisitesUnderTest>,
): void {
  describe(`Prerequisites contract: ${name}`, () => {
    let subject: PrerequisitesUnderTest
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.close())

    it('look() tells of a data directory that is open, and mend() closes it', async () => {
      const { prerequisites } = subject
      expect((await prerequisites.look(null, signal)).dataDirectory.state).toBe('open')
      expect(await prerequisites.mend('data-directory', signal)).toMatch(/data-directory|closed/)
      expect((await prerequisites.look(null, signal)).dataDirectory.state).toBe('private')
    })

    it('mend() returns null for what it may not put right', async () => {
      expect(await subject.prerequisites.mend('linger', signal)).toBeNull()
    })

    it('look() rejects with the reason of its signal', async () => {
      const reason = new Error('enough')
      await expect(subject.prerequisites.look(null, AbortSignal.abort(reason))).rejects.toBe(reason)
    })
  })
}
