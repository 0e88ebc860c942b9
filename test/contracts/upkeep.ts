import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Trouble } from '../../src/domain/deploy/trouble.ts'
import type { Standing, Upkeep } from '../../src/ports.ts'

export interface UpkeepUnderTest {
  readonly upkeep: Upkeep
  close(): void
}

const shop: Standing = {
  stack: 'shop',
  project: 'store',
  boot: 'b1',
  services: { web: { running: 2, ended: 0 }, job: { running: 0, ended: 1 } },
}
const trouble: Trouble = {
  stack: 'shop',
  inputs: 'i1',
  failures: 2,
  mends: 3,
  since: 100,
  at: 200,
  reason: 'service "web" is unhealthy',
}

/** What every `Upkeep` must do. */
export function upkeepContract(name: string, open: () => UpkeepUnderTest): void {
  describe(`Upkeep contract: ${name}`, () => {
    let subject: UpkeepUnderTest
    let upkeep: Upkeep
    beforeEach(() => {
      subject = open()
      upkeep = subject.upkeep
    })
    afterEach(() => subject.close())

    test('knows nothing at first', () => {
      expect(upkeep.standing('shop')).toBeNull()
      expect(upkeep.standings()).toEqual([])
      expect(upkeep.trouble('shop')).toBeNull()
    })

    test('stand() replaces the standing of before, of that stack alone', () => {
      const blog = { ...shop, stack: 'blog' }
      upkeep.stand(shop)
      upkeep.stand(blog)
      const web = { running: 1, ended: 0, networks: ['shop_default'] }
      const later = { ...shop, boot: 'b2', services: { web } }
      upkeep.stand(later)
      expect(upkeep.standing('shop')).toEqual(later)
      expect(upkeep.standings()).toEqual([blog, later])
      upkeep.forget('blog')
      expect(upkeep.standings()).toEqual([later])
    })

    test('note() replaces the trouble of before, forgive() ends it', () => {
      upkeep.note(trouble)
      expect(upkeep.trouble('shop')).toEqual(trouble)
      upkeep.note({ ...trouble, failures: 3 })
      expect(upkeep.trouble('shop')?.failures).toBe(3)
      upkeep.forgive('shop')
      expect(upkeep.trouble('shop')).toBeNull()
    })
  })
}
