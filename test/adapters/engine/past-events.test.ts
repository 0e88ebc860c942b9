import { describe, expect, it } from 'vitest'
import { pastEvents } from '../../../src/adapters/engine/past-events.ts'
import { fakeClock } from '../../work/fake-clock.ts'
import { scriptedRun, type Answer } from './scripted-run.ts'

const ID = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)
const signal = new AbortController().signal
const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' }
const ended = (id: string) => ({ id, project: 'shop', service: 'web' })

function lines(runtime: 'podman' | 'docker', statuses: readonly string[], id = ID): string {
  const one = (status: string) =>
    runtime === 'podman'
      ? { ID: id, Status: status, Attributes: labels }
      : { Action: status, Actor: { ID: id, Attributes: labels } }
  return statuses.map((status) => `${JSON.stringify(one(status))}\n`).join('')
}

interface Engine {
  readonly runtime?: 'podman' | 'docker'
  readonly version?: string
  /** Of `inspect`, beside the time. */
  readonly state?: Readonly<Record<string, unknown>>
  /** What each reading of the past answers; the last one again and again. */
  readonly events: readonly Answer[]
}

async function ask({ runtime = 'podman', version = '4.3.1', state = {}, events }: Engine) {
  const clock = fakeClock()
  let reading = 0
  const { run, calls } = scriptedRun((words) => {
    if (words.includes('--version')) return { stdout: `podman version ${version}\n` }
    if (words.includes(' inspect ')) {
      const State = { FinishedAt: '2026-01-01T00:01:00.5Z', ...state }
      return { stdout: JSON.stringify([{ Id: ID, State }]) }
    }
    return events[Math.min(reading++, events.length - 1)]
  })
  const asking = pastEvents({ engine: { runtime, run }, clock }, [ended(ID), ended(OTHER)], signal)
  await clock.advance(1_000)
  const kinds = (await asking).map(({ kind, container }) => {
    expect(container).toBe(ID)
    return kind
  })
  return { kinds, asked: calls.map(({ words }) => words).filter((one) => one.includes(' events ')) }
}

describe('pastEvents()', () => {
  it('asks podman for all there is since shortly before they ended', async () => {
    const { kinds, asked } = await ask({
      events: [{ stdout: lines('podman', ['died', 'cleanup', 'cleanup']) }],
    })
    expect(kinds).toEqual(['died', 'stopped'])
    expect(asked).toEqual([
      expect.stringMatching(
        `^podman events --since 2026-01-01T00:00:45.500Z --stream=false --filter container=${ID} --filter type=container .*--format json$`,
      ),
    ])
    expect(asked[0]).not.toContain('--until')
  })

  it('asks docker until now', async () => {
    const { kinds, asked } = await ask({
      runtime: 'docker',
      events: [{ stdout: lines('docker', ['kill', 'die', 'stop']) }],
    })
    expect(kinds).toEqual(['killed', 'died', 'stopped'])
    expect(asked[0]).toMatch(
      /--until 1970-01-01T00:16:40.000Z --filter container=.*\{\{json \.\}\}$/,
    )
  })

  it('reads once more where the end of a stop may not be told yet', async () => {
    const { kinds, asked } = await ask({
      events: [
        { stdout: lines('podman', ['died', 'cleanup']) },
        { stdout: lines('podman', ['died', 'cleanup', 'cleanup']) },
      ],
    })
    expect(kinds).toEqual(['died', 'stopped'])
    expect(asked).toHaveLength(2)
  })

  it.each<[string, Answer]>([
    ['are kept by nobody', { exitCode: 125, stderr: 'Error: events_logger is none' }],
    ['take too long', { outcome: 'timed-out', stdout: lines('podman', ['died']) }],
    ['are forgotten', { stdout: '' }],
  ])('knows nothing where events %s', async (_title, answer) => {
    expect((await ask({ events: [answer] })).kinds).toEqual([])
  })

  it.each<[string, Engine, readonly string[]]>([
    ['told to stop it', { state: { StoppedByUser: true }, events: [{}] }, ['stopped']],
    ['not told to', { events: [{}] }, ['died']],
    [
      'told to, and swallows its own event',
      {
        state: { StoppedByUser: true },
        events: [{ stdout: lines('podman', ['died', 'cleanup']) }],
      },
      ['died', 'stopped'],
    ],
    [
      'told to kill it',
      { state: { StoppedByUser: true }, events: [{ stdout: lines('podman', ['kill', 'died']) }] },
      ['killed', 'died'],
    ],
  ])('believes a newer podman that it was %s', async (_title, engine, kinds) => {
    expect((await ask({ version: '5.4.2', ...engine })).kinds).toEqual(kinds)
  })

  it('believes no newer podman that it was told to stop it by a signal of long ago', async () => {
    const State = { StartedAt: '2026-01-01T00:00:00Z', StoppedByUser: true, ExitCode: 3 }
    const told = { Status: 'kill', Time: '2026-01-01T00:00:01Z' }
    const events = [
      { stdout: JSON.stringify(told) },
      { stdout: lines('podman', ['died', 'cleanup']) },
    ]
    const { kinds, asked } = await ask({ version: '5.4.2', state: State, events })
    expect(kinds).toEqual(['died', 'died'])
    expect(asked[0]).toContain('--since 2026-01-01T00:00:00.000Z')
  })

  it('asks nothing more of containers that are gone, and nothing at all for none', async () => {
    const { run, calls } = scriptedRun(() => ({ exitCode: 125, stderr: 'no such container' }))
    const asking = { engine: { runtime: 'podman', run }, clock: fakeClock() } as const
    expect(await pastEvents(asking, [], signal)).toEqual([])
    expect(calls).toEqual([])
    expect(await pastEvents(asking, [ended(ID)], signal)).toEqual([])
    expect(calls.some(({ words }) => words.includes(' events '))).toBe(false)
  })

  it('throws `interrupted` where it is', async () => {
    const { run } = scriptedRun(() => ({ outcome: 'cancelled' }))
    const asking = { engine: { runtime: 'docker', run }, clock: fakeClock() } as const
    const refused = pastEvents(asking, [ended(ID)], signal)
    await expect(refused).rejects.toMatchObject({ code: 'interrupted' })
  })
})
