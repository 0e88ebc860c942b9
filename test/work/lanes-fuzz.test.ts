import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Handled } from '../../handlers/context.ts'
import type { Event } from '../../src/domain/event.ts'
import type { Turn } from '../../src/domain/turn.ts'
import type { Lanes } from '../../src/ports.ts'
import { startDispatch } from '../../src/work/dispatch.ts'
import { createLanes } from '../../src/work/lanes.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { fakeClock } from './fake-clock.ts'
import { memoryLog } from './memory-log.ts'

const LONG = process.env['MAGOS_LONG'] === '1'
const STACKS = ['a', 'b', 'c', 'd'] as const
const LIMIT = 2

type Name = (typeof STACKS)[number]
type Act =
  | { readonly act: 'push'; readonly stacks: readonly Name[]; readonly after: number }
  | { readonly act: 'break'; readonly stack: Name; readonly after: number }
  | { readonly act: 'sync'; readonly stack: Name | null; readonly after: number }
  | { readonly act: 'kill'; readonly after: number }

const name = fc.constantFrom(...STACKS)
const after = fc.nat({ max: 4_000 })
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    fc.record({
      act: fc.constant('push' as const),
      stacks: fc.uniqueArray(name, { minLength: 1 }),
      after,
    }),
    fc.record({ act: fc.constant('break' as const), stack: name, after }),
    fc.record({
      act: fc.constant('sync' as const),
      stack: fc.option(name),
      after,
    }),
    fc.record({ act: fc.constant('kill' as const), after }),
  ),
  { minLength: 1, maxLength: 12 },
)
/** ms that each piece of work takes, in turn; some stacks take very long. */
const paces = fc.array(fc.constantFrom(1, 30, 900, 20_000), { minLength: 5, maxLength: 20 })

/** A host whose stacks have one commit each, and handlers that do with lanes what the real ones do. */
function createHost(pace: readonly number[]) {
  const clock = fakeClock()
  const { inbox } = openMemoryStore({ now: () => clock.now() })
  /** By commit: at which one each stack changed last. */
  const commits: Record<Name, number>[] = [{ a: 0, b: 0, c: 0, d: 0 }]
  const deployed: Record<Name, number> = { a: 0, b: 0, c: 0, d: 0 }
  const broken = new Set<Name>()
  const working = new Set<Name>()
  const faults: string[] = []
  let acting = 0
  let steps = 0
  const pause = (signal: AbortSignal) => clock.sleep(pace[(steps += 1) % pace.length] ?? 1, signal)

  const work = async (stack: Name, signal: AbortSignal, deed: () => void) => {
    if (working.has(stack)) faults.push(`two at once at ${stack}`)
    working.add(stack)
    acting += 1
    if (acting > LIMIT) faults.push(`${acting} at once`)
    try {
      await pause(signal)
      deed()
    } finally {
      acting -= 1
      working.delete(stack)
    }
  }

  /** Resolves to the stacks that have to be looked at anew. */
  const bring = async (
    lanes: Lanes<number>,
    look: number,
    commit: number,
    { stacks, kind }: { readonly stacks: readonly Name[]; readonly kind: Turn['kind'] },
    signal: AbortSignal,
  ): Promise<readonly Name[]> => {
    const passages = stacks.map(async (stack) => {
      const turn = { stack, look, kind, asked: 'by-event', departures: [] } as const
      const passage = await lanes.enter(
        turn,
        async (entered) => {
          const wanted = kind === 'keep' ? deployed[stack] : (commits[commit]?.[stack] ?? 0)
          if (kind !== 'keep' && wanted < deployed[stack]) faults.push(`${stack} went back`)
          if (deployed[stack] === wanted && !broken.has(stack)) return wanted
          await entered.act(() =>
            work(stack, signal, () => {
              deployed[stack] = wanted
              broken.delete(stack)
            }),
          )
          return wanted
        },
        signal,
      )
      const isDone = passage.outcome === 'done' || passage.outcome === 'shared'
      return isDone || (passage.outcome === 'left' && kind !== 'request') ? [] : [stack]
    })
    return (await Promise.all(passages)).flat()
  }

  const deploy = async (
    lanes: Lanes<number>,
    stacks: readonly Name[],
    kind: 'pass' | 'request',
    signal: AbortSignal,
  ): Promise<number> => {
    const scope = stacks.length === STACKS.length ? 'host' : 'stack'
    const { look, seen } = await lanes.look(
      scope,
      async () => {
        await clock.sleep(1, signal)
        return commits.length - 1
      },
      signal,
    )
    const left = await bring(lanes, look, seen, { stacks, kind }, signal)
    return kind === 'pass' || left.length === 0 ? seen : deploy(lanes, left, kind, signal)
  }

  const handle = (lanes: Lanes<number>) => {
    return async (event: Event, _origins: unknown, signal: AbortSignal): Promise<Handled> => {
      const done = { answer: null, followUps: [], next: 'done' } as const
      if (event.kind === 'revision-pushed') await deploy(lanes, STACKS, 'pass', signal)
      if (event.kind === 'sync-requested') {
        const stacks = STACKS.filter((one) => event.stack === null || one === event.stack)
        return { ...done, answer: { revision: await deploy(lanes, stacks, 'request', signal) } }
      }
      if (event.kind !== 'drift-detected') return done
      const look = lanes.glance()
      const drifted = { stacks: [...broken], kind: 'keep' } as const
      const again = await bring(lanes, look, 0, drifted, signal)
      return again.length === 0
        ? done
        : { ...done, followUps: [{ event, origin: { source: 'own' } }] }
    }
  }

  const start = () =>
    startDispatch({
      inbox,
      clock,
      log: memoryLog([]),
      signal: new AbortController().signal,
      random: () => 0.5,
      handle: handle(createLanes<number>({ limit: LIMIT })),
    })
  return { clock, inbox, commits, deployed, broken, faults, start }
}

