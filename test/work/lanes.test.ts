import { beforeEach, describe, expect, it } from 'vitest'
import type { Departure } from '../../src/domain/deploy/departure.ts'
import type { Turn } from '../../src/domain/turn.ts'
import type { Entered, Lanes, Passage } from '../../src/ports.ts'
import { createLanes } from '../../src/work/lanes.ts'

const { signal } = new AbortController()
const gone = (container: string, how: Departure['how'] = 'stopped'): Departure => ({
  container,
  project: 'web',
  service: 'web',
  how,
})

async function turns(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await Promise.resolve()
}

/** One who wants a stack, and what became of it. */
interface Visitor {
  entered: Entered | null
  acting: 'no' | 'yes'
  passage: Passage<string> | 'rejected' | null
  end(): void
  fail(): void
}

async function end(visitor: Visitor) {
  visitor.end()
  await turns()
  return visitor.passage
}

describe('createLanes()', () => {
  let lanes: Lanes<string>

  beforeEach(() => {
    lanes = createLanes({ limit: 2 })
  })

  const pass = async () =>
    (await lanes.look('host', async () => await Promise.resolve(), signal)).look
  const visit = async (
    stack: string,
    { kind = 'pass', ...turn }: Partial<Turn> = {},
    asked: AbortSignal = signal,
  ): Promise<Visitor> => {
    const look = turn.look ?? (kind === 'keep' ? lanes.glance() : await pass())
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const visitor: Visitor = {
      entered: null,
      acting: 'no',
      passage: null,
      end: () => resolve(`${stack} ${look}`),
      fail: () => reject(new Error('It broke')),
    }
    const whole = { stack, kind, asked: 'by-event', departures: [], ...turn, look } as const
    const entering = lanes.enter(
      whole,
      async (entered) => {
        visitor.entered = entered
        return await entered.act(async () => {
          visitor.acting = 'yes'
          return await promise
        })
      },
      asked,
    )
    entering.then(
      (passage) => (visitor.passage = passage),
      () => (visitor.passage = 'rejected'),
    )
    await turns()
    return visitor
  }
  it('lets stacks be worked at side by side, and one stack by one at a time', async () => {
    const [a, b, second] = [await visit('a'), await visit('b'), await visit('a')]
    expect([a.acting, b.acting, second.acting]).toEqual(['yes', 'yes', 'no'])
    expect(await end(a)).toEqual({ outcome: 'done', result: 'a 1' })
    expect(second.entered).toMatchObject({ host: 'changed' })
    expect(await end(second)).toEqual({ outcome: 'done', result: 'a 3' })
  })

  it('acts on no more of them at once than the limit', async () => {
    const all = [await visit('a'), await visit('b'), await visit('c')]
    expect(all.map(({ acting }) => acting)).toEqual(['yes', 'yes', 'no'])
    expect(all[2]?.entered).not.toBeNull()
    await end(all[1] ?? fail())
    expect(all[2]?.acting).toBe('yes')
  })

  it('finishes what runs, and of what waits runs only the newest', async () => {
    const all = [await visit('a'), await visit('a'), await visit('a'), await visit('a')]
    expect(all.map(({ passage }) => (passage === null ? 'waits' : passage))).toEqual([
      'waits',
      { outcome: 'left' },
      { outcome: 'left' },
      'waits',
    ])
    await end(all[0] ?? fail())
    expect(all.map(({ acting }) => acting)).toEqual(['yes', 'no', 'no', 'yes'])
  })

  it('never goes back behind what was begun, whoever comes late', async () => {
    const [first, second] = [await pass(), await pass()]
    const newer = await visit('a', { look: second })
    const during = await visit('a', { look: first })
    expect(during.passage).toEqual({ outcome: 'outdated', departures: [] })
    await end(newer)
    const after = await visit('a', { look: first, kind: 'request' })
    expect(after.passage).toMatchObject({ outcome: 'outdated' })
    expect(after.entered).toBeNull()
  })

  it('leaves a stack that waits for room to a newer look', async () => {
    const others = [await visit('b'), await visit('c')]
    const waits = await visit('a', { departures: [gone('x')] })
    const newer = await visit('a')
    expect([waits.entered === null, newer.entered]).toEqual([false, null])
    await end(others[0] ?? fail())
    expect(waits).toMatchObject({ acting: 'no', passage: { outcome: 'left' } })
    expect(newer).toMatchObject({ acting: 'yes', entered: { departures: [gone('x')] } })
  })

  it('comes to the older look after all where the newer one is given up', async () => {
    const others = [await visit('b'), await visit('c')]
    const old = await pass()
    const waits = await visit('a')
    const ending = new AbortController()
    const newer = await visit('a', {}, ending.signal)
    ending.abort(new Error('Enough'))
    await turns()
    expect(newer.passage).toBe('rejected')
    await end(others[0] ?? fail())
    expect(waits.acting).toBe('yes')
    await end(waits)
    expect((await visit('a', { look: old })).passage).toMatchObject({ outcome: 'outdated' })
  })

  it('shares the result of the newest with whoever waits for an answer, who may want more', async () => {
    const first = await visit('a')
    const person = await visit('a', { kind: 'request', asked: 'by-person' })
    const newest = await visit('a')
    expect(person.passage).toBeNull()
    await end(first)
    expect(newest.entered).toMatchObject({ asked: 'by-person' })
    await end(newest)
    expect(newest.passage).toEqual({ outcome: 'done', result: 'a 3' })
    expect(person.passage).toEqual({ outcome: 'shared', result: 'a 3' })
    expect(person.entered).toBeNull()
  })

  it('keeps a pass waiting for a request of one stack, for others may come after that stack', async () => {
    const first = await visit('a')
    const waits = await visit('a')
    const person = await visit('a', { kind: 'request' })
    await end(first)
    await end(person)
    expect(waits.passage).toEqual({ outcome: 'shared', result: 'a 3' })
  })

  it('fails all whose work the newest did, and goes on', async () => {
    const first = await visit('a')
    const person = await visit('a', { kind: 'request' })
    const newest = await visit('a')
    await end(first)
    newest.fail()
    await turns()
    expect([newest.passage, person.passage]).toEqual(['rejected', 'rejected'])
    expect((await visit('a')).acting).toBe('yes')
  })

  it('lets nobody keep a stack who looked before somebody worked at it', async () => {
    const look = lanes.glance()
    await end(await visit('a'))
    const late = await visit('a', { kind: 'keep', look, departures: [gone('x')] })
    expect(late.passage).toEqual({ outcome: 'outdated', departures: [gone('x')] })
    expect((await visit('a', { kind: 'keep' })).acting).toBe('yes')
  })

  it('lets one wait who keeps a stack, for what all of them saw', async () => {
    const first = await visit('a')
    const waits = await visit('a', { kind: 'keep', departures: [gone('x', 'died')] })
    const second = await visit('a', { kind: 'keep', departures: [gone('x'), gone('y')] })
    expect(second.passage).toEqual({ outcome: 'left' })
    await end(first)
    const departures = [gone('x'), gone('y')]
    expect(waits).toMatchObject({ entered: null, passage: { outcome: 'outdated', departures } })
  })

  it('tells whoever deploys what others saw', async () => {
    const first = await visit('a')
    const keeps = await visit('a', { kind: 'keep', departures: [gone('x')] })
    const deploys = await visit('a')
    expect(keeps.passage).toEqual({ outcome: 'left' })
    await end(first)
    expect(deploys.entered?.departures).toEqual([gone('x')])
    const later = await visit('a')
    await end(deploys)
    expect(later.entered?.departures).toEqual([])
  })

  it('lets nobody seize a stack that is worked at, or was since the look', async () => {
    const look = lanes.glance()
    const seize = (asked: number) =>
      lanes.seize({ stack: 'a', look: asked, kind: 'keep' }, async () => 'mine', signal)
    expect(await seize(look)).toBe('mine')
    expect(await seize(look)).toBeNull()
    const first = await visit('a')
    expect(await seize(lanes.glance())).toBeNull()
    await end(first)
    expect(await seize(lanes.glance())).toBe('mine')
  })

  it('lets no older look deploy what a newer one seized', async () => {
    const old = await pass()
    const turn = { stack: 'a', look: await pass(), kind: 'pass' } as const
    await lanes.seize(turn, async () => 'removed', signal)
    expect((await visit('a', { look: old })).passage).toMatchObject({ outcome: 'outdated' })
  })

  it('knows the newest look at all stacks, in the order in which they ended', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const slow = lanes.look('host', () => promise, signal)
    const quick = lanes.look('host', async () => 'c2', signal)
    await turns()
    lanes.glance()
    resolve('c1')
    const [first, second] = [await slow, await quick]
    expect(second.look).toBeGreaterThan(first.look)
    expect([first, second].map(({ look }) => lanes.isNewest(look))).toEqual([false, true])
    await lanes.look('stack', async () => 'c3', signal)
    expect(lanes.isNewest(second.look)).toBe(true)
  })

  it('waits until a stack is free', async () => {
    await lanes.free('a', signal)
    const first = await visit('a')
    const second = await visit('a')
    let free = false
    const waiting = lanes.free('a', signal).then(() => (free = true))
    await end(first)
    expect(free).toBe(false)
    await end(second)
    expect(free).toBe(true)
    await waiting
  })

  it('lets nobody act while somebody cleans up, and cleans up while nobody acts', async () => {
    const first = await visit('a')
    expect(await lanes.whileNobodyActs(async () => {})).toBe('busy')
    await end(first)
    const { promise, resolve } = Promise.withResolvers<void>()
    const cleaning = lanes.whileNobodyActs(() => promise)
    const second = await visit('b')
    expect(second.acting).toBe('no')
    resolve()
    await cleaning
    await turns()
    expect(second.acting).toBe('yes')
  })

  it('rejects whoever waits when he is told to end, and does nothing for him', async () => {
    const first = await visit('a')
    const ending = new AbortController()
    const waits = await visit('a', {}, ending.signal)
    ending.abort(new Error('Enough'))
    await turns()
    expect(waits.passage).toBe('rejected')
    await end(first)
    expect(waits.entered).toBeNull()
    expect((await visit('a', {}, ending.signal)).passage).toBe('rejected')
  })
})

function fail(): never {
  throw new Error('There is none')
}
