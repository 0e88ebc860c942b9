import { beforeEach, describe, expect, it } from 'vitest'
import {
  createExchange,
  type Exchange,
  type Question,
} from '../../../src/adapters/registry/exchange.ts'
import { MagosError } from '../../../src/domain/error.ts'
import type { HttpRequest } from '../../../src/host/http-exchange.ts'
import { createScriptedHttp, type ScriptedAnswer, type ScriptedHttp } from './scripted-http.ts'

const { signal } = new AbortController()

let now: number
let answers: (ScriptedAnswer | Error)[]
let http: ScriptedHttp
let exchange: Exchange
beforeEach(() => {
  now = 1_000_000
  answers = []
  const answer = () => {
    const next = answers.shift() ?? {}
    if (next instanceof Error) throw next
    return next
  }
  http = createScriptedHttp({ 'https://a.example': answer, 'https://b.example': () => ({}) })
  exchange = createExchange(http, () => now)
})

/** A question to one host, or to another. */
function question(more: Partial<Question> = {}, host = 'a.example'): Question {
  return {
    action: 'Cannot ask',
    method: 'GET',
    target: { origin: `https://${host}`, path: '/v2/' },
    headers: { accept: 'x' },
    authorization: null,
    maxBody: 1000,
    redirects: 'followed',
    ...more,
  }
}

function broken(code: string): MagosError {
  const cause = Object.assign(new Error(code), { code })
  return new MagosError('network', `Request "GET https://a.example/v2/" failed: ${code}`, { cause })
}

async function failTimes(times: number, how: () => ScriptedAnswer | Error): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    answers = [how()]
    await exchange.ask(question(), signal).catch(() => undefined)
  }
}

const paths = () =>
  http.sent().map(({ method, target }) => `${method} ${target.origin}${target.path}`)

describe('ask()', () => {
  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'registries: {"a.example": {ca: FILE}}'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'registries: {"a.example": {ca: FILE}}'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'registries: {"a.example": {plainHttp: true}}'],
    ['EPROTO', 'registries: {"a.example": {plainHttp: true}}'],
  ])('ask() names the setting for a connection that breaks with %s', async (code, setting) => {
    answers = [broken(code)]
    await expect(exchange.ask(question(), signal)).rejects.toMatchObject({
      message: expect.stringMatching(/^Cannot ask: Request /),
      remedy: expect.stringContaining(`${setting} in the file that MD_CONFIG names`),
    })
  })

  it('ask() has nothing to say of settings where the connection is refused', async () => {
    answers = [broken('ECONNREFUSED')]
    const thrown: unknown = await exchange.ask(question(), signal).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(MagosError)
    expect(thrown).toHaveProperty('remedy', undefined)
  })

  it('ask() sends what it was given, and wants nothing compressed', async () => {
    await exchange.ask(question({ authorization: 'Bearer t', method: 'POST', body: 'b' }), signal)
    const [sent] = http.sent()
    expect(sent).toMatchObject({
      method: 'POST',
      headers: { accept: 'x', authorization: 'Bearer t', 'accept-encoding': 'identity' },
      body: 'b',
      maxBody: 1000,
    } satisfies Partial<HttpRequest>)
  })

  for (const [title, first] of [
    ['a passing answer', { status: 502 }],
    ['a cut connection', broken('ECONNRESET')],
  ] as const) {
    it(`ask() asks once more a moment after ${title}, but never by POST`, async () => {
      answers = [first]
      const started = performance.now()
      expect(await exchange.ask(question(), signal)).toMatchObject({ status: 200 })
      expect(performance.now() - started).toBeGreaterThanOrEqual(95)
      expect(exchange.requests()).toBe(2)
      answers = [first, {}]
      await exchange.ask(question({ method: 'POST' }), signal).catch(() => undefined)
      expect(http.sent()).toHaveLength(3)
    })
  }

  it('ask() does not wait for a repetition that its signal has ended', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    answers = [broken('ECONNRESET')]
    const asked = exchange.ask(question(), controller.signal)
    setTimeout(() => controller.abort(reason), 10)
    await expect(asked).rejects.toBe(reason)
    expect(http.sent()).toHaveLength(1)
  })

  const failures: readonly (readonly [string, () => ScriptedAnswer | Error, string])[] = [
    ['answers 500', () => ({ status: 500 }), 'it answered 500'],
    ['cannot be reached', () => broken('ECONNREFUSED'), 'because ECONNREFUSED'],
  ]
  for (const [title, how, reason] of failures) {
    it(`ask() leaves a host alone that ${title} five times, and no other`, async () => {
      await failTimes(5, how)
      await expect(exchange.ask(question(), signal)).rejects.toMatchObject({
        code: 'network',
        message: expect.stringMatching(new RegExp(`^Cannot ask: .*${reason}$`)),
        retryAt: now + 30_000,
      })
      expect(http.sent()).toHaveLength(5)
      expect(await exchange.ask(question({}, 'b.example'), signal)).toMatchObject({ status: 200 })
    })
  }

  it('ask() blames no host for what was broken off here, nor for an answer that says too much', async () => {
    for (let time = 0; time < 6; time += 1) {
      const controller = new AbortController()
      const reason = new MagosError('network', 'The other question had no answer')
      answers = [reason]
      const asked = exchange.ask(question(), controller.signal)
      controller.abort(reason)
      await expect(asked).rejects.toMatchObject({ code: 'network' })
    }
    await failTimes(6, () => new MagosError('protocol', 'The answer is larger than 1000 bytes'))
    expect(await exchange.ask(question(), signal)).toMatchObject({ status: 200 })
  })

  it('ask() says where an answer came from, and takes no login to another origin and back', async () => {
    const there = { status: 307, headers: { location: 'https://b.example/blob' } }
    const here = { status: 307, headers: { location: '/moved' } }
    answers = [here, there]
    const answer = await exchange.ask(question({ authorization: 'Bearer t' }), signal)
    expect(answer.from).toEqual({ origin: 'https://b.example', path: '/blob' })
    expect(paths()).toEqual([
      'GET https://a.example/v2/',
      'GET https://a.example/moved',
      'GET https://b.example/blob',
    ])
    expect(http.sent().map(({ headers }) => headers?.['authorization'] ?? null)).toEqual([
      'Bearer t',
      'Bearer t',
      null,
    ])
  })

  it('ask() obeys a time that a busy host named, and asks once more where it is soon', async () => {
    answers = [{ status: 429, headers: { 'retry-after': '0' } }]
    expect(await exchange.ask(question(), signal)).toMatchObject({ status: 200 })
    answers = [{ status: 503, headers: { 'retry-after': '9' } }, {}]
    expect(await exchange.ask(question(), signal)).toMatchObject({ status: 503 })
    now += 9000
    answers = [{ status: 429, headers: { 'retry-after': '9' } }, {}]
    expect(await exchange.ask(question(), signal)).toMatchObject({ status: 429 })
    expect(http.sent()).toHaveLength(4)
  })
})
