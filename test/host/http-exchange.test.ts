import type { Dispatcher } from 'undici'
import { describe, expect, it } from 'vitest'
import { createAbortHub } from '../../src/host/abort-hub.ts'
import { Exchange, type HttpRequest, type HttpResponse } from '../../src/host/http-exchange.ts'

interface Controller extends Dispatcher.DispatchController {
  reason: Error | null
}

/** A request under way, as the one who sends it sees it: what it holds of timers and watches, and how it is cut. */
function start(more: Partial<HttpRequest> = {}) {
  const aborting = new AbortController()
  const watchAbort = createAbortHub()
  const timers = countTimers()
  let watches = 0
  let exchange: Exchange | undefined
  const answer = new Promise<HttpResponse>((resolve, reject) => {
    const request = {
      target: { origin: 'https://a.example', path: '/' },
      maxBody: 10,
      signal: aborting.signal,
      ...more,
    }
    const watch: typeof watchAbort = (signal, onAbort) => {
      const end = watchAbort(signal, onAbort)
      watches += 1
      return () => {
        watches = 0
        end()
      }
    }
    exchange = new Exchange(request, watch, resolve, reject)
  })
  if (exchange === undefined) throw new Error('It was not made')
  const handler = exchange
  const controller: Controller = {
    aborted: false,
    paused: false,
    reason: null,
    // As undici does: whoever aborts is told at once.
    abort(reason) {
      controller.reason ??= reason
      handler.onResponseError(controller, new Error('aborted'))
    },
    pause: () => undefined,
    resume: () => undefined,
  }
  return {
    answer,
    handler,
    controller,
    abort: (reason: unknown) => aborting.abort(reason),
    /** Timers and watches that it still has. */
    held: () => [countTimers() - timers, watches],
  }
}

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

const bytes = (text: string) => Buffer.from(text)

describe('Exchange', () => {
  it('onResponseEnd() answers, and lets timer and signal go', async () => {
    const { answer, handler, controller, held } = start()
    expect(held()).toEqual([1, 1])
    handler.onRequestStart(controller)
    handler.onResponseStart(controller, 200, { a: ['1', '2'] })
    for (const piece of ['abc', 'd', 'ef']) handler.onResponseData(controller, bytes(piece))
    handler.onResponseEnd()
    expect(held()).toEqual([0, 0])
    const { status, headers, body } = await answer
    expect([status, headers, String(body)]).toEqual([200, { a: '1, 2' }, 'abcdef'])
  })

  it('onResponseError() rejects, and lets timer and signal go', async () => {
    const { answer, handler, controller, held } = start()
    handler.onResponseError(controller, new Error('cut'))
    expect(held()).toEqual([0, 0])
    await expect(answer).rejects.toMatchObject({ code: 'network' })
  })

  it('an abort rejects with its own reason, cuts the connection, and lets timer and signal go', async () => {
    const { answer, handler, controller, abort, held } = start()
    handler.onRequestStart(controller)
    const reason = new Error('enough')
    abort(reason)
    expect(held()).toEqual([0, 0])
    expect(controller.reason).toBe(reason)
    await expect(answer).rejects.toBe(reason)
  })

  it('a time-out says so, cuts the connection, and lets its signal go', async () => {
    const { answer, handler, controller, held } = start({ timeout: 1 })
    handler.onRequestStart(controller)
    await expect(answer).rejects.toMatchObject({
      code: 'network',
      message: 'Request "GET https://a.example/" failed: no whole answer within 0.001 s',
    })
    expect(controller.reason).toMatchObject({ code: 'network' })
    expect(held().at(-1)).toBe(0)
  })

  it('onRequestStart() sends nothing that was aborted while it waited for a connection', async () => {
    const { answer, handler, controller, abort } = start()
    const reason = new Error('enough')
    abort(reason)
    await expect(answer).rejects.toBe(reason)
    handler.onRequestStart(controller)
    expect(controller.reason).toBe(reason)
  })

  it('onResponseData() cuts the connection of a body that is too large, and of an error that says too much', async () => {
    const large = start()
    large.handler.onResponseStart(large.controller, 200, {})
    large.handler.onResponseData(large.controller, bytes('0123456789'))
    expect(large.controller.reason).toBeNull()
    large.handler.onResponseData(large.controller, bytes('0'))
    expect(large.controller.reason).toBeInstanceOf(Error)
    expect(large.held()).toEqual([0, 0])
    await expect(large.answer).rejects.toMatchObject({ code: 'protocol' })

    const failed = start()
    failed.handler.onResponseStart(failed.controller, 500, {})
    failed.handler.onResponseData(failed.controller, bytes('0123456789'))
    failed.handler.onResponseData(failed.controller, bytes('0'))
    expect(failed.controller.reason).toBeInstanceOf(Error)
    expect(failed.held()).toEqual([0, 0])
    expect(String((await failed.answer).body)).toBe('0123456789')
  })

  it('onResponseData() gives an interim answer to no receiver', async () => {
    let begun = 0
    const receiver = () => {
      begun += 1
      return () => undefined
    }
    const { answer, handler, controller } = start({ receiver })
    handler.onResponseStart(controller, 103, {})
    expect(begun).toBe(0)
    handler.onResponseStart(controller, 299, {})
    handler.onResponseEnd()
    await answer
    expect(begun).toBe(1)
  })
})
