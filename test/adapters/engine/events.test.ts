import { describe, expect, it } from 'vitest'
import { containerEvents, createReader } from '../../../src/adapters/engine/events.ts'
import type { FollowChild } from '../../../src/host/follow-child.ts'
import { fakeClock } from '../../work/fake-clock.ts'
import { memoryLog, type LogLine } from '../../work/memory-log.ts'
import { scriptedRun } from './scripted-run.ts'

const ID = 'f'.repeat(64)
const LABELS = {
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': 'web',
}

/** As podman 4.3 prints it. */
const podman = (Status: string, Attributes: Record<string, string> = LABELS) =>
  JSON.stringify({ ID, Name: 'shop-web-1', Status, Type: 'container', Attributes })
const podmanAt = (status: string, Time: string) =>
  JSON.stringify({ ...JSON.parse(podman(status)), Time })
/** As docker 20.10 prints it. */
const docker = (Action: string, Attributes: Record<string, string> = LABELS) =>
  JSON.stringify({ status: Action, id: ID, Type: 'container', Action, Actor: { ID, Attributes } })

const read = (runtime: 'podman' | 'docker', lines: readonly string[]) => {
  const reader = createReader(runtime)
  return lines.flatMap((line) => reader(line).events).map(({ kind }) => kind)
}

describe('createReader()', () => {
  it('reads project, service and the full id', () => {
    const expected = { kind: 'started', container: ID, project: 'shop', service: 'web' }
    expect(createReader('podman')(podman('start')).events).toEqual([expected])
    expect(createReader('docker')(docker('start')).events).toEqual([expected])
  })

  it.each([
    ['a stop that podman swallows', ['died', 'cleanup', 'cleanup'], ['died', 'stopped']],
    [
      'a stop that it tells',
      ['stop', 'died', 'cleanup', 'cleanup'],
      ['stopped', 'died', 'stopped'],
    ],
    ['a kill', ['kill', 'died', 'cleanup'], ['killed', 'died']],
    ['a process that ends', ['died', 'cleanup'], ['died']],
    ['a removal by force', ['died', 'cleanup', 'remove'], ['died', 'removed']],
    ['a restart', ['died', 'cleanup', 'start', 'died', 'cleanup'], ['died', 'started', 'died']],
  ])('tells %s by podman’s events', (_title, events, kinds) => {
    expect(
      read(
        'podman',
        events.map((one) => podman(one)),
      ),
    ).toEqual(kinds)
  })

  it('tells a stop by docker’s events', () => {
    const lines = ['kill', 'die', 'stop', 'destroy'].map((one) => docker(one))
    expect(read('docker', lines)).toEqual(['killed', 'died', 'stopped', 'removed'])
  })

  it.each([
    ['no JSON', 'Error: something'],
    ['of no compose project', podman('died', { other: 'x' })],
    ['of no container', podman('died').replace(ID, '')],
    ['of another kind', podman('exec')],
    ['empty', ''],
  ])('passes over a line that is %s', (_title, line) => {
    expect(read('podman', [line])).toEqual([])
  })
})

// oxlint-disable-next-line require-yield -- it has nothing to say
const absent: FollowChild = async function* absent() {
  return await Promise.resolve({ outcome: 'absent', stderr: '' })
}

