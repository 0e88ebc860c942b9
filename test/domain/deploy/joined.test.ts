import { describe, expect, test } from 'vitest'
import { leftBehindBy, withJoining } from '../../../src/domain/deploy/joined.ts'
import type { Joining } from '../../../src/domain/deployment.ts'
import { container } from './container.ts'

const joining = (of: string, more: Partial<Joining> = {}): Joining => ({
  container: of,
  what: 'network',
  lasts: 'over-crashes',
  ...more,
})
const vpn = container({ id: 'v', name: 'shop-vpn-1', service: 'vpn', startedAt: 1_000 })
const torrent = container({ id: 't', service: 'torrent', startedAt: 2_000, joins: [joining('v')] })

describe('leftBehindBy()', () => {
  test('is null where what is shared was started first', () => {
    expect(leftBehindBy(torrent, [vpn, torrent])).toBeNull()
    expect(leftBehindBy(vpn, [vpn, torrent])).toBeNull()
  })

  test.each(['v', 'shop-vpn-1'])('names what was started since, known as %s', (known) => {
    const one = { ...torrent, joins: [joining(known)] }
    const anew = { ...vpn, startedAt: 3_000 }
    expect(leftBehindBy(one, [anew, one])).toBe(anew)
  })

  test('leaves a network alone that lasts over a crash, and nothing else', () => {
    const crashed = { ...vpn, startedAt: 3_000, restartCount: 1 }
    expect(leftBehindBy(torrent, [crashed, torrent])).toBeNull()
    const brief = { ...torrent, joins: [joining('v', { lasts: 'one-start' })] }
    expect(leftBehindBy(brief, [crashed, brief])).toBe(crashed)
  })

  test('is null while either does not run, for a start joins them anew', () => {
    const anew = { ...vpn, startedAt: 3_000 }
    const ended = { ...torrent, state: 'exited' } as const
    expect(leftBehindBy(ended, [anew, ended])).toBeNull()
    const down = { ...anew, state: 'exited' } as const
    expect(leftBehindBy(torrent, [down, torrent])).toBeNull()
  })
})

describe('withJoining()', () => {
  const seeder = container({ id: 's', joins: [joining('t')] })
  const other = container({ id: 'o' })
  const all = [seeder, torrent, other, vpn]

  test('adds all that share with it, each behind what it shares with', () => {
    expect(withJoining(['v'], all)).toEqual(['v', 't', 's'])
    expect(withJoining(['s', 'v'], all)).toEqual(['v', 't', 's'])
    expect(withJoining(['o', 't'], all)).toEqual(['o', 't', 's'])
  })

  test('keeps what nobody knows', () => {
    expect(withJoining(['x'], all)).toEqual(['x'])
  })
})
