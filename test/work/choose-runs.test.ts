import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/domain/event.ts'
import { chooseRuns } from '../../src/work/choose-runs.ts'
import type { Lane, Run } from '../../src/work/runs.ts'

const KINDS = {
  image: [{ kind: 'image-published', repositories: 'all' }, ['commit']],
  push: [{ kind: 'revision-pushed' }, ['deploy']],
  sync: [{ kind: 'sync-requested', stack: null }, ['commit', 'deploy']],
} satisfies Record<string, readonly [Event, readonly Lane[]]>

const run = (kind: keyof typeof KINDS, since: number, dueAt = since): Run => {
  const [event, lanes] = KINDS[kind]
  const [ids, origins, superseded] = [[since], [], []]
  return { event, lanes, ids, origins, attempts: 0, since, dueAt, superseded }
}

const choose = (
  runs: readonly Run[],
  {
    busy = [],
    holds = [],
    spaced = [],
  }: {
    busy?: Lane[]
    holds?: [Lane, number][]
    spaced?: [Run['event']['kind'], number][]
  } = {},
) => {
  const { start, wakeAt } = chooseRuns(runs, {
    busy: new Set(busy),
    holds: new Map(holds),
    spaced: new Map(spaced),
    now: 1_000,
  })
  return { start: start.map(({ event }) => event.kind), wakeAt }
}

describe('chooseRuns()', () => {
  test('starts what is due in free lanes, side by side', () => {
    expect(choose([run('image', 1), run('push', 2)])).toEqual({
      start: ['image-published', 'revision-pushed'],
      wakeAt: null,
    })
  })

  test('leaves what is not due, and tells when to look again', () => {
    expect(choose([run('image', 1, 3_000), run('push', 2, 2_000)])).toEqual({
      start: [],
      wakeAt: 2_000,
    })
  })

  test('leaves a busy lane alone; its end is the reason to look again', () => {
    expect(choose([run('image', 1), run('push', 2)], { busy: ['commit'] })).toEqual({
      start: ['revision-pushed'],
      wakeAt: null,
    })
  })

  test('leaves a kind alone that started just now, and no other', () => {
    const runs = [run('image', 1), run('push', 2)]
    expect(choose(runs, { spaced: [['revision-pushed', 1_500]] })).toEqual({
      start: ['image-published'],
      wakeAt: 1_500,
    })
  })

  test('an older sync that waits for one lane keeps its other one', () => {
    expect(choose([run('sync', 1), run('image', 2)], { busy: ['deploy'] }).start).toEqual([])
  })

  test('a younger sync does not overtake what is due in one of its lanes', () => {
    expect(choose([run('sync', 2), run('image', 1)]).start).toEqual(['image-published'])
  })

  test('a run that is not due holds no lane', () => {
    expect(choose([run('image', 1, 9_000), run('sync', 2)]).start).toEqual(['sync-requested'])
  })

  test('a lane on hold rests until then, but for a person who waits', () => {
    const holds: [Lane, number][] = [['commit', 5_000]]
    expect(choose([run('image', 1)], { holds })).toEqual({ start: [], wakeAt: 5_000 })
    expect(choose([run('sync', 1)], { holds }).start).toEqual(['sync-requested'])
  })
})