async function play(script: readonly Act[], pace: readonly number[]) {
  const host = createHost(pace)
  const { clock, inbox, commits, broken } = host
  let dispatcher = host.start()
  const asked: { readonly id: number; readonly stack: Name | null; readonly head: number }[] = []
  for (const one of script) {
    await clock.advance(one.after)
    if (one.act === 'push') {
      const number = commits.length
      const changed = Object.fromEntries(one.stacks.map((stack) => [stack, number]))
      commits.push({ ...(commits.at(-1) ?? { a: 0, b: 0, c: 0, d: 0 }), ...changed })
      await inbox.accept({ kind: 'revision-pushed' }, { source: 'webhook' })
    } else if (one.act === 'break') {
      broken.add(one.stack)
      await inbox.accept({ kind: 'drift-detected', departures: [] }, { source: 'engine' })
    } else if (one.act === 'sync') {
      const event = { kind: 'sync-requested', stack: one.stack } as const
      const id = await inbox.accept(event, { source: 'operator' })
      asked.push({ id, stack: one.stack, head: commits.length - 1 })
    } else {
      await dispatcher.stop()
      dispatcher = host.start()
    }
  }
  await clock.advance(3_600_000)
  const pending = inbox.pending().length
  await dispatcher.stop()
  const late = asked.flatMap(({ id, stack, head }) => {
    const answer = inbox.answer(id)
    const isTold = typeof answer === 'object' && answer !== null && 'revision' in answer
    return isTold && Number(answer.revision) >= head ? [] : [{ stack, head, answer }]
  })
  return { ...host, pending, late }
}

describe('the dispatcher and the lanes', () => {
  it(
    'bring every stack to the head, one at a time, whatever comes when and whoever is killed',
    { timeout: 600_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(acts, paces, async (script, pace) => {
          const { faults, pending, late, deployed, broken, commits } = await play(script, pace)
          expect(faults).toEqual([])
          expect(pending).toBe(0)
          expect(late).toEqual([])
          expect(deployed).toEqual(commits.at(-1))
          expect([...broken]).toEqual([])
        }),
        { numRuns: LONG ? 3_000 : 60, seed: Number(process.env['MAGOS_SEED'] ?? 1) },
      )
    },
  )
})
