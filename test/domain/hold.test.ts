import { describe, expect, it } from 'vitest'
import { addHold, holdReason, type Hold } from '../../src/domain/hold.ts'

const at = Date.UTC(2026, 0, 2)
const ada: Hold = { kind: 'operator', by: 'ada', reason: 'moving house', at, tracked: null }
const bob: Hold = { ...ada, by: 'bob', reason: 'disk', at: at + 1000 }

describe('addHold()', () => {
  it('says both, and keeps whose the first is and since when', () => {
    expect(holdReason(addHold(ada, bob))).toBe(
      'held by ada since 2026-01-02T00:00:00.000Z: moving house; also by bob since 2026-01-02T00:00:01.000Z: disk',
    )
  })

  it.each<[string, Hold, Hold]>([
    ['the same person says the same', ada, { ...ada, at: at + 5 }],
    ['the same person says nothing more', ada, { ...ada, reason: '', at: at + 5 }],
    ['the second person says the same again', addHold(ada, bob), { ...bob, at: at + 5 }],
    ['the second person says nothing more', addHold(ada, bob), { ...bob, reason: '' }],
  ])('changes nothing where %s', (_title, before, added) => {
    expect(addHold(before, added)).toBe(before)
  })

  it.each<[string, Hold, Hold, RegExp]>([
    [
      'another person says the same',
      ada,
      { ...bob, reason: ada.reason },
      /: moving house; also by bob .*: moving house$/,
    ],
    [
      'another person says nothing',
      ada,
      { ...bob, reason: '' },
      /: moving house; also by bob since \S+$/,
    ],
    [
      'the first said nothing',
      { ...ada, reason: '' },
      bob,
      /^held by ada since \S+: also by bob since \S+: disk$/,
    ],
    [
      'a reason is part of another',
      ada,
      { ...ada, reason: 'moving' },
      /: moving house; also by ada .*: moving$/,
    ],
  ])('adds where %s', (_title, before, added, reason) => {
    expect(holdReason(addHold(before, added))).toMatch(reason)
  })

  it('makes an operator’s hold of one by hand, which a change in git would end', () => {
    const byHand: Hold = {
      kind: 'stopped-by-hand',
      by: 'magos',
      reason: 'all stopped',
      at,
      tracked: 'x',
    }
    const held = addHold(byHand, bob)
    expect(held).toMatchObject({ kind: 'operator', by: 'bob', tracked: null })
    expect(holdReason(held)).toMatch(
      /: disk; before: held \(stopped by hand\) since \S+: all stopped$/,
    )
  })

  it('takes a time where a file made by hand has none', () => {
    expect(addHold({ ...ada, at: NaN }, bob).at).toBe(bob.at)
  })
})
