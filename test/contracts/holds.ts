import { beforeEach, describe, expect, test } from 'vitest'
import type { Hold } from '../../src/domain/hold.ts'
import type { Holds } from '../../src/ports.ts'

const byHand: Hold = {
  kind: 'stopped-by-hand',
  by: 'magos',
  reason: 'every container was stopped',
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  tracked: 'a'.repeat(64),
}
const byOperator: Hold = {
  kind: 'operator',
  by: 'ada',
  reason: 'the disk is being changed: back on Monday',
  at: Date.UTC(2026, 0, 3),
  tracked: null,
}

/** What every `Holds` must do. */
export function holdsContract(name: string, open: () => Holds): void {
  describe(`Holds contract: ${name}`, () => {
    let holds: Holds
    beforeEach(() => {
      holds = open()
    })

    test('held() is null and all() is empty where nothing was ever held', async () => {
      expect(await holds.held('shop')).toBeNull()
      expect(await holds.all()).toEqual(new Map())
    })

    test.each([byHand, byOperator])('held() returns what hold() was given: $kind', async (hold) => {
      await holds.hold('shop', hold)
      expect(await holds.held('shop')).toEqual(hold)
      expect(await holds.held('blog')).toBeNull()
    })

    test('hold() replaces the hold of before', async () => {
      await holds.hold('shop', byHand)
      await holds.hold('shop', byOperator)
      expect(await holds.held('shop')).toEqual(byOperator)
    })

    test('release() ends one hold and returns it, or null where there is none', async () => {
      await holds.hold('shop', byOperator)
      await holds.hold('blog', byHand)
      expect(await holds.release('shop')).toEqual(byOperator)
      expect(await holds.release('shop')).toBeNull()
      expect(await holds.held('shop')).toBeNull()
      expect(await holds.held('blog')).toEqual(byHand)
    })

    test('all() tells every held stack, by name', async () => {
      await holds.hold('shop', byOperator)
      await holds.hold('blog-eu_1', byHand)
      expect([...(await holds.all())]).toEqual([
        ['blog-eu_1', byHand],
        ['shop', byOperator],
      ])
    })

    test.each(['', '../x', 'a/b', '.hidden', 'a\0b'])(
      'refuses %j, which is no name',
      async (bad) => {
        await expect(holds.hold(bad, byOperator)).rejects.toMatchObject({ code: 'usage' })
        await expect(holds.held(bad)).rejects.toMatchObject({ code: 'usage' })
        await expect(holds.release(bad)).rejects.toMatchObject({ code: 'usage' })
      },
    )
  })
}
