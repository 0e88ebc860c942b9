import { describe, expect, test } from 'vitest'
import { createGroupCommit } from '../../../src/adapters/store/group-commit.ts'

const turn = () => new Promise((resolve) => void setTimeout(resolve, 10))

/** A disk that is done when the test says so. */
function slowDisk(limit = 10) {
  const groups: (readonly string[])[] = []
  const syncs: PromiseWithResolvers<void>[] = []
  const calls: string[] = []
  const group = createGroupCommit<string, string>({
    limit,
    write(items) {
      if (items.includes('poison')) throw new Error('disk full')
      groups.push(items)
      return items.map((item) => item.toUpperCase())
    },
    sync() {
      const done = Promise.withResolvers<void>()
      syncs.push(done)
      return done.promise
    },
    syncNow: () => void calls.push('syncNow'),
  })
  return { group, groups, syncs, calls }
}

describe('createGroupCommit()', () => {
  test('resolves nobody before the disk has it', async () => {
    const { group, groups, syncs } = slowDisk()
    let state = 'waiting'
    const added = (async () => {
      const result = await group.add('a')
      state = 'resolved'
      return result
    })()
    await turn()
    expect({ state, groups }).toEqual({ state: 'waiting', groups: [['a']] })
    syncs[0]?.resolve()

    expect(await added).toBe('A')
  })

  test('gathers what comes meanwhile as the next group', async () => {
    const { group, groups, syncs } = slowDisk()
    const first = group.add('a')
    await turn()
    const others = Promise.all(['b', 'c'].map((item) => group.add(item)))
    await turn()
    expect(groups).toEqual([['a']])
    syncs[0]?.resolve()
    await first
    await turn()
    syncs[1]?.resolve()

    expect(await others).toEqual(['B', 'C'])
    expect(groups).toEqual([['a'], ['b', 'c']])
  })

  test('rejects all of a group that cannot be written, and goes on', async () => {
    const { group, syncs } = slowDisk()
    const results = await Promise.allSettled(['a', 'poison'].map((item) => group.add(item)))
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const next = group.add('b')
    await turn()
    syncs[0]?.resolve()

    expect(await next).toBe('B')
  })

  test('rejects all of a group that does not reach the disk', async () => {
    const { group, syncs } = slowDisk()
    const results = Promise.allSettled(['a', 'b'].map((item) => group.add(item)))
    await turn()
    syncs[0]?.reject(new Error('input/output error'))

    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  test('close() writes and syncs what waits at once, and leaves what is under way to end', async () => {
    const { group, groups, syncs, calls } = slowDisk()
    const underWay = group.add('a')
    await turn()
    const waiting = group.add('b')
    group.close()
    expect(groups).toEqual([['a'], ['b']])
    expect(calls).toEqual(['syncNow'])
    expect(await waiting).toBe('B')
    await expect(group.add('c')).rejects.toMatchObject({ code: 'busy' })
    syncs[0]?.resolve()

    expect(await underWay).toBe('A')
  })

  test('refuses with busy beyond the limit', async () => {
    const { group, syncs } = slowDisk(1)
    const first = group.add('a')
    await expect(group.add('b')).rejects.toMatchObject({ code: 'busy' })
    await turn()
    syncs[0]?.resolve()

    expect(await first).toBe('A')
  })
})
