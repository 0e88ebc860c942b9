import { describe, expect, it } from 'vitest'
import { newestOf, staying, type Turn } from '../../src/domain/turn.ts'

const turn = (kind: Turn['kind'], look: number) => ({
  turn: { stack: 'web', look, kind, asked: 'by-event', departures: [] } as const,
})
const left = (...waiting: readonly (readonly [Turn['kind'], number])[]) =>
  staying(waiting.map(([kind, look]) => turn(kind, look))).map(
    (one) => `${one.turn.kind} ${one.turn.look}`,
  )

describe('staying()', () => {
  it.each([
    ['nobody', [], []],
    [
      'the newest pass',
      [
        ['pass', 1],
        ['pass', 3],
        ['pass', 2],
      ],
      ['pass 3'],
    ],
    [
      'whoever keeps it and came first',
      [
        ['keep', 2],
        ['keep', 3],
      ],
      ['keep 2'],
    ],
    [
      'a pass, and nobody who keeps it',
      [
        ['keep', 2],
        ['pass', 1],
      ],
      ['pass 1'],
    ],
    [
      'a request, and nobody who keeps it',
      [
        ['request', 1],
        ['keep', 2],
      ],
      ['request 1'],
    ],
    [
      'every request',
      [
        ['request', 1],
        ['request', 2],
      ],
      ['request 1', 'request 2'],
    ],
    [
      'a pass beside a newer request, for that may be of one stack',
      [
        ['pass', 1],
        ['request', 2],
      ],
      ['pass 1', 'request 2'],
    ],
    [
      'a request beside newer passes',
      [
        ['pass', 1],
        ['request', 2],
        ['pass', 3],
      ],
      ['request 2', 'pass 3'],
    ],
  ] as const)('leaves %s waiting', (_title, waiting, expected) => {
    expect(left(...waiting)).toEqual(expected)
  })
})

describe('newestOf()', () => {
  it('is the one with the newest look', () => {
    expect(newestOf([turn('pass', 2), turn('request', 5), turn('pass', 4)])?.turn.look).toBe(5)
    expect(newestOf([])).toBeNull()
  })
})
