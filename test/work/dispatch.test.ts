import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Handled } from '../../handlers/context.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { Event, Origin } from '../../src/domain/event.ts'
import type { Inbox } from '../../src/ports.ts'
import { type Dispatcher, type DispatchOptions, startDispatch } from '../../src/work/dispatch.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'
import { type LogLine, memoryLog } from './memory-log.ts'

const WEBHOOK: Origin = { source: 'webhook', delivery: 'd1' }
const POLL: Origin = { source: 'poll' }
const OPERATOR: Origin = { source: 'operator' }
const PUSHED: Event = { kind: 'revision-pushed' }
const ALL: Event = { kind: 'image-published', repositories: 'all' }
const published = (...repositories: string[]): Event => ({ kind: 'image-published', repositories })
const sync = (stack: string | null): Event => ({ kind: 'sync-requested', stack })
const report = (commit: string, description = ''): Event => ({
  kind: 'report-due',
  report: { kind: 'status', commit, context: 'magos/h', state: 'success', description },
})
const done = (answer: unknown = null, followUps: Handled['followUps'] = []): Handled => ({
  answer,
  followUps,
  next: 'done',
})

/** One call of the handler, ended by the test. */
interface Call {
  readonly event: Event
  readonly origins: readonly Origin[]
  readonly signal: AbortSignal
  readonly at: number
  readonly resolve: (handled: Handled) => void
  readonly reject: (reason: unknown) => void
}

