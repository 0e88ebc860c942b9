import { beforeEach, describe, expect, it } from 'vitest'
import {
  createHostGate,
  type Ending,
  type HostGate,
} from '../../../src/adapters/registry/host-gate.ts'
import type { MagosError } from '../../../src/domain/error.ts'
import type { HttpResponse } from '../../../src/host/http-exchange.ts'

const never = new AbortController().signal
const failed: Ending = { kind: 'failed', reason: 'connection refused' }

let now: number
let gate: HostGate
beforeEach(() => {
  now = 1_000_000
  gate = createHostGate({ now: () => now, concurrency: 8, patience: 3 })
})

function answered(status = 200, headers: HttpResponse['headers'] = {}, body = ''): Ending {
  return { kind: 'answered', response: { status, headers, body: Buffer.from(body) } }
}

async function pass(ending: Ending, host = 'a'): Promise<void> {
  const leave = await gate.enter(host, 'look', never)
  leave(ending)
}

async function failTimes(times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) await pass(failed)
}

async function refusal(host = 'a'): Promise<MagosError> {
  const entering = async () => gate.enter(host, 'look', never)
  return entering().then(
    () => Promise.reject(new Error('It was let in')),
    (thrown: MagosError) => thrown,
  )
}

describe('a host that fails', () => {
  it('enter() leaves it alone after so many failures in a row, and says why and until when', async () => {
    await failTimes(3)
    expect(await refusal()).toMatchObject({
      code: 'network',
      message:
        '"a" is left alone for 30 s more: it failed 3 times in a row, the last time because connection refused',
      retryAt: now + 30_000,
      remedy: expect.stringContaining('Check that it runs'),
    })
  })

  it('enter() goes on with the others meanwhile', async () => {
    await failTimes(3)
    await expect(pass(answered(), 'b')).resolves.toBeUndefined()
  })

  it('enter() counts failures in a row only', async () => {
    for (let round = 0; round < 4; round += 1) {
      await failTimes(2)
      await pass(answered(404))
    }
    await failTimes(2)
    await expect(pass(answered())).resolves.toBeUndefined()
  })

  for (const status of [500, 502, 503, 504]) {
    it(`enter() counts an answer ${status} as a failure`, async () => {
      for (let count = 0; count < 3; count += 1) await pass(answered(status))
      expect((await refusal()).message).toContain(`it answered ${status}`)
    })
  }

  it('enter() tries it with one request when its time is over, and lets all in once that is answered', async () => {
    await failTimes(3)
    now += 30_000
    const leave = await gate.enter('a', 'look', never)
    expect((await refusal()).message).toContain('while it is tried again')
    leave(answered())
    await Promise.all([pass(answered()), pass(answered())])
    await failTimes(2)
    await expect(pass(answered())).resolves.toBeUndefined()
  })

  it('enter() waits twice as long after every try in vain, ten minutes at the most', async () => {
    await failTimes(3)
    for (const seconds of [30, 60, 120, 240, 480, 600, 600]) {
      expect(await refusal()).toMatchObject({ retryAt: now + seconds * 1000 })
      now += seconds * 1000
      await pass(failed)
    }
  })

  it('enter() tries again after a try that was broken off from our side', async () => {
    await failTimes(3)
    now += 30_000
    await pass({ kind: 'dropped' })
    await expect(pass(answered())).resolves.toBeUndefined()
  })

  it('enter() turns away whoever stood in line when it fell', async () => {
    const leaves = await Promise.all(
      Array.from({ length: 8 }, async () => gate.enter('a', 'look', never)),
    )
    const waiting = Array.from({ length: 20 }, () => refusal())
    for (const leave of leaves) leave(failed)
    const errors = await Promise.all(waiting)
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['network']))
    expect(errors.at(-1)?.retryAt).toBe(now + 30_000)
  })
})

describe('a host that wants rest', () => {
  it('enter() refuses until the time that a 429 named', async () => {
    await pass(answered(429, { 'retry-after': '7' }))
    expect(await refusal()).toMatchObject({ code: 'rate-limit', retryAt: now + 7000 })
    await expect(pass(answered(), 'b')).resolves.toBeUndefined()
    now += 7000
    await expect(pass(answered())).resolves.toBeUndefined()
  })

  it('enter() waits out a short rest', async () => {
    const body = 'toomanyrequests: retry-after: 30ms, allowed: 44000/minute'
    await pass(answered(429, {}, body))
    const started = performance.now()
    await pass(answered())
    expect(performance.now() - started).toBeGreaterThanOrEqual(28)
  })

  it('enter() rejects with the reason of its signal while it waits', async () => {
    await pass(answered(429, { 'retry-after': '2' }))
    const controller = new AbortController()
    const reason = new Error('enough')
    const entering = gate.enter('a', 'look', controller.signal)
    controller.abort(reason)
    await expect(entering).rejects.toBe(reason)
  })

  it('enter() refuses until the time that a 503 named, and takes it for a failure too', async () => {
    await pass(answered(503, { 'retry-after': '120' }))
    expect(await refusal()).toMatchObject({ code: 'rate-limit', retryAt: now + 120_000 })
    now += 120_000
    await pass(answered(503))
    await pass(answered(503))
    expect(await refusal()).toMatchObject({ code: 'network' })
  })

  it('enter() names the moment where the rest is a long one', async () => {
    await pass(answered(429, { 'retry-after': '7200' }))
    expect((await refusal()).message).toBe('"a" wants no requests until 1970-01-01 02:17 UTC')
  })

  it('enter() takes a 429 that names no time for a failure', async () => {
    for (let count = 0; count < 3; count += 1) await pass(answered(429))
    expect((await refusal()).message).toContain('it had too many requests')
  })
})
