import { describe, expect, test } from 'vitest'
import type { PulledImages } from '../../src/ports.ts'

/** What every `PulledImages` must do. */
export function pulledImagesContract(
  name: string,
  open: () => { readonly pulledImages: PulledImages; close(): void },
): void {
  describe(`PulledImages contract: ${name}`, () => {
    test('note() keeps the last time, forget() ends it', () => {
      const subject = open()
      const { pulledImages } = subject
      expect(pulledImages.all()).toEqual([])
      pulledImages.note({ image: 'b', at: 1 })
      pulledImages.note({ image: 'a', at: 2 })
      pulledImages.note({ image: 'b', at: 3 })
      expect(pulledImages.all()).toEqual([
        { image: 'a', at: 2 },
        { image: 'b', at: 3 },
      ])
      pulledImages.forget('a')
      pulledImages.forget('a')
      expect(pulledImages.all()).toEqual([{ image: 'b', at: 3 }])
      subject.close()
    })
  })
}
