import { describe, expect, it } from 'vitest'
import { handle } from '../../handlers/index.ts'
import type { Event } from '../../src/domain/event.ts'
import { createWorld, signal } from './world.ts'

const report = {
  kind: 'status',
  commit: 'c',
  context: 'magos/nas',
  state: 'success',
  description: '',
} as const

describe('handle()', () => {
  it.each<[Event, object | null]>([
    [
      { kind: 'image-published', repositories: 'all' },
      { commits: [], held: [] },
    ],
    [{ kind: 'revision-pushed' }, { deployments: [] }],
    [
      { kind: 'sync-requested', stack: null },
      { commits: [], held: [], deployments: [] },
    ],
    [{ kind: 'installation-changed' }, null],
    [{ kind: 'commit-reached', commit: 'c' }, null],
    [{ kind: 'report-due', report }, null],
  ])('hands %j to its handler', async (event, answer) => {
    const { ctx, git, told } = createWorld({})
    const { commit } = await git.head(signal)
    const handled = await handle(ctx, event, signal)
    expect(handled.next).toBe('done')
    expect(handled.answer).toEqual(answer === null ? null : { revision: commit, ...answer })
    expect(told).toEqual(event.kind === 'report-due' ? [report] : [])
  })

  it('hands update-failed to its handler', async () => {
    const failed = { stack: 'shop', commit: 'c', proven: null, reason: 'r', words: '' }
    const { ctx } = createWorld({})
    const handled = await handle(ctx, { kind: 'update-failed', ...failed }, signal)
    expect(handled).toEqual({ answer: { commits: [], held: [] }, followUps: [], next: 'done' })
  })

  it.each<[Event, string]>([
    [
      { kind: 'rollback-requested', stack: 'gone', to: null, by: 'ada' },
      'Cannot find stack "gone"',
    ],
    [
      { kind: 'versions-requested', action: 'hold', image: 'gone:1', reason: '', by: 'ada' },
      'Cannot hold "gone:1"',
    ],
  ])('hands %j to its handler', async (event, message) => {
    const { ctx } = createWorld({})
    await expect(handle(ctx, event, signal)).rejects.toThrow(message)
  })
})
