import { describe, expect, test } from 'vitest'
import { wasStopped } from '../../../src/adapters/engine/stopped.ts'
import { scriptedRun, type Answer } from './scripted-run.ts'

const ID = 'c'.repeat(64)
const LIFE = { StartedAt: '2026-01-01T00:00:00Z', FinishedAt: '2026-01-08T00:00:00Z' }

async function ask(state: object, events: Answer = {}) {
  const { run, calls } = scriptedRun((words) =>
    words.includes(' inspect ')
      ? { stdout: JSON.stringify([{ Id: ID, State: { ...LIFE, ...state } }]) }
      : events,
  )
  const engine = { runtime: 'podman', run } as const
  const told = await wasStopped(engine, ID, new AbortController().signal)
  return { told, asked: calls.map(({ words }) => words).slice(1) }
}

/** As podman 4 tells when it was, and as podman 5 does. */
const killed = (time: string): readonly Answer[] => [
  { stdout: JSON.stringify({ ID, Status: 'kill', Time: time }) },
  { stdout: JSON.stringify({ ID, Status: 'kill', timeNano: Date.parse(time) * 1e6 }) },
]
const LONG_AGO = killed('2026-01-02T00:00:00.5Z')
const JUST_BEFORE = killed('2026-01-07T23:59:46Z')

describe('wasStopped()', () => {
  test('is what podman says', async () => {
    expect(await ask({ ExitCode: 3 })).toEqual({ told: false, asked: [] })
    expect((await ask({ ExitCode: 3, StoppedByUser: false })).told).toBe(false)
    expect((await ask({ ExitCode: 3, StoppedByUser: true })).told).toBe(true)
  })

  test.each([0, 130, 137, 143])('believes it without a question of code %d', async (ExitCode) => {
    for (const events of LONG_AGO) {
      expect(await ask({ ExitCode, StoppedByUser: true }, events)).toEqual({
        told: true,
        asked: [],
      })
    }
  })

  test('does not believe it behind a signal of long ago, of what ended as no stop ends', async () => {
    for (const events of LONG_AGO) {
      const { told, asked } = await ask({ ExitCode: 3, StoppedByUser: true }, events)
      expect(told).toBe(false)
      expect(asked).toEqual([
        `podman events --since 2026-01-01T00:00:00.000Z --stream=false --filter container=${ID} --filter type=container --filter event=kill --format json`,
      ])
      const starved = { ExitCode: 137, OOMKilled: true, StoppedByUser: true }
      expect((await ask(starved, events)).told).toBe(false)
    }
  })

  test('believes it where the signal may have been a part of the stop', async () => {
    for (const events of JUST_BEFORE) {
      expect((await ask({ ExitCode: 3, StoppedByUser: true }, events)).told).toBe(true)
    }
  })

  test.each<[string, Answer]>([
    ['keeps no events', { exitCode: 125, stderr: 'Error: events_logger is none' }],
    ['does not tell when', { stdout: JSON.stringify({ ID, Status: 'kill' }) }],
  ])('believes it where podman %s', async (_title, events) => {
    expect((await ask({ ExitCode: 3, StoppedByUser: true }, events)).told).toBe(true)
  })

  test('asks no events of one that was never started', async () => {
    const state = { ExitCode: 3, StoppedByUser: true, StartedAt: '0001-01-01T00:00:00Z' }
    expect((await ask(state)).asked).toEqual([])
  })
})
