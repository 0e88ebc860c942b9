import { describe, expect, it } from 'vitest'
import { Permits } from '../../src/work/permits.ts'

const { signal } = new AbortController()

/** Work that begins when it may, and ends when it is told to. */
function work(permits: Permits, asked: AbortSignal = signal) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let state: 'waits' | 'works' = 'waits'
  const held = permits.hold(async () => {
    state = 'works'
    return await promise
  }, asked)
  held.catch(() => undefined)
  return { held, end: () => resolve('done'), fail: reject, state: () => state }
}

const states = (...works: readonly ReturnType<typeof work>[]) => works.map((one) => one.state())

async function turns(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await Promise.resolve()
}

describe('Permits.hold()', () => {
  it('lets as many work as there is room for, and the others in the order in which they came', async () => {
    const permits = new Permits(2)
    const [a, b, c, d] = [work(permits), work(permits), work(permits), work(permits)]
    await turns()
    expect(states(a, b, c, d)).toEqual(['works', 'works', 'waits', 'waits'])
    b.end()
    await turns()
    expect(states(a, b, c, d)).toEqual(['works', 'works', 'works', 'waits'])
    expect(await b.held).toBe('done')
  })

  it('makes room where the work failed, and rejects with its reason', async () => {
    const permits = new Permits(1)
    const [a, b] = [work(permits), work(permits)]
    a.fail(new Error('It broke'))
    await expect(a.held).rejects.toThrow('It broke')
    await turns()
    expect(states(b)).toEqual(['works'])
  })

  it('never gives room to whoever stopped waiting', async () => {
    const permits = new Permits(1)
    const ending = new AbortController()
    const [a, b, c] = [work(permits), work(permits, ending.signal), work(permits)]
    ending.abort(new Error('Enough'))
    a.end()
    await expect(b.held).rejects.toThrow('Enough')
    await turns()
    expect(states(b, c)).toEqual(['waits', 'works'])
    await expect(work(permits, ending.signal).held).rejects.toThrow('Enough')
  })
})

describe('Permits.holdAll()', () => {
  it('is busy where anybody works, and does nothing then', async () => {
    const permits = new Permits(2)
    const a = work(permits)
    let done = 0
    const all = async () => void (done += 1)
    expect(await permits.holdAll(all)).toBe('busy')
    a.end()
    await a.held
    expect(await permits.holdAll(all)).toBe('done')
    expect(done).toBe(1)
  })

  it('keeps everybody away meanwhile, and lets all of them in afterwards', async () => {
    const permits = new Permits(2)
    const { promise, resolve } = Promise.withResolvers<void>()
    const all = permits.holdAll(() => promise)
    const [a, b, c] = [work(permits), work(permits), work(permits)]
    await turns()
    expect(states(a, b, c)).toEqual(['waits', 'waits', 'waits'])
    resolve()
    await all
    await turns()
    expect(states(a, b, c)).toEqual(['works', 'works', 'waits'])
  })
})
