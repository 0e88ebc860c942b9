import { describe, expect, test } from 'vitest'
import { vanishedStacks, type VanishTerms } from '../../../src/domain/deploy/vanished.ts'

const NOTHING = { bury: [], forget: [], stop: [], mourn: [], drop: [], refused: [] }

function vanished(
  running: readonly string[],
  present: readonly string[],
  more: Partial<VanishTerms> = {},
) {
  const rest = { kept: [], tombstones: [], now: 1_000, grace: 100, removals: 'guarded' } as const
  return vanishedStacks({ running, present: new Set(present), ...rest, ...more })
}

describe('vanishedStacks()', () => {
  test('does nothing where all is there', () => {
    expect(vanished(['a', 'b'], ['a', 'b', 'c'])).toEqual(NOTHING)
  })

  test('buries what vanished, once', () => {
    expect(vanished(['a', 'b'], ['a'])).toEqual({ ...NOTHING, bury: ['b'] })
    const tombstones = [{ stack: 'b', at: 901 }]
    expect(vanished(['a', 'b'], ['a'], { tombstones })).toEqual(NOTHING)
  })

  test('stops it when its grace is over', () => {
    const tombstones = [{ stack: 'b', at: 900 }]
    expect(vanished(['a', 'b'], ['a'], { tombstones })).toEqual({ ...NOTHING, stop: ['b'] })
    expect(vanished(['a', 'b'], ['a'], { tombstones, now: 10 })).toEqual(NOTHING)
    expect(vanished(['a', 'b'], ['a'], { grace: 0 })).toEqual({
      ...NOTHING,
      bury: ['b'],
      stop: ['b'],
    })
  })

  test('forgets what is there again, and what is gone', () => {
    const tombstones = [
      { stack: 'b', at: 900 },
      { stack: 'gone', at: 900 },
    ]
    expect(vanished(['a', 'b'], ['a', 'b'], { tombstones })).toEqual({
      ...NOTHING,
      forget: ['b', 'gone'],
    })
  })

  test('gives what is kept of a stack that is gone the grace that containers have', () => {
    const kept = ['a', 'b']
    expect(vanished(['a'], ['a'], { kept })).toEqual({ ...NOTHING, mourn: ['b'] })
    const tombstones = [{ stack: 'b', at: 901 }]
    expect(vanished(['a'], ['a'], { kept, tombstones })).toEqual(NOTHING)
    expect(vanished(['a'], ['a', 'b'], { kept, tombstones })).toEqual({
      ...NOTHING,
      forget: ['b'],
    })
    const over = { kept, tombstones: [{ stack: 'b', at: 900 }] }
    expect(vanished(['a'], ['a'], over)).toEqual({ ...NOTHING, drop: ['b'] })
    expect(vanished(['a'], ['a'], { kept, grace: 0 })).toEqual({
      ...NOTHING,
      mourn: ['b'],
      drop: ['b'],
    })
  })

  test('drops nothing that is kept of a stack which runs or is there', () => {
    const more = { kept: ['a', 'b'], tombstones: [{ stack: 'b', at: 0 }] }
    expect(vanished(['a', 'b'], ['a'], more)).toEqual({ ...NOTHING, stop: ['b'] })
    expect(vanished([], ['a', 'b'], more)).toEqual({ ...NOTHING, forget: ['b'] })
  })

  test('does not believe three of six more for three that came at once', () => {
    const running = ['a', 'b', 'c', 'd', 'e', 'f']
    const renamed = ['a2', 'b2', 'c2', 'd', 'e', 'f']
    expect(vanished(running, renamed)).toEqual({ ...NOTHING, refused: ['a', 'b', 'c'] })
  })

  test.each<[string, number, number, readonly string[]]>([
    ['two of two', 2, 0, []],
    ['three of nine', 3, 6, []],
    ['three of eight', 3, 5, ['s0', 's1', 's2']],
    ['four of four', 4, 0, ['s0', 's1', 's2', 's3']],
    ['four of twelve', 4, 8, []],
  ])('refuses more than a third and at least three at once: %s', (_title, gone, left, refused) => {
    const running = Array.from({ length: gone + left }, (_, index) => `s${index}`)
    const present = running.slice(gone)
    expect(vanished(running, present).refused).toEqual(refused)
    expect(vanished(running, present).bury).toEqual(
      refused.length === 0 ? running.slice(0, gone) : [],
    )
    expect(vanished(running, present, { removals: 'confirmed' })).toEqual({
      ...NOTHING,
      bury: running.slice(0, gone),
    })
  })

  test('goes on with what was buried before others vanished', () => {
    const tombstones = [{ stack: 's0', at: 0 }]
    expect(vanished(['s0', 's1', 's2', 's3'], [], { tombstones })).toEqual({
      ...NOTHING,
      stop: ['s0'],
      refused: ['s1', 's2', 's3'],
    })
  })
})