describe('startDispatch()', () => {
  let clock: FakeClock
  let inbox: Inbox
  let calls: Call[]
  let lines: LogLine[]
  let dispatchers: Dispatcher[]

  const start = (changes: Partial<DispatchOptions> = {}): Dispatcher => {
    const dispatcher = startDispatch({
      inbox,
      clock,
      log: memoryLog(lines),
      signal: new AbortController().signal,
      random: () => 0.5,
      settings: { spacing: 0 },
      handle: (event, origins, signal) =>
        new Promise((resolve, reject) => {
          calls.push({ event, origins, signal, at: clock.now() - 1_000_000, resolve, reject })
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
      ...changes,
    })
    dispatchers.push(dispatcher)
    return dispatcher
  }
  const kinds = () => calls.map(({ event }) => event.kind)
  const call = (index: number): Call => {
    const found = calls[index]
    if (found === undefined) throw new Error(`There are ${calls.length} calls`)
    return found
  }
  const finish = async (index: number, handled: Handled = done()) => {
    call(index).resolve(handled)
    await clock.advance(50)
  }
  const fail = async (index: number, reason: unknown) => {
    call(index).reject(reason)
    await clock.settle()
  }

  beforeEach(() => {
    clock = fakeClock()
    inbox = openMemoryStore({ now: () => clock.now() }).inbox
    calls = []
    lines = []
    dispatchers = []
  })
  afterEach(async () => {
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.stop()))
  })

  test('works off what was pending before it began', async () => {
    const id = await inbox.accept(PUSHED, WEBHOOK)
    start()
    await clock.advance(50)
    expect(calls).toMatchObject([{ event: PUSHED, origins: [WEBHOOK] }])
    await finish(0, done({ deployed: true }))

    expect(inbox.pending()).toEqual([])
    expect(inbox.answer(id)).toEqual({ deployed: true })
  })

  test('stores answer and follow-ups together and works the follow-ups off', async () => {
    start()
    await inbox.accept(ALL, POLL)
    await clock.advance(50)
    await finish(0, done('committed', [{ event: PUSHED, origin: { source: 'own' } }]))

    expect(calls).toMatchObject([{ event: ALL }, { event: PUSHED, origins: [{ source: 'own' }] }])
  })

  test('makes one run of a burst of images, five seconds after the first', async () => {
    start()
    for (const name of ['a', 'b', 'c']) {
      await inbox.accept(published(`ghcr.io/o/${name}`), WEBHOOK)
      await clock.advance(2_000)
    }
    expect(calls).toMatchObject([
      { event: published('ghcr.io/o/a', 'ghcr.io/o/b', 'ghcr.io/o/c'), at: 5_000 },
    ])
  })

  test('never waits longer than five seconds, whatever it is told', async () => {
    start({ settings: { debounce: 60_000 } })
    await inbox.accept(published('ghcr.io/o/a'), WEBHOOK)
    await clock.advance(5_000)

    expect(calls).toHaveLength(1)
  })

  test('takes exactly one more run for all that came while one was under way', async () => {
    start()
    await inbox.accept(ALL, POLL)
    await clock.advance(50)
    await Promise.all([1, 2, 3].map(() => inbox.accept(ALL, WEBHOOK)))
    await clock.advance(60_000)
    expect(calls).toHaveLength(1)
    await finish(0)
    expect(calls).toMatchObject([{}, { origins: [WEBHOOK, WEBHOOK, WEBHOOK] }])
    await finish(1)
    await clock.advance(60_000)

    expect(calls).toHaveLength(2)
    expect(inbox.pending()).toEqual([])
  })

  test('works a flood off in gulps, a second apart', async () => {
    start({ settings: {} })
    for (let at = 0; at < 3_000; at += 100) {
      await inbox.accept(PUSHED, WEBHOOK)
      await clock.advance(100)
      calls.at(-1)?.resolve(done())
    }
    expect(calls.map(({ at }) => Math.round(at / 1_000))).toEqual([0, 1, 2])
  })

  test('works the lanes side by side, and requests beside all of them', async () => {
    start()
    await inbox.accept(ALL, POLL)
    await inbox.accept(PUSHED, POLL)
    await clock.advance(50)
    await inbox.accept(sync(null), OPERATOR)
    await inbox.accept({ kind: 'installation-changed' }, WEBHOOK)
    await inbox.accept(report('c1'), { source: 'own' })
    await clock.advance(50)
    const others = ['sync-requested', 'installation-changed', 'report-due']
    expect(kinds()).toEqual(['image-published', 'revision-pushed', ...others])

    await inbox.accept(ALL, POLL)
    await inbox.accept(sync(null), OPERATOR)
    await inbox.accept(sync('web'), OPERATOR)
    await clock.advance(50)
    expect(kinds().slice(5)).toEqual(['sync-requested'])
    await finish(2)
    expect(kinds().slice(6)).toEqual(['sync-requested'])
    await finish(0)
    expect(kinds().slice(7)).toEqual(['image-published'])
  })

  test('a pass that hangs keeps no other from looking, and says that it is under way', async () => {
    const dispatcher = start({ settings: {} })
    const first = await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(50)
    const second = await inbox.accept(PUSHED, POLL)
    expect([first, second].map((id) => dispatcher.isUnderWay(id))).toEqual([true, false])
    await clock.advance(1_000)
    expect(calls).toMatchObject([{ origins: [WEBHOOK] }, { origins: [POLL] }])

    await finish(1)
    expect(inbox.pending().map(({ id }) => id)).toEqual([first])
    expect([first, second].map((id) => dispatcher.isUnderWay(id))).toEqual([true, false])
  })

  test('leaves a pass that hangs to the next start, and what came behind it is done', async () => {
    const dispatcher = start()
    const first = await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(50)
    await inbox.accept(PUSHED, POLL)
    await clock.advance(50)
    await finish(1)
    await dispatcher.stop()

    expect(inbox.pending().map(({ id }) => id)).toEqual([first])
  })

  test('one lane that hangs stops no other', async () => {
    start()
    await inbox.accept(ALL, POLL)
    await clock.advance(50)
    for (let round = 1; round <= 3; round += 1) {
      await inbox.accept(PUSHED, WEBHOOK)
      await clock.advance(50)
      await finish(round)
    }

    expect(kinds()).toEqual([
      'image-published',
      'revision-pushed',
      'revision-pushed',
      'revision-pushed',
    ])
  })

  test('two syncs of one stack share a run and its answer', async () => {
    start()
    const ids = await Promise.all([1, 2].map(() => inbox.accept(sync('web'), OPERATOR)))
    await clock.advance(50)
    await finish(0, done({ revision: 'c1' }))

    expect(calls).toHaveLength(1)
    expect(ids.map((id) => inbox.answer(id))).toEqual([{ revision: 'c1' }, { revision: 'c1' }])
  })

  test('an error of a sync is its answer, never retried', async () => {
    start()
    const id = await inbox.accept(sync(null), OPERATOR)
    await clock.advance(50)
    await fail(0, new MagosError('network', 'Fetch "r": no route', { remedy: 'Plug it in' }))
    await clock.advance(600_000)

    expect(calls).toHaveLength(1)
    expect(inbox.answer(id)).toEqual({
      error: { code: 'network', message: 'Fetch "r": no route', remedy: 'Plug it in' },
    })
  })

  test('tries a passing failure again, twice as late each time', async () => {
    start()
    await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    for (const index of [0, 1, 2]) {
      await fail(index, new MagosError('engine', 'Ask podman: no answer'))
      await clock.advance(1_000 * 2 ** index)
    }

    expect(calls.map(({ at }) => at)).toEqual([20, 1_020, 3_020, 7_020])
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'Postponed: Ask podman: no answer',
        fields: expect.objectContaining({ event: 'revision-pushed', deliveries: ['d1'] }),
      }),
    )
  })

  test('an unknown error is a bug of ours, and is tried again too', async () => {
    start()
    await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    await fail(0, new TypeError('x is undefined'))
    await clock.advance(1_000)

    expect(calls).toHaveLength(2)
  })

  test('a failure that stays is settled with its error and logged', async () => {
    start()
    const id = await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    const place = { file: 'magos.yaml', line: 3, column: 5 }
    await fail(0, new MagosError('configuration', 'Read "x": nonsense', { place }))
    await clock.advance(600_000)

    expect(calls).toHaveLength(1)
    const error = { code: 'configuration', message: 'Read "x": nonsense', ...place }
    expect(inbox.answer(id)).toEqual({ error })
    const problems = lines.filter(({ level }) => level === 'error')
    expect(problems).toMatchObject([{ message: 'Failed: Read "x": nonsense' }])
  })

  test('rests a lane as long as it was asked to, new events or not', async () => {
    start()
    await inbox.accept(report('c1'), { source: 'own' })
    await clock.advance(20)
    const retryAt = clock.now() + 30_000
    await fail(0, new MagosError('rate-limit', 'Report: told to wait', { retryAt }))
    await inbox.accept(report('c2'), { source: 'own' })
    await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(29_000)
    expect(kinds()).toEqual(['report-due', 'revision-pushed'])
    await clock.advance(3_000)
    expect(kinds()).toEqual(['report-due', 'revision-pushed', 'report-due'])
    await finish(2)

    expect(kinds()).toEqual(['report-due', 'revision-pushed', 'report-due', 'report-due'])
  })

  test('tells reports one at a time and only the newest of a context', async () => {
    start()
    const old = await inbox.accept(report('c1', 'deploying'), { source: 'own' })
    await inbox.accept(report('c1', 'healthy'), { source: 'own' })
    await inbox.accept(report('c2'), { source: 'own' })
    await clock.advance(20)
    expect(calls).toHaveLength(1)
    const superseded = await inbox.accept(report('c1', 'restarting'), { source: 'own' })
    await inbox.accept(report('c1', 'healthy again'), { source: 'own' })
    await finish(0)
    await finish(1)
    await finish(2)

    const told = calls.map(({ event }) =>
      event.kind === 'report-due' && event.report.kind === 'status' ? event.report : null,
    )
    expect(told.map((one) => [one?.commit, one?.description])).toEqual([
      ['c1', 'healthy'],
      ['c2', ''],
      ['c1', 'healthy again'],
    ])
    expect(inbox.answer(old)).toEqual({ outcome: 'superseded' })
    expect(inbox.answer(superseded)).toEqual({ outcome: 'superseded' })
  })

  test('gives a report up after a day', async () => {
    start()
    const id = await inbox.accept(report('c1'), { source: 'own' })
    await clock.advance(20)
    await clock.advance(86_400_001)
    await fail(0, new MagosError('github', 'Report: 422'))

    expect(inbox.answer(id)).toMatchObject({ error: { code: 'github' } })
  })

  test('plans again at once when the branch moved, five times, and then later', async () => {
    let tries = 0
    const handle = async (): Promise<Handled> => {
      tries += 1
      return { answer: tries, followUps: [], next: 'again' }
    }
    start({ handle })
    const id = await inbox.accept(ALL, POLL)
    await clock.advance(2_000)
    expect(tries).toBe(5)
    expect(inbox.pending()).toMatchObject([{ id, attempts: 1 }])
    await clock.advance(4_000)

    expect(tries).toBe(10)
  })

  test('keeps what follows from a run that is planned again', async () => {
    start()
    const id = await inbox.accept(ALL, POLL)
    await clock.advance(20)
    const followUps = [{ event: PUSHED, origin: { source: 'own' } as const }]
    await finish(0, { answer: null, followUps, next: 'again' })
    await clock.advance(1_000)
    expect(kinds()).toEqual(['image-published', 'revision-pushed', 'image-published'])
    await finish(2, done('second'))

    expect(inbox.answer(id)).toBe('second')
  })

  test('stop() aborts what is under way and leaves it to the next start, uncounted', async () => {
    const dispatcher = start()
    const id = await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    const stopped = dispatcher.stop()
    expect(call(0).signal.aborted).toBe(true)
    await stopped
    expect(inbox.pending()).toMatchObject([{ id, attempts: 0 }])

    start()
    await clock.advance(20)
    await finish(1, done('after all'))
    expect(inbox.answer(id)).toBe('after all')
  })

  test('stop() waits for what is under way and keeps its answer', async () => {
    const { promise, resolve } = Promise.withResolvers<Handled>()
    const dispatcher = start({ handle: () => promise })
    const id = await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    let state = 'stopping'
    const stopped = (async () => {
      await dispatcher.stop()
      state = 'stopped'
    })()
    await clock.settle()
    expect(state).toBe('stopping')
    resolve(done('finished'))
    await stopped

    expect(inbox.answer(id)).toBe('finished')
  })

  test('an aborted signal is a stop', async () => {
    const controller = new AbortController()
    start({ signal: controller.signal })
    await clock.advance(20)
    controller.abort()
    await clock.settle()
    await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(60_000)

    expect(calls).toHaveLength(0)
  })

  test('stores an answer again and again while the disk refuses, and never works twice', async () => {
    let refusals = 2
    const settle: Inbox['settle'] = (...args) => {
      refusals -= 1
      if (refusals >= 0) throw new MagosError('storage', 'Settle: disk full')
      inbox.settle(...args)
    }
    start({ inbox: { ...inbox, settle } })
    const id = await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    await finish(0, done('kept'))
    expect(inbox.answer(id)).toBeUndefined()
    await clock.advance(5_000)

    expect(inbox.answer(id)).toBe('kept')
    expect(calls).toHaveLength(1)
  })

  test('an answer that cannot be written becomes the error that says so', async () => {
    start()
    const id = await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    await finish(0, done({ size: 1n }))
    await clock.advance(5_000)

    expect(inbox.answer(id)).toMatchObject({ error: { code: 'internal' } })
    expect(calls).toHaveLength(1)
  })

  test('an inbox that cannot be read is looked at again later', async () => {
    let broken = true
    const pending: Inbox['pending'] = () => {
      if (broken) throw new MagosError('storage', 'Read events: disk I/O error')
      return inbox.pending()
    }
    start({ inbox: { ...inbox, pending } })
    await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(100)
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error' }))
    broken = false
    await clock.advance(60_000)

    expect(calls).toHaveLength(1)
  })

  test('idle() resolves when nothing is under way and nothing is due', async () => {
    const dispatcher = start()
    await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    let state = 'working'
    const idle = (async () => {
      await dispatcher.idle()
      state = 'idle'
    })()
    await inbox.accept(PUSHED, WEBHOOK)
    await finish(0)
    expect(state).toBe('working')
    await finish(1)
    await idle

    expect(state).toBe('idle')
  })

  test('says what it works off with the ids by which it is found, polls only for debugging', async () => {
    start()
    await inbox.accept(published('ghcr.io/o/a'), WEBHOOK)
    await inbox.accept(PUSHED, POLL)
    await clock.advance(50)
    await finish(0)
    await clock.advance(5_000)

    expect(lines).toMatchObject([
      {
        level: 'debug',
        fields: { event: 'revision-pushed', ids: [2] },
        message: 'Working off revision-pushed',
      },
      { level: 'debug', message: 'Worked off revision-pushed' },
      {
        level: 'info',
        fields: { ids: [1], deliveries: ['d1'], images: ['ghcr.io/o/a'] },
        message: 'Working off image-published',
      },
    ])
  })

  test('onTaken is told of each run; its failure harms nothing', async () => {
    const taken: (readonly number[])[] = []
    start({
      onTaken: ({ ids }) => {
        taken.push(ids)
        throw new Error('listener')
      },
    })
    const id = await inbox.accept(PUSHED, WEBHOOK)
    await clock.advance(20)
    await finish(0, done('fine'))

    expect(taken).toEqual([[id]])
    expect(inbox.answer(id)).toBe('fine')
  })
})
