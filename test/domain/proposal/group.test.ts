import { describe, expect, it } from 'vitest'
import { parseImageReference } from '../../../src/domain/image-reference.ts'
import { branchPrefix, proposalGroup } from '../../../src/domain/proposal/group.ts'
import { usualDelivery } from '../../../src/domain/proposal/settings.ts'
import type { DeliverySettings } from '../../../src/domain/proposal/settings.ts'
import type { Delivery, DeliveryMode } from '../../../src/domain/delivery.ts'

const branchOf = (
  text: string,
  delivery: Partial<Delivery> = {},
  settings: Partial<DeliverySettings> = {},
  host = 'nas',
) => {
  const image = parseImageReference(text)
  const own = { mode: null, group: null, ...delivery }
  const line = { image, delivery: own }
  return proposalGroup(line, { ...usualDelivery, mode: 'pr', ...settings }, host)?.branch ?? null
}

const groupOf = (mode: DeliveryMode) => ({ groups: new Map([['g', { mode }]]) })

describe('proposalGroup()', () => {
  it('gives all lines of one image one branch, however they are written', () => {
    expect(branchOf('nginx:1')).toBe(branchOf('docker.io/library/nginx:2'))
    expect(branchOf('ghcr.io/o/app:1')).toMatch(/^magos\/nas\/app-[0-9a-f]{8}$/u)
  })

  it('never gives two images or groups one branch', () => {
    const images = ['ghcr.io/o/a-b:1', 'ghcr.io/o-a/b:1', 'ghcr.io/o/a/b:1', 'ghcr.io/o/a.b:1']
    const groups = ['a b', 'a-b', 'a.b', 'A-b'].map((group) => branchOf('x:1', { group }))
    const all = [...images.map((image) => branchOf(image)), ...groups]
    expect(new Set(all).size).toBe(all.length)
  })

  it('makes a name that git takes of any group and host', () => {
    for (const group of ['Größe', 'x'.repeat(64), '7.lock', 'a..b', '日本']) {
      expect(branchOf('x:1', { group }, {}, 'NAS.lan')).toMatch(/^magos\/nas-lan\/[a-z0-9-]+$/u)
    }
    expect(branchPrefix('NAS.lan')).toBe('magos/nas-lan/')
  })

  const table: readonly [string, Partial<Delivery>, Partial<DeliverySettings>, string | null][] = [
    ['the image', { mode: 'commit' }, {}, null],
    ['its group before the repository', { group: 'g' }, groupOf('commit'), null],
    ['the image before its group', { group: 'g', mode: 'pr' }, groupOf('commit'), 'pr'],
    ['the repository', {}, {}, 'pr'],
    ['a repository that says nothing', {}, { mode: 'commit' }, null],
    ['the defaults’ group', {}, { mode: 'commit', group: 'g', ...groupOf('pr') }, 'pr'],
  ]
  it.each(table)('goes by %s', (_title, own, settings, expected) => {
    expect(branchOf('x:1', own, settings) === null ? null : 'pr').toBe(expected)
  })
})
