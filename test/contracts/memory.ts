import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Memory, Sight } from '../../src/ports.ts'

export interface MemoryUnderTest {
  readonly memory: Memory
  close(): void
}

const sight: Sight = {
  repository: 'ghcr.io/o/app',
  tag: '1.0.0',
  digest: `sha256:${'a'.repeat(64)}`,
}
const day = 86_400_000

/** What every `Memory` must do. */
export function memoryContract(name: string, open: () => MemoryUnderTest): void {
  describe(`Memory contract: ${name}`, () => {
    let subject: MemoryUnderTest
    let memory: Memory
    beforeEach(() => {
      subject = open()
      memory = subject.memory
    })
    afterEach(() => subject.close())

    test('firstSeen() is null for what was never seen', () => {
      expect(memory.firstSeen(sight)).toBeNull()
    })

    test('see() keeps the first time, however often', () => {
      for (const at of [1_000, 2_000, 3 * day, 9 * day]) memory.see(sight, at)
      expect(memory.firstSeen(sight)).toBe(1_000)
    })

    test('see() corrects a first time that a wrong clock put into the future', () => {
      memory.see(sight, 9 * day)
      memory.see(sight, 2 * day)
      expect(memory.firstSeen(sight)).toBe(2 * day)
    })

    test('firstSeen() tells repositories, tags and digests apart', () => {
      memory.see(sight, 1_000)
      expect(memory.firstSeen({ ...sight, repository: 'ghcr.io/o/other' })).toBeNull()
      expect(memory.firstSeen({ ...sight, tag: '1.0.1' })).toBeNull()
      expect(memory.firstSeen({ ...sight, digest: `sha256:${'b'.repeat(64)}` })).toBeNull()
    })
  })
}
