import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/domain/event.ts'
import { chooseRuns } from '../../src/work/choose-runs.ts'
import type { Lane, Run } from '../../src/work/runs.ts'

const KINDS = {
  image: [{ kind: 'image-published', repositories: 'all' }, ['commit'], []],
  push: [{ kind: 'revision-pushed' }, ['deploy'], ['reach']],
  drift: [{ kind: 'drift-detected', departures: [] }, ['drift'], ['reach']],
  reached: [{ kind: 'commit-reached', commit: 'c1' }, ['reach'], []],
  sync: [{ kind: 'sync-requested', stack: null }, ['request all'], ['reach']],
  // No kind needs two lanes now.
  two: [{ kind: 'installation-changed' }, ['commit', 'review'], []],
} satisfies Record<string, readonly [Event, readonly Lane[], readonly Lane[]]>

const run = (kind: keyof typeof KINDS, since: number, dueAt = since): Run => {
  const [event, lanes, behind] = KINDS[kind]
  const [ids, origins, superseded] = [[since], [], []]
  return { event, lanes, behind, ids, origins, attempts: 0, since, dueAt, superseded }
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

  test('an older run that waits for one lane keeps its other one', () => {
    expect(choose([run('two', 1), run('image', 2)], { busy: ['review'] }).start).toEqual([])
  })

  test('a younger run does not overtake what is due in one of its lanes', () => {
    expect(choose([run('two', 2), run('image', 1)]).start).toEqual(['image-published'])
  })

  test('a run that is not due holds no lane', () => {
    expect(choose([run('image', 1, 9_000), run('two', 2)]).start).toEqual(['installation-changed'])
  })

  test('passes run beside each other, and a request beside them', () => {
    const runs = [run('push', 1), run('push', 2), run('sync', 3)]
    expect(choose(runs).start).toEqual(['revision-pushed', 'revision-pushed', 'sync-requested'])
  })

  test('the same request waits for the one that is under way', () => {
    expect(choose([run('sync', 1)], { busy: ['request all'] }).start).toEqual([])
  })

  test('a pass waits until it is known where the one before it brought the host', () => {
    expect(choose([run('reached', 0), run('push', 1)]).start).toEqual(['commit-reached'])
    expect(choose([run('push', 1)], { busy: ['reach'] }).start).toEqual([])
    expect(choose([run('push', 1), run('reached', 2)]).start).toEqual([
      'revision-pushed',
      'commit-reached',
    ])
  })

  test('looks at the host run beside each other', () => {
    expect(choose([run('drift', 1), run('drift', 2)]).start).toHaveLength(2)
  })

  test('a pass that was told to rest rests, and so do others', () => {
    expect(choose([run('push', 1)], { holds: [['deploy', 5_000]] }).wakeAt).toBe(5_000)
  })

  test('a lane on hold rests until then, but for a person who waits', () => {
    const holds: [Lane, number][] = [['commit', 5_000]]
    expect(choose([run('image', 1)], { holds })).toEqual({ start: [], wakeAt: 5_000 })
    const waited: [Lane, number][] = [['request all', 5_000]]
    expect(choose([run('sync', 1)], { holds: waited }).start).toEqual(['sync-requested'])
  })
})
