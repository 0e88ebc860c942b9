import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ContainerEvent } from '../../src/domain/container-event.ts'
import type { Inbox } from '../../src/ports.ts'
import { startContainerWatch, type ContainerWatch } from '../../src/work/watch-containers.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'
import { type LogLine, memoryLog } from './memory-log.ts'

const event = (kind: ContainerEvent['kind'], service = 'web'): ContainerEvent => ({
  kind,
  container: `id-${service}`,
  project: 'shop',
  service,
})

const nothing = (): void => undefined

describe('startContainerWatch()', () => {
  let clock: FakeClock
  let inbox: Inbox
  let lines: LogLine[]
  let controller: AbortController
  let underWay: Set<number>
  let tell: (event: ContainerEvent) => Promise<void>
  let watch: ContainerWatch

  /** Departures and source of every hint, and none is left. */
  const taken = () => {
    const pending = inbox.pending()
    inbox.settle(
      pending.map(({ id }) => id),
      null,
      [],
    )
    return pending.map(({ event: hint, origin }) => [
      origin.source,
      hint.kind === 'drift-detected'
        ? hint.departures.map(({ how, service }) => `${service} ${how}`)
        : hint,
    ])
  }

  beforeEach(async () => {
    clock = fakeClock()
    inbox = openMemoryStore({ now: () => clock.now() }).inbox
    lines = []
    underWay = new Set()
    controller = new AbortController()
    const queue: ContainerEvent[] = []
    let wake = nothing
    controller.signal.addEventListener('abort', () => wake())
    tell = async (one) => {
      queue.push(one)
      wake()
      await clock.settle()
    }
    watch = startContainerWatch({
      engine: {
        async *events(signal) {
          while (!signal.aborted) {
            const next = queue.shift()
            if (next !== undefined) yield next
            else await new Promise<void>((resolve) => (wake = resolve))
          }
        },
      },
      inbox,
      clock,
      log: memoryLog(lines),
      sweep: 60_000,
      isUnderWay: (id) => underWay.has(id),
      signal: controller.signal,
    })
    await clock.settle()
  })
  afterEach(async () => {
    controller.abort()
    await watch.ended
  })

  test('a look that is under way keeps nobody from looking, and one that waits does', async () => {
    await clock.advance(120_000)
    expect(inbox.pending()).toHaveLength(1)
    underWay.add(inbox.pending()[0]?.id ?? 0)
    await clock.advance(60_000)
    expect(inbox.pending()).toHaveLength(2)
    await clock.advance(60_000)
    expect(inbox.pending()).toHaveLength(2)
  })

  test('has a look at the start and at every interval', async () => {
    expect(taken()).toEqual([['start', []]])
    await clock.advance(59_999)
    expect(taken()).toEqual([])
    await clock.advance(1)
    expect(taken()).toEqual([['poll', []]])
  })

  test('adds no sweep to a look that waits already', async () => {
    await clock.advance(180_000)
    expect(taken()).toEqual([['start', []]])
  })

  test('takes what happens together as one, a moment after the last of it', async () => {
    taken()
    await tell(event('died'))
    await clock.advance(1_000)
    await tell(event('stopped'))
    await tell(event('died', 'db'))
    await clock.advance(1_499)
    expect(taken()).toEqual([])
    await clock.advance(1)
    expect(taken()).toEqual([['engine', ['web stopped', 'db died']]])
    await clock.advance(20_000)
    expect(taken()).toEqual([])
  })

  test('looks all the same where it is never quiet', async () => {
    taken()
    for (let time = 0; time < 5_000; time += 500) {
      await tell(event('died'))
      await tell(event('started'))
      await clock.advance(500)
    }
    expect(taken()).toEqual([['engine', []]])
  })

  test('waits for the end of a container that was told to end', async () => {
    taken()
    await tell(event('killed'))
    await clock.advance(10_000)
    expect(taken()).toEqual([])
    await tell(event('died'))
    await tell(event('stopped'))
    await clock.advance(3_000)
    expect(taken()).toEqual([['engine', ['web stopped']]])
  })

  test('does not wait for it for ever', async () => {
    taken()
    await tell(event('killed'))
    await clock.advance(12_000)
    expect(taken()).toEqual([['engine', ['web killed']]])
  })

  test('looks where events were missed', async () => {
    taken()
    await tell(event('missed'))
    await clock.advance(1_500)
    expect(taken()).toEqual([['engine', []]])
  })
})
