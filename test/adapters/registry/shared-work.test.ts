import { expect, it } from 'vitest'
import { createSharedWork } from '../../../src/adapters/registry/shared-work.ts'

const never = new AbortController().signal

it('share() does the work once for all who ask meanwhile, and again afterwards', async () => {
  const share = createSharedWork<number>()
  let begun = 0
  const work = async () => {
    begun += 1
    await Promise.resolve()
    return begun
  }
  expect(await Promise.all([1, 2, 3].map(() => share('a', never, work)))).toEqual([1, 1, 1])
  expect(await share('b', never, work)).toBe(2)
  expect(await share('a', never, work)).toBe(3)
})

it('share() goes on for the others when one leaves, and ends when the last does', async () => {
  const share = createSharedWork<string>()
  const reason = new Error('enough')
  const [first, second] = [new AbortController(), new AbortController()]
  const { promise, resolve } = Promise.withResolvers<string>()
  let seen: AbortSignal | undefined
  const work = (signal: AbortSignal) => {
    seen = signal
    return promise
  }
  const leaving = share('a', first.signal, work)
  const staying = share('a', second.signal, work)
  first.abort(reason)
  await expect(leaving).rejects.toBe(reason)
  expect(seen?.aborted).toBe(false)
  resolve('done')
  expect(await staying).toBe('done')
  expect(seen?.aborted).toBe(false)

  const endless = (signal: AbortSignal) => {
    seen = signal
    return Promise.withResolvers<string>().promise
  }
  const last = share('a', second.signal, endless)
  second.abort(reason)
  await expect(last).rejects.toBe(reason)
  expect(seen?.aborted).toBe(true)
})

it('share() gives its failure to everyone, and forgets it', async () => {
  const share = createSharedWork<string>()
  const results = await Promise.allSettled([1, 2].map(() => share('a', never, fail)))
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await share('a', never, async () => 'well')).toBe('well')
})

async function fail(): Promise<string> {
  await Promise.resolve()
  throw new Error('broken')
}
