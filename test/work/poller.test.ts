import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MagosError } from '../../src/domain/error.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Inbox } from '../../src/ports.ts'
import { startPoller } from '../../src/work/poller.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'
import { type LogLine, memoryLog } from './memory-log.ts'

const ALL: Event = { kind: 'image-published', repositories: 'all' }
const PUSHED: Event = { kind: 'revision-pushed' }
const CHANGED: Event = { kind: 'pull-request-changed', numbers: 'all' }
const PROPOSED: Event = { kind: 'proposals-due', repositories: 'all', branches: [] }

describe('startPoller()', () => {
  let clock: FakeClock
  let inbox: Inbox
  let lines: LogLine[]
  let controller: AbortController
  let underWay: Set<number>

  const start = ({ random = 0.5, via = inbox }: { random?: number; via?: Inbox } = {}) =>
    startPoller({
      inbox: via,
      clock,
      log: memoryLog(lines),
      interval: 60_000,
      isUnderWay: (id) => underWay.has(id),
      signal: controller.signal,
      random: () => random,
    })
  const pending = () => inbox.pending().map(({ event, origin }) => [event, origin.source])
  const settleAll = () =>
    inbox.settle(
      inbox.pending().map(({ id }) => id),
      null,
      [],
    )

  beforeEach(() => {
    clock = fakeClock()
    inbox = openMemoryStore({ now: () => clock.now() }).inbox
    lines = []
    underWay = new Set()
    controller = new AbortController()
  })
  afterEach(() => controller.abort())

  test('a pass that is under way keeps nobody from looking, and one that waits does', async () => {
    start()
    await clock.advance(10)
    const passes = () => inbox.pending().filter(({ event }) => event.kind === 'revision-pushed')
    const first = passes()[0]?.id ?? 0
    await clock.advance(60_000)
    expect(passes()).toHaveLength(1)
    underWay.add(first)
    await clock.advance(60_000)
    expect(passes()).toHaveLength(2)
    await clock.advance(60_000)
    expect(passes()).toHaveLength(2)
    expect(inbox.pending()).toHaveLength(5)
  })

  test('says "look again" at the start and at every interval', async () => {
    start()
    await clock.advance(0)
    expect(pending()).toEqual([
      [ALL, 'start'],
      [PUSHED, 'start'],
      [PROPOSED, 'start'],
      [CHANGED, 'start'],
    ])
    settleAll()
    await clock.advance(59_999)
    expect(pending()).toEqual([])
    await clock.advance(1)
    expect(pending()).toEqual([
      [ALL, 'poll'],
      [PUSHED, 'poll'],
      [PROPOSED, 'poll'],
      [CHANGED, 'poll'],
    ])
  })

  test.each([
    [0, 54_000],
    [1, 66_000],
  ])('with chance %d the interval is %i', async (random, interval) => {
    start({ random })
    await clock.advance(0)
    settleAll()
    await clock.advance(interval - 1)
    expect(pending()).toEqual([])
    await clock.advance(1)
    expect(pending()).toHaveLength(4)
  })

  test('adds nothing to what waits already', async () => {
    await inbox.accept({ kind: 'image-published', repositories: ['a/b'] }, { source: 'webhook' })
    await inbox.accept(PUSHED, { source: 'webhook' })
    start()
    await clock.advance(600_000)

    expect(pending().map(([event]) => event)).toEqual([
      { kind: 'image-published', repositories: ['a/b'] },
      PUSHED,
      ALL,
      PROPOSED,
      CHANGED,
    ])
  })

  test('at the start, what was postponed counts as nothing; a poll leaves it its time', async () => {
    const id = await inbox.accept(PUSHED, { source: 'webhook' })
    inbox.postpone([id], clock.now() + 300_000, 'network')
    start()
    await clock.advance(0)
    expect(pending()).toHaveLength(5)
    const polled = inbox.pending().filter(({ origin }) => origin.source !== 'webhook')
    inbox.settle(
      polled.map((one) => one.id),
      null,
      [],
    )
    await clock.advance(60_000)

    expect(pending()).toEqual([
      [PUSHED, 'webhook'],
      [ALL, 'poll'],
      [PROPOSED, 'poll'],
      [CHANGED, 'poll'],
    ])
  })

  test('goes on when the inbox refuses', async () => {
    let refuses = true
    const via: Inbox = {
      ...inbox,
      accept: (...args) =>
        refuses
          ? Promise.reject(new MagosError('storage', 'Accept: disk full'))
          : inbox.accept(...args),
    }
    start({ via })
    await clock.advance(0)
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn', 'warn'])
    refuses = false
    await clock.advance(60_000)

    expect(pending()).toHaveLength(4)
  })

  test('ends with its signal', async () => {
    const { ended } = start()
    await clock.advance(0)
    controller.abort()
    await ended
    settleAll()
    await clock.advance(600_000)

    expect(pending()).toEqual([])
  })
})
