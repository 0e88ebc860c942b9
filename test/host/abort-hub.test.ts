import { getHeapSpaceStatistics } from 'node:v8'
import { expect, it } from 'vitest'
import { createAbortHub } from '../../src/host/abort-hub.ts'

it('watchAbort() calls back everyone who still watches, once, and nobody of another signal', () => {
  const watchAbort = createAbortHub()
  const controller = new AbortController()
  const called: string[] = []
  watchAbort(controller.signal, () => called.push('first'))
  watchAbort(controller.signal, () => called.push('ended'))()
  watchAbort(controller.signal, () => called.push('last'))
  watchAbort(new AbortController().signal, () => called.push('other'))
  controller.abort()
  controller.abort()
  expect(called.toSorted()).toEqual(['first', 'last'])
})

it('watchAbort() ends no watch of another when one is ended twice', () => {
  const watchAbort = createAbortHub()
  const controller = new AbortController()
  const end = watchAbort(controller.signal, () => undefined)
  end()
  let calls = 0
  watchAbort(controller.signal, () => (calls += 1))
  end()
  controller.abort()
  expect(calls).toBe(1)
})

it('watchAbort() lets watchers of one signal end each other while they are called', () => {
  const watchAbort = createAbortHub()
  const controller = new AbortController()
  const ends: (() => void)[] = []
  let calls = 0
  ends.push(watchAbort(controller.signal, () => ends.forEach((end) => end())))
  ends.push(watchAbort(controller.signal, () => (calls += 1)))
  controller.abort()
  expect(calls).toBe(0)
})

it('watchAbort() hands nobody who watched for a moment on to the old generation', () => {
  const watchAbort = createAbortHub()
  const { signal } = new AbortController()
  watchAbort(signal, () => undefined)
  // The hub itself has to be old: what is old and lies about is what keeps the young.
  churn(100_000, () => undefined)
  const before = oldSpace()
  const under: (() => void)[] = []
  churn(20_000, (held) => {
    under.push(watchAbort(signal, () => void held.length))
    if (under.length > 8) under.shift()?.()
  })
  expect(oldSpace() - before).toBeLessThan(1_000_000)
})

function churn(times: number, use: (held: readonly number[]) => void): void {
  for (let count = 0; count < times; count += 1) use(Array.from({ length: 100 }, () => count))
}

function oldSpace(): number {
  const spaces = getHeapSpaceStatistics()
  return spaces.find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0
}
