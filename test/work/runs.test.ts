import { describe, expect, test } from 'vitest'
import type { Event, SyncRequested, Origin } from '../../src/domain/event.ts'
import type { Accepted } from '../../src/ports.ts'
import { chooseRuns } from '../../src/work/choose-runs.ts'
import { type Lane, planRuns } from '../../src/work/runs.ts'

const WEBHOOK: Origin = { source: 'webhook' }
const NOW = 10_000
let lastId = 0

function row(event: Event, changes: Partial<Accepted> = {}): Accepted {
  lastId += 1
  const acceptedAt = changes.acceptedAt ?? NOW
  return {
    id: lastId,
    event,
    origin: WEBHOOK,
    acceptedAt,
    dueAt: acceptedAt,
    attempts: 0,
    ...changes,
  }
}

const published = (...repositories: string[]): Event => ({ kind: 'image-published', repositories })
const ALL: Event = { kind: 'image-published', repositories: 'all' }
const PUSHED: Event = { kind: 'revision-pushed' }
const report = (commit: string, context: string, description = ''): Event => ({
  kind: 'report-due',
  report: { kind: 'status', commit, context, state: 'success', description },
})

const sync = (stack: string | null): SyncRequested => ({ kind: 'sync-requested', stack })

const plan = (rows: readonly Accepted[], now = NOW) => planRuns(rows, { debounce: 5_000, now })

describe('planRuns()', () => {
  test('tells a pass when the first of those who wait for it asked', () => {
    const unasked = sync('web')
    const asked = (askedAt: number): Event => ({ ...unasked, askedAt })
    const runs = plan([row(asked(20)), row(asked(10)), row(asked(30)), row(unasked)])
    expect(runs.map(({ event }) => event)).toEqual([asked(10)])
    expect(plan([row(unasked)])[0]?.event).toEqual(unasked)
  })

  test('makes nothing of nothing', () => {
    expect(plan([])).toEqual([])
  })

  test('lets what a pass left behind come before the push that its own commit made', () => {
    const pushed = row(PUSHED, { acceptedAt: NOW - 5_000 })
    const reached = row({ kind: 'commit-reached', commit: 'c' })
    const runs = plan([pushed, reached])

    const idle = {
      busy: new Set<Lane>(),
      holds: new Map<Lane, number>(),
      spaced: new Map<Event['kind'], number>(),
      now: NOW,
    }
    expect(chooseRuns(runs, idle).start.map(({ event }) => event.kind)).toEqual(['commit-reached'])
  })

  test('lets a person go before hints that came first', () => {
    const left = [ALL, PUSHED].map((event) => row(event, { acceptedAt: NOW - 5_000 }))
    const state = {
      busy: new Set<Lane>(),
      holds: new Map<Lane, number>(),
      spaced: new Map<Event['kind'], number>(),
      now: NOW,
    }
    const { start } = chooseRuns(plan([...left, row(sync(null))]), state)
    expect(start.map(({ event }) => event.kind)).toEqual([
      'sync-requested',
      'image-published',
      'revision-pushed',
    ])
  })

  test('makes one run of published images, with the union of their repositories', () => {
    const rows = [row(published('a/x', 'a/y')), row(PUSHED), row(published('a/y', 'a/z'))]

    expect(plan(rows)).toMatchObject([
      {
        event: published('a/x', 'a/y', 'a/z'),
        ids: [rows[0]?.id, rows[2]?.id],
        lanes: ['commit'],
      },
      { event: PUSHED, ids: [rows[1]?.id], lanes: ['deploy'] },
    ])
  })

  test('makes "all" of repositories and "all"', () => {
    expect(plan([row(published('a/x')), row(ALL)])).toMatchObject([{ event: ALL }])
  })

  test('opens the window at the first image and never extends it', () => {
    const rows = [
      row(published('a/x'), { acceptedAt: 6_000 }),
      row(published('a/y'), { acceptedAt: 10_000 }),
    ]

    expect(plan(rows)).toMatchObject([{ dueAt: 11_000 }])
  })

  test.each<[Origin['source'], number]>([
    ['poll', 9_000],
    ['start', 9_000],
    ['operator', 9_000],
    ['own', 9_000],
    ['webhook', 14_000],
  ])('an image-published from %s is due at %i', (source, dueAt) => {
    expect(plan([row(ALL, { origin: { source }, acceptedAt: 9_000 })])).toMatchObject([{ dueAt }])
  })

  test('a poll waits for the open window of a webhook, so that both are one commit', () => {
    const rows = [
      row(published('a/x'), { acceptedAt: 8_000 }),
      row(ALL, { origin: { source: 'poll' } }),
    ]

    expect(plan(rows)).toMatchObject([{ dueAt: 13_000, event: ALL }])
  })

  test('an image-published that was tried is due when it was postponed to, window or not', () => {
    const rows = [row(ALL, { acceptedAt: 9_000, attempts: 2, dueAt: 9_900 })]

    expect(plan(rows)).toMatchObject([{ dueAt: 9_900, attempts: 2 }])
  })

  test('a fresh push is due although an older one was postponed, and takes it along', () => {
    const rows = [row(PUSHED, { attempts: 3, dueAt: 90_000 }), row(PUSHED)]

    expect(plan(rows)).toMatchObject([
      { dueAt: NOW, attempts: 3, ids: rows.map(({ id }) => id), superseded: [] },
    ])
  })

  test('what was accepted in the future is due: the clock was set back', () => {
    const rows = [row(PUSHED, { acceptedAt: NOW + 86_400_000, dueAt: NOW + 86_400_000 })]

    expect(plan(rows)).toMatchObject([{ dueAt: NOW }])
  })

  test('the newest report of a commit and context wins', () => {
    const rows = [
      row(report('c1', 'magos/h', 'old')),
      row(report('c1', 'magos/h/web')),
      row(report('c2', 'magos/h')),
      row(report('c1', 'magos/h', 'new')),
    ]

    expect(plan(rows)).toMatchObject([
      {
        event: report('c1', 'magos/h', 'new'),
        ids: [rows[3]?.id],
        superseded: [rows[0]?.id],
        lanes: ['report'],
      },
      { event: report('c1', 'magos/h/web'), superseded: [] },
      { event: report('c2', 'magos/h'), superseded: [] },
    ])
  })

  test('syncs of one stack share a run, those of others do not', () => {
    const rows = [row(sync('web')), row(sync(null)), row(sync('web')), row(sync('null'))]

    expect(plan(rows)).toMatchObject([
      {
        event: sync('web'),
        ids: [rows[0]?.id, rows[2]?.id],
        lanes: ['request sync-requested ["web",null]'],
      },
      {
        event: sync(null),
        ids: [rows[1]?.id],
        lanes: ['request sync-requested [null,null]'],
      },
      { event: sync('null'), ids: [rows[3]?.id] },
    ])
  })

  test('takes a flood of 150,000 events', () => {
    const rows = Array.from({ length: 150_000 }, () => row(PUSHED))

    expect(plan(rows)).toMatchObject([{ attempts: 0, dueAt: NOW }])
  })
})
