import { beforeEach, describe, expect, test } from 'vitest'
import { MagosError } from '../../src/domain/error.ts'
import type { Inbox } from '../../src/ports.ts'
import { toErrorAnswer } from '../../src/work/error-answer.ts'
import { requestAnswer, waitForAnswer } from '../../src/work/request-answer.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'

const SYNC = { kind: 'sync-requested', stack: 'web' } as const

describe('requestAnswer()', () => {
  let clock: FakeClock
  let inbox: Inbox
  let released: number

  const lock = { release: () => void (released += 1) }
  const { signal } = new AbortController()
  const settle = (answer: unknown) => {
    inbox.settle(
      inbox.pending().map(({ id }) => id),
      answer,
      [],
    )
  }
  const answerLate = () => {
    settle('late')
    return lock
  }

  beforeEach(() => {
    clock = fakeClock()
    inbox = openMemoryStore({ now: () => clock.now() }).inbox
    released = 0
  })

  test('leaves a request and returns the answer of whoever works', async () => {
    const reply = requestAnswer({ inbox, clock, signal, takeLock: () => null }, SYNC)
    await clock.advance(1_000)
    expect(inbox.pending()).toMatchObject([
      { event: { kind: 'sync-requested', stack: 'web' }, origin: { source: 'operator' } },
    ])
    settle({ revision: 'c1' })
    await clock.advance(100)

    await expect(reply).resolves.toEqual({ outcome: 'answered', answer: { revision: 'c1' } })
  })

  test('throws the error that the pass ended with, as it was', async () => {
    const reply = requestAnswer({ inbox, clock, signal, takeLock: () => null }, SYNC)
    const thrown = reply.catch((error: unknown) => error)
    await clock.advance(0)
    const place = { file: 'a.yaml', line: 2, column: 3 }
    const error = new MagosError('compose', 'Parse "a.yaml": broken', { place, remedy: 'Mend it' })
    settle(JSON.parse(JSON.stringify(toErrorAnswer(error))))
    await clock.advance(100)

    expect(await thrown).toMatchObject({
      name: 'MagosError',
      code: 'compose',
      message: 'Parse "a.yaml": broken',
      place: { file: 'a.yaml', line: 2, column: 3 },
      remedy: 'Mend it',
    })
  })

  test('hands over the lock when nobody works the directory any more', async () => {
    let holder: 'alive' | 'gone' = 'alive'
    const takeLock = () => (holder === 'gone' ? lock : null)
    const reply = requestAnswer({ inbox, clock, signal, takeLock }, SYNC)
    await clock.advance(1_000)
    holder = 'gone'
    await clock.advance(100)

    await expect(reply).resolves.toEqual({
      outcome: 'alone',
      id: inbox.pending()[0]?.id,
      lock,
    })
    expect(released).toBe(0)
  })

  test('an answer that came just before the other process ended is taken', async () => {
    const reply = requestAnswer({ inbox, clock, signal, takeLock: answerLate }, SYNC)
    await clock.advance(0)

    await expect(reply).resolves.toEqual({ outcome: 'answered', answer: 'late' })
    expect(released).toBe(1)
  })

  test('gives up with the signal and leaves the request', async () => {
    const controller = new AbortController()
    const options = { inbox, clock, signal: controller.signal, takeLock: () => null }
    const thrown = requestAnswer(options, SYNC).catch((error: unknown) => error)
    await clock.advance(500)
    controller.abort(new Error('Ctrl-C'))

    expect(await thrown).toMatchObject({ message: 'Ctrl-C' })
    expect(inbox.pending()).toHaveLength(1)
  })

  test('waitForAnswer() waits for a null answer too', async () => {
    const id = await inbox.accept({ kind: 'revision-pushed' }, { source: 'operator' })
    const answer = waitForAnswer({ inbox, clock, signal }, id)
    await clock.advance(500)
    settle(null)
    await clock.advance(100)

    await expect(answer).resolves.toBeNull()
  })
})
