import { describe, expect, test } from 'vitest'
import { unneededImages, type ImageTerms } from '../../../src/domain/deploy/unneeded-images.ts'

const digest = (number: number) => `sha256:${String(number).padStart(64, '0')}` as const
const image = (number: number, name = 'app') => `ghcr.io/o/${name}:1@${digest(number)}`

function unneeded(numbers: readonly number[], more: Partial<ImageTerms> = {}) {
  const pulled = numbers.map((number) => ({ image: image(number), at: number }))
  return unneededImages({ pulled, needed: new Set(), keep: 1, before: 1_000, ...more })
}

describe('unneededImages()', () => {
  test('spares what is needed', () => {
    expect(unneeded([1, 2, 3], { needed: new Set([digest(3)]) })).toEqual([image(2), image(1)])
  })

  test('keeps as many more as it shall, the newest of each repository', () => {
    const needed = new Set([digest(3)])
    expect(unneeded([1, 2, 3], { needed, keep: 2 })).toEqual([image(1)])
    expect(unneeded([1, 2, 3], { needed, keep: 3 })).toEqual([])
    const pulled = [1, 2].flatMap((number) => [
      { image: image(number), at: number },
      { image: image(number + 5, 'db'), at: number },
    ])
    expect(unneeded([], { pulled, keep: 2 })).toEqual([image(1), image(6, 'db')])
  })

  test('leaves what was pulled of late', () => {
    expect(unneeded([1, 2], { before: 1 })).toEqual([image(1)])
  })
})
