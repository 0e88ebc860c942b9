import { describe, expect, test } from 'vitest'
import type { Tombstones } from '../../src/ports.ts'

/** What every `Tombstones` must do. */
export function tombstonesContract(
  name: string,
  open: () => { readonly tombstones: Tombstones; close(): void },
): void {
  describe(`Tombstones contract: ${name}`, () => {
    test('bury() keeps the first sight, forget() ends it', () => {
      const subject = open()
      const { tombstones } = subject
      expect(tombstones.all()).toEqual([])
      tombstones.bury({ stack: 'web', at: 5 })
      tombstones.bury({ stack: 'db', at: 6 })
      tombstones.bury({ stack: 'web', at: 9 })
      expect(tombstones.all()).toEqual([
        { stack: 'db', at: 6 },
        { stack: 'web', at: 5 },
      ])
      tombstones.forget('db')
      tombstones.forget('db')
      expect(tombstones.all()).toEqual([{ stack: 'web', at: 5 }])
      subject.close()
    })
  })
}
