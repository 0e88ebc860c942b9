import { describe, expect, test } from 'vitest'
import type { DatedCommit } from '../../../src/adapters/git/object-store.ts'
import { walkBack } from '../../../src/adapters/git/walk-back.ts'

/** `commit: [time, ...parents]` */
type History = Readonly<Record<string, readonly [number, ...string[]]>>

async function walk(history: History, from: string, to: string) {
  const read = async (oid: string): Promise<DatedCommit | null> => {
    const [time, ...parents] = (await Promise.resolve(history[oid])) ?? []
    if (time === undefined) return null
    return { revision: { commit: oid, tree: `tree ${oid}` }, parents, message: oid, time }
  }
  const found = await walkBack(read, from, to)
  return Array.isArray(found) ? found.map(({ message }) => message) : found
}

describe('walkBack()', () => {
  test('leaves out what both sides had, also where clocks were wrong', async () => {
    // `b` says that it is newer than all that came after it.
    const history: History = { a: [1], b: [9, 'a'], c: [3, 'b'], d: [4, 'c', 'b'] }
    expect(await walk(history, 'c', 'd')).toEqual(['d'])
    expect(await walk({ ...history, c: [0, 'b'] }, 'c', 'd')).toEqual(['d'])
  })

  test('is null where a commit on the way is not here, which only more history can tell', async () => {
    expect(await walk({ a: [1], c: [3, 'b'] }, 'a', 'c')).toBeNull()
    expect(await walk({ c: [3, 'b'] }, 'a', 'c')).toBeNull()
    expect(await walk({ a: [1] }, 'a', 'c')).toBeNull()
  })

  test('needs nothing of what lies behind its end', async () => {
    expect(await walk({ b: [2, 'a'], c: [3, 'b'] }, 'b', 'c')).toEqual(['c'])
  })

  test('is unrelated where the end is not in the history', async () => {
    expect(await walk({ a: [1], b: [2], c: [3, 'b'] }, 'a', 'c')).toBe('unrelated')
  })

  test('looks no further back than anybody asks for', async () => {
    const names = Array.from({ length: 1_200 }, (_, index) => `c${index}`)
    const history: Record<string, readonly [number, ...string[]]> = {}
    for (const [index, name] of names.entries()) {
      history[name] = index === 0 ? [0] : [index, `c${index - 1}`]
    }
    expect(await walk(history, 'c0', 'c1199')).toHaveLength(1_000)
  })
})
