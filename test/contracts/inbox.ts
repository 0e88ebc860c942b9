import { afterEach, describe, expect, test } from 'vitest'
import type { Event, Origin } from '../../src/domain/event.ts'
import type { Inbox } from '../../src/ports.ts'

export interface InboxUnderTest {
  readonly inbox: Inbox
  close(): void
}

export interface InboxFactoryOptions {
  readonly now: () => number
  readonly queueLimit?: number
}

const PUSHED: Event = { kind: 'revision-pushed' }
const PUBLISHED: Event = { kind: 'image-published', repositories: ['ghcr.io/o/app'] }
const WEBHOOK: Origin = {
  source: 'webhook',
  event: 'push',
  repository: 'o/r',
  ref: 'refs/heads/main',
  delivery: 'd1',
  body: 'ab'.repeat(32),
}

const updateFailed = {
  kind: 'update-failed',
  stack: 'web',
  commit: 'c'.repeat(40),
  proven: 'b'.repeat(40),
  reason: 'service "app" is unhealthy',
  words: 'app: going down',
} as const

/** What every `Inbox` must do. */
export function inboxContract(
  name: string,
  open: (options: InboxFactoryOptions) => InboxUnderTest,
): void {
  describe(`Inbox contract: ${name}`, () => {
    let subjects: InboxUnderTest[] = []
    let now = 1_000

    const start = (options: Omit<InboxFactoryOptions, 'now'> = {}): Inbox => {
      const subject = open({ now: () => now, ...options })
      subjects.push(subject)
      return subject.inbox
    }

    afterEach(() => {
      for (const subject of subjects) subject.close()
      subjects = []
      now = 1_000
    })

    test('accept() keeps event, origin and time, and the oldest comes first', async () => {
      const inbox = start()
      const first = await inbox.accept(PUBLISHED, WEBHOOK)
      now = 2_000
      const second = await inbox.accept(PUSHED, { source: 'poll' })

      expect(inbox.pending()).toEqual([
        {
          id: first,
          event: PUBLISHED,
          origin: WEBHOOK,
          acceptedAt: 1_000,
          attempts: 0,
          dueAt: 1_000,
        },
        {
          id: second,
          event: PUSHED,
          origin: { source: 'poll' },
          acceptedAt: 2_000,
          attempts: 0,
          dueAt: 2_000,
        },
      ])
      expect(second).toBeGreaterThan(first)
    })

    test('accept() keeps every kind of event as it is', async () => {
      const inbox = start()
      const report = {
        kind: 'status' as const,
        commit: 'c'.repeat(40),
        context: 'magos/h',
        state: 'success' as const,
        description: 'ö',
      }
      const check = {
        kind: 'check-run',
        commit: 'c',
        context: 'magos/nas',
        conclusion: 'neutral',
        title: 't',
        summary: 's',
        annotations: [{ path: 'a', line: 1, level: 'warning', message: 'm' }],
      } as const
      const events: Event[] = [
        PUSHED,
        PUBLISHED,
        { kind: 'image-published', repositories: 'all' },
        { kind: 'installation-changed' },
        { kind: 'sync-requested', stack: null },
        { kind: 'sync-requested', stack: 'web', removals: 'confirmed', askedAt: 1_700_000_000_001 },
        { kind: 'rollback-requested', stack: 'web', to: null, by: 'ada' },
        { kind: 'rollback-requested', stack: 'web', to: 'abc1234', by: 'ada' },
        { kind: 'versions-requested', action: 'hold', image: 'a:1', reason: 'r', by: 'ada' },
        { kind: 'versions-requested', action: 'release', image: 'a', reason: '', by: 'ada' },
        { kind: 'commit-reached', commit: 'c'.repeat(40) },
        updateFailed,
        { ...updateFailed, proven: null },
        { kind: 'report-due', report },
        { kind: 'report-due', report: { ...report, kind: 'deployment', state: 'failure' } },
        { kind: 'report-due', report: check },
        { kind: 'proposals-due', repositories: 'all', branches: [] },
        { kind: 'pull-request-changed', numbers: 'all' },
        { kind: 'pull-request-changed', numbers: [1, 2] },
        { kind: 'proposals-due', repositories: ['a/b'], branches: ['magos/nas/x'] },
      ]
      for (const event of events) await inbox.accept(event, { source: 'own' })

      expect(inbox.pending().map(({ event }) => event)).toEqual(events)
    })

    test('accept() gives many at one time an id each, in the order of the calls', async () => {
      const inbox = start()
      const ids = await Promise.all(
        Array.from({ length: 300 }, () => inbox.accept(PUSHED, { source: 'webhook' })),
      )

      expect(new Set(ids).size).toBe(300)
      expect(inbox.pending().map(({ id }) => id)).toEqual(ids)
    })

    test('accept() rejects with busy when too many wait, and takes more afterwards', async () => {
      const inbox = start({ queueLimit: 2 })
      const results = await Promise.allSettled(
        [1, 2, 3].map(() => inbox.accept(PUSHED, { source: 'webhook' })),
      )

      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
      expect(results[2]).toMatchObject({ reason: { name: 'MagosError', code: 'busy' } })
      await expect(inbox.accept(PUSHED, { source: 'webhook' })).resolves.toBeTypeOf('number')
    })

    test('settle() ends exactly these, answers each, and accepts what follows', async () => {
      const inbox = start()
      const [one, two, three] = await Promise.all([
        inbox.accept(PUSHED, { source: 'poll' }),
        inbox.accept(PUSHED, { source: 'poll' }),
        inbox.accept(PUBLISHED, { source: 'poll' }),
      ])
      now = 5_000
      inbox.settle([one, two], { done: ['yes'] }, [{ event: PUBLISHED, origin: WEBHOOK }])

      expect(inbox.answer(one)).toEqual({ done: ['yes'] })
      expect(inbox.answer(two)).toEqual({ done: ['yes'] })
      expect(inbox.answer(three)).toBeUndefined()
      expect(inbox.pending()).toMatchObject([
        { id: three },
        { event: PUBLISHED, origin: WEBHOOK, acceptedAt: 5_000, attempts: 0, dueAt: 5_000 },
      ])
    })

    test('settle() of nothing accepts what follows all the same', () => {
      const inbox = start()
      inbox.settle([], null, [{ event: PUSHED, origin: { source: 'own' } }])

      expect(inbox.pending()).toMatchObject([{ event: PUSHED, origin: { source: 'own' } }])
    })

    test('settle() with a group in which some are settled already leaves their answers', async () => {
      const inbox = start()
      const [one, two] = await Promise.all([
        inbox.accept(PUSHED, { source: 'poll' }),
        inbox.accept(PUSHED, { source: 'poll' }),
      ])
      inbox.settle([two], 'first', [])
      inbox.settle([one, two], 'second', [])

      expect([inbox.answer(one), inbox.answer(two)]).toEqual(['second', 'first'])
    })

    test('answer() tells a null answer from no answer, and knows no strange id', async () => {
      const inbox = start()
      const id = await inbox.accept(PUSHED, { source: 'poll' })
      expect(inbox.answer(id)).toBeUndefined()
      inbox.settle([id], undefined, [])

      expect(inbox.answer(id)).toBeNull()
      expect(inbox.answer(id + 1_000)).toBeUndefined()
    })

    test('postpone() sets the time and counts, and keeps the place in the row', async () => {
      const inbox = start()
      const first = await inbox.accept(PUSHED, { source: 'poll' })
      const second = await inbox.accept(PUSHED, { source: 'poll' })
      inbox.postpone([first], 9_000, 'network')
      inbox.postpone([first], 9_500, 'network')

      expect(inbox.pending()).toMatchObject([
        { id: first, attempts: 2, dueAt: 9_500, acceptedAt: 1_000 },
        { id: second, attempts: 0, dueAt: 1_000 },
      ])
    })

    test('postpone() does not wake what is settled', async () => {
      const inbox = start()
      const id = await inbox.accept(PUSHED, { source: 'poll' })
      inbox.settle([id], 'done', [])
      inbox.postpone([id], 9_000, 'late')

      expect(inbox.pending()).toEqual([])
      expect(inbox.answer(id)).toBe('done')
    })

    test('pending() is a picture: later changes do not reach it', async () => {
      const inbox = start()
      const id = await inbox.accept(PUSHED, { source: 'poll' })
      const before = inbox.pending()
      inbox.postpone([id], 9_000, 'network')
      inbox.settle([id], null, [])

      expect(before).toMatchObject([{ id, attempts: 0 }])
    })

    test('watch() tells of what is accepted and of what follows, until it is ended', async () => {
      const inbox = start()
      let told = 0
      const end = inbox.watch(() => {
        told += 1
      })
      const id = await inbox.accept(PUSHED, { source: 'poll' })
      expect(told).toBe(1)
      inbox.settle([id], null, [{ event: PUSHED, origin: { source: 'own' } }])
      expect(told).toBe(2)
      end()
      await inbox.accept(PUSHED, { source: 'poll' })

      expect(told).toBe(2)
    })
  })
}
