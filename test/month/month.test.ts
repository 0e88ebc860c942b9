import { describe, expect, it } from 'vitest'
import { examine } from './examine.ts'
import { liveMonth } from './month.ts'

const long = process.env['MAGOS_LONG'] === '1'
const pushes = long ? 500 : 50
const seed = Number(process.env['MAGOS_SEED'] ?? 1)

describe(`a month of ${pushes} images, seed ${seed}`, () => {
  it(
    'leaves a sound repository, in which every byte and every update has its reason',
    { timeout: 3_600_000 },
    async () => {
      const month = await liveMonth({ seed, pushes })
      try {
        expect(await examine(month)).toEqual([])
        expect(month.github.violations).toEqual([])
        expect(month.counts['image']).toBeGreaterThanOrEqual(pushes)
        expect(month.counts['start anew']).toBeGreaterThan(0)
        expect(month.counts['edit']).toBeGreaterThan(0)
      } finally {
        await month.close()
      }
    },
  )
})