describe('containerEvents()', () => {
  it('opens a stream that ended again, later each time, and tells that events were missed', async () => {
    const clock = fakeClock()
    const lines: LogLine[] = []
    const opened: { at: number; args: readonly string[] }[] = []
    const ending = new AbortController()
    const follow: FollowChild = async function* follow(_command, args) {
      opened.push({ at: clock.now(), args })
      yield await Promise.resolve(podman('start'))
      return { outcome: 'ended', stderr: 'Error: the journal is gone\n' }
    }
    const { run } = scriptedRun(() => ({}))
    const engine = { runtime: 'podman', run } as const
    const following = { engine, follow, clock, log: memoryLog(lines) }
    const seen: string[] = []
    const reading = (async () => {
      for await (const { kind } of containerEvents(following, ending.signal)) seen.push(kind)
    })()
    await clock.advance(3_000)
    const [first] = opened
    expect(opened.map(({ at }) => at - (first?.at ?? 0))).toEqual([0, 1_000, 3_000])
    expect(seen).toEqual(['started', 'missed', 'started', 'missed', 'started'])
    expect(lines[0]).toMatchObject({ level: 'warn', fields: { reason: 'the journal is gone' } })
    expect(first?.args).toContain('event=cleanup')
    expect(first?.args).not.toContain('event=exec')
    ending.abort()
    await reading
  })

  it.each([
    ['a stop', '5.4.2', '{"StoppedByUser":true}', ['died', 'cleanup'], ['died', 'stopped']],
    ['a crash', '5.4.2', '{"ExitCode":3}', ['died', 'cleanup'], ['died']],
    ['a stop', '4.9.3', '{"StoppedByUser":true}', ['died', 'cleanup'], ['died', 'stopped']],
    ['a kill', '5.4.2', '{"StoppedByUser":true}', ['kill', 'died', 'cleanup'], ['killed', 'died']],
    [
      'a stop that it tells',
      '5.4.2',
      '{"StoppedByUser":true}',
      ['stop', 'died', 'cleanup'],
      ['stopped', 'died'],
    ],
    [
      'a stop after a kill and a start',
      '5.4.2',
      '{"StoppedByUser":true}',
      ['kill', 'died', 'cleanup', 'start', 'died', 'cleanup'],
      ['killed', 'died', 'started', 'died', 'stopped'],
    ],
    ['a crash, which it cannot tell,', '4.3.1', '{"StoppedByUser":true}', ['cleanup'], []],
  ])('tells %s of podman %s by what it remembers', async (_title, version, state, told, kinds) => {
    const ending = new AbortController()
    const { run } = scriptedRun((words) => {
      if (words === 'podman --version') return { stdout: `podman version ${version}\n` }
      if (words === `podman inspect --type container ${ID}`)
        return { stdout: `[{"State":${state}}]` }
      return undefined
    })
    const follow: FollowChild = async function* follow() {
      for (const one of told) yield await Promise.resolve(podman(one))
      ending.abort()
      return { outcome: 'ended', stderr: '' }
    }
    const engine = { runtime: 'podman', run } as const
    const following = { engine, follow, clock: fakeClock(), log: memoryLog([]) }
    const seen: string[] = []
    for await (const { kind } of containerEvents(following, ending.signal)) seen.push(kind)
    expect(seen).toEqual(kinds)
  })

  it.each([
    ['2026-01-01T00:00:14.9Z', ['killed', 'died']],
    ['2026-01-01T00:00:15Z', ['killed', 'died', 'stopped']],
  ])('explains an end at %s by no signal that is long ago', async (Time, kinds) => {
    const ending = new AbortController()
    const { run } = scriptedRun((words) =>
      words === 'podman --version'
        ? { stdout: 'podman version 5.4.2\n' }
        : { stdout: '[{"State":{"StoppedByUser":true}}]' },
    )
    const follow: FollowChild = async function* follow() {
      yield await Promise.resolve(podmanAt('kill', '2026-01-01T00:00:00Z'))
      yield podmanAt('died', Time)
      yield podmanAt('cleanup', Time)
      ending.abort()
      return { outcome: 'ended', stderr: '' }
    }
    const engine = { runtime: 'podman', run } as const
    const following = { engine, follow, clock: fakeClock(), log: memoryLog([]) }
    const seen: string[] = []
    for await (const { kind } of containerEvents(following, ending.signal)) seen.push(kind)
    expect(seen).toEqual(kinds)
  })

  it('goes on where there is no such program, and ends with its signal', async () => {
    const clock = fakeClock()
    const lines: LogLine[] = []
    const ending = new AbortController()
    const { run } = scriptedRun(() => ({ outcome: 'absent' }))
    const engine = { runtime: 'docker', run } as const
    const following = { engine, follow: absent, clock, log: memoryLog(lines) }
    const events = containerEvents(following, ending.signal)
    const first = events.next()
    await clock.advance(1_000)
    expect(await first).toMatchObject({ value: { kind: 'missed' } })
    const second = events.next()
    await clock.settle()
    ending.abort()
    expect(await second).toEqual({ done: true, value: undefined })
    expect(lines[0]?.fields['reason']).toBe('no such program')
  })
})
