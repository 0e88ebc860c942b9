import { describe, expect, it } from 'vitest'
import { inParallel } from '../../handlers/steps/in-parallel.ts'

describe('inParallel()', () => {
  it('returns the results in the order of the items, whoever is done first', async () => {
    const results = await inParallel(3, [3, 1, 2], async (turns) => {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      return `${turns} turns`
    })
    expect(results).toEqual(['3 turns', '1 turns', '2 turns'])
  })

  it.each([
    [1, 1],
    [4, 4],
    [99, 10],
  ])('does at most %i at once', async (atOnce, most) => {
    let running = 0
    let highest = 0
    await inParallel(atOnce, Array.from({ length: 10 }), async () => {
      running += 1
      highest = Math.max(highest, running)
      await new Promise((resolve) => void setImmediate(resolve))
      running -= 1
    })
    expect(highest).toBe(most)
  })

  it('waits for all, and then throws the first error in the order of the items', async () => {
    const done: number[] = []
    const work = async (item: number) => {
      if (item === 1) await new Promise((resolve) => void setImmediate(resolve))
      if (item < 3) throw new Error(`item ${item}`)
      await new Promise((resolve) => void setImmediate(resolve))
      done.push(item)
    }
    await expect(inParallel(2, [1, 2, 3, 4, 5], work)).rejects.toThrow('item 1')
    expect(done).toEqual([3, 4, 5])
  })

  it('does nothing for no items', async () => {
    expect(await inParallel(4, [], () => Promise.reject(new Error('never')))).toEqual([])
  })
})
