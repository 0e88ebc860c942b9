import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
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

it('watchAbort() hands nobody who watched for a moment on to the old generation', async () => {
  const script = fileURLToPath(new URL('abort-hub-heap.ts', import.meta.url))
  const { stdout } = await execa(process.execPath, [script])
  expect(stdout).toMatch(/^-?\d+$/)
  expect(Number(stdout)).toBeLessThan(200_000)
})
