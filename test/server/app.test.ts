import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { MagosError } from '../../src/domain/error.ts'
import type { Inbox } from '../../src/ports.ts'
import { createEdge, type EdgeContext } from '../../src/server/app.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { type LogLine, memoryLog } from '../work/memory-log.ts'
import { PUSH, SECRET, sign, signedRequest } from './signed-request.ts'

const edge = createEdge()

describe('createEdge() POST /webhooks/github', () => {
  let inbox: Inbox
  let lines: LogLine[]

  const context = (changes: Partial<EdgeContext> = {}): EdgeContext => ({
    secrets: [SECRET],
    repository: 'o/r',
    branch: () => 'main',
    inbox,
    log: memoryLog(lines),
    health: () => ({ status: 'ok' }),
    ...changes,
  })
  const send = async (request: Request, changes: Partial<EdgeContext> = {}) => {
    const response = await edge.fetch(request, context(changes))
    return { status: response.status, body: await response.json(), headers: response.headers }
  }

  beforeEach(() => {
    inbox = openMemoryStore({ now: () => 7 }).inbox
    lines = []
  })

  test('stores a signed push as a hint and answers 202 with its id', async () => {
    const { status, body, headers } = await send(signedRequest({ body: PUSH }))

    expect({ status, body }).toEqual({ status: 202, body: { status: 'accepted', id: 1 } })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(inbox.pending()).toEqual([
      {
        id: 1,
        event: { kind: 'revision-pushed' },
        origin: {
          source: 'webhook',
          event: 'push',
          delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
          repository: 'o/r',
          ref: 'refs/heads/main',
          body: createHash('sha256').update(PUSH).digest('hex'),
        },
        acceptedAt: 7,
        attempts: 0,
        dueAt: 7,
      },
    ])
    expect(lines).toMatchObject([
      {
        level: 'debug',
        message: 'Delivery accepted',
        fields: { delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958', id: 1 },
      },
    ])
  })

  test('does not answer before the inbox has it', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    let state = 'waiting'
    const answered = (async () => {
      const response = await send(signedRequest({ body: PUSH }), {
        inbox: { accept: () => promise },
      })
      state = 'answered'
      return response
    })()
    await new Promise((done) => void setTimeout(done, 20))
    expect(state).toBe('waiting')
    resolve(42)

    expect((await answered).body).toEqual({ status: 'accepted', id: 42 })
  })

  test("verifies GitHub's own example", async () => {
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
    const request = signedRequest({
      body: 'Hello, World!',
      headers: { 'x-hub-signature-256': signature },
    })

    // The signature holds; what was signed is no JSON.
    expect(await send(request)).toMatchObject({ status: 400 })
  })

  test('takes the new and the old secret while one replaces the other', async () => {
    const secrets = ['new', 'old']
    for (const secret of secrets) {
      const { status } = await send(signedRequest({ body: PUSH, secret }), { secrets })
      expect(status).toBe(202)
    }
    const { status } = await send(signedRequest({ body: PUSH, secret: 'older' }), { secrets })
    expect(status).toBe(401)
  })

  test.each<[string, string | null]>([
    ['absent', null],
    ['empty', ''],
    ['short', 'sha256=00'],
    ['of zeros', `sha256=${'0'.repeat(64)}`],
    ['for another secret', sign(PUSH, 'another')],
    ['for another body', sign(`${PUSH} `)],
    ['in capitals', sign(PUSH).toUpperCase()],
    ['without its prefix', sign(PUSH).slice(7)],
    ['with more behind it', `${sign(PUSH)}0`],
    ['of another kind', sign(PUSH).replace('sha256', 'sha1')],
    ['endless', `sha256=${'a'.repeat(10_000)}`],
  ])('refuses a signature that is %s with 401', async (_, signature) => {
    const headers = { 'x-hub-signature-256': signature }
    const { status, body } = await send(signedRequest({ body: PUSH, headers }))

    expect({ status, body }).toMatchObject({ status: 401, body: { status: 'refused' } })
    expect(inbox.pending()).toEqual([])
  })

  test('an empty secret verifies nothing', async () => {
    const { status } = await send(signedRequest({ body: PUSH, secret: 'x' }), { secrets: [''] })
    expect(status).toBe(401)
  })

  test.each<[string, Uint8Array<ArrayBuffer>]>([
    [
      'is no UTF-8',
      Uint8Array.from(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0x22, 0x7d])])),
    ],
    ['begins with a byte order mark', Uint8Array.from(Buffer.from(`\uFEFF${PUSH}`))],
    ['is empty', new Uint8Array()],
  ])('a body that %s fails its signature', async (_, body) => {
    expect(await send(signedRequest({ body }))).toMatchObject({ status: 401 })
  })

  test.each<[string, number, Record<string, string | null>]>([
    ['no event', 400, { 'x-github-event': null }],
    ['an empty event', 400, { 'x-github-event': '' }],
    ['no delivery id', 400, { 'x-github-delivery': null }],
    ['no content type', 415, { 'content-type': '' }],
    ['a form', 415, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a lookalike type', 415, { 'content-type': 'application/jsonp' }],
    ['a broken length', 400, { 'content-length': '-5' }],
  ])('answers a delivery with %s by %i', async (_, status, headers) => {
    expect(await send(signedRequest({ body: PUSH, headers }))).toMatchObject({ status })
    expect(inbox.pending()).toEqual([])
  })

  test('takes a content type with a charset', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    expect(await send(signedRequest({ body: PUSH, headers }))).toMatchObject({ status: 202 })
  })

  test.each(['{', 'null', '[]', '"x"', '7', '{} {}'])(
    'answers signed %s, which is no JSON object, by 400',
    async (body) => {
      expect(await send(signedRequest({ body }))).toMatchObject({ status: 400 })
    },
  )

  test('refuses by the length that is told, before it reads', async () => {
    const body = new ReadableStream({
      pull() {
        throw new Error('It was read')
      },
    })
    const request = new Request('http://magos.test/webhooks/github', {
      method: 'POST',
      body,
      duplex: 'half',
      headers: signedRequestHeaders('5000001'),
    })

    expect(await send(request)).toMatchObject({
      status: 413,
      body: { reason: 'the body is over the limit of 5000000 bytes' },
    })
  })

  test('cuts a body without a length at the limit', async () => {
    let pulled = 0
    let state = 'flowing'
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(1_000))
      },
      cancel() {
        state = 'cancelled'
      },
    })
    const request = new Request('http://magos.test/webhooks/github', {
      method: 'POST',
      body,
      duplex: 'half',
      headers: signedRequestHeaders(null),
    })

    expect(await send(request, { bodyLimit: 10_000 })).toMatchObject({ status: 413 })
    expect(state).toBe('cancelled')
    expect(pulled).toBeLessThan(20)
  })

  test('takes a body without a length within the limit', async () => {
    const request = signedRequest({ body: PUSH, headers: { 'content-length': null } })
    expect(await send(request)).toMatchObject({ status: 202 })
  })

  test('believes no length that is less than the body', async () => {
    const request = signedRequest({ body: PUSH, headers: { 'content-length': '5' } })
    expect(await send(request, { bodyLimit: 20 })).toMatchObject({ status: 413 })
  })

  test('takes a body of exactly the limit', async () => {
    const bodyLimit = Buffer.byteLength(PUSH)
    expect(await send(signedRequest({ body: PUSH }), { bodyLimit })).toMatchObject({ status: 202 })
    const smaller = { bodyLimit: bodyLimit - 1 }
    expect(await send(signedRequest({ body: PUSH }), smaller)).toMatchObject({ status: 413 })
  })

  test('answers a body that breaks off by 400', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('gone'))
      },
    })
    const request = new Request('http://magos.test/webhooks/github', {
      method: 'POST',
      body,
      duplex: 'half',
      headers: signedRequestHeaders(null),
    })

    expect(await send(request)).toMatchObject({ status: 400 })
  })

  test('answers a ping', async () => {
    const { status, body } = await send(signedRequest({ event: 'ping' }))
    expect({ status, body }).toEqual({ status: 202, body: { status: 'pong' } })
    expect(inbox.pending()).toEqual([])
  })

  test('ignores what it does not know, with the reason and 202', async () => {
    const { status, body } = await send(signedRequest({ event: 'star' }))
    expect({ status, body }).toEqual({
      status: 202,
      body: { status: 'ignored', reason: 'the event "star" means nothing to Magos' },
    })
    expect(inbox.pending()).toEqual([])
  })

  test.each(['__proto__', 'constructor', 'toString'])(
    'ignores the event "%s", which every object has',
    async (event) => {
      const body = { status: 'ignored' }
      expect(await send(signedRequest({ event }))).toMatchObject({ status: 202, body })
    },
  )

  test('ignores a push to another branch', async () => {
    const changes = { branch: () => 'production' }
    expect(await send(signedRequest({ body: PUSH }), changes)).toMatchObject({
      status: 202,
      body: { status: 'ignored' },
    })
  })

  test('works a redelivery off again', async () => {
    await send(signedRequest({ body: PUSH }))
    inbox.settle([1], null, [])
    await send(signedRequest({ body: PUSH }))

    expect(inbox.pending()).toMatchObject([{ id: 2, event: { kind: 'revision-pushed' } }])
  })

  test('refuses everything while no secret is configured, and says why', async () => {
    const { status, body } = await send(signedRequest({ body: PUSH }), { secrets: [] })
    expect(status).toBe(404)
    expect(body).toMatchObject({ reason: expect.stringContaining('no webhook secret') })
  })

  test.each([
    [new MagosError('busy', 'Accept: 1000 others wait'), 'too many deliveries at one time'],
    [new MagosError('storage', 'Write "/data/magos.db": disk full'), 'cannot be stored now'],
    [new TypeError('x'), 'cannot be stored now'],
  ])('answers 503 with Retry-After when the inbox refuses: %s', async (thrown, words) => {
    const { status, body, headers } = await send(signedRequest({ body: PUSH }), {
      inbox: { accept: () => Promise.reject(thrown) },
    })

    expect(status).toBe(503)
    expect(headers.get('retry-after')).toBe('5')
    expect(body).toMatchObject({ status: 'refused', reason: expect.stringContaining(words) })
    expect(JSON.stringify(body)).not.toContain('/data')
    expect(lines.at(-1)).toMatchObject({ level: 'error' })
  })

  test('no error reaches the sender', async () => {
    const { status, body } = await send(signedRequest({ body: PUSH }), { branch: broken })
    expect(status).toBe(500)
    expect(JSON.stringify(body)).not.toContain('inner')
  })

  test('no secret, signature or body reaches the log', async () => {
    await send(signedRequest({ body: PUSH }))
    await send(signedRequest({ body: PUSH, secret: 'other' }))
    await send(signedRequest({ body: `${PUSH}x` }))
    const log = JSON.stringify(lines)

    expect(lines).toHaveLength(3)
    for (const planted of [SECRET, sign(PUSH), sign(PUSH, 'other'), 'grüße']) {
      expect(log).not.toContain(planted)
    }
  })

  test('forged names in headers cannot steer the log', async () => {
    const headers = { 'x-github-delivery': '\u009b31m"x"', 'x-github-event': 'st\u009bar' }
    await send(signedRequest({ headers }))

    expect(lines).toMatchObject([{ fields: { delivery: '31mx', event: 'star' } }])
  })
})

describe('createEdge() GET /healthz', () => {
  test('tells health as it is', async () => {
    expect(await get(() => ({ status: 'ok', pending: 3 }))).toEqual({
      status: 200,
      body: { status: 'ok', pending: 3 },
    })
  })

  test.each(['starting', 'degraded', 'stopping'] as const)('is 503 while %s', async (status) => {
    expect(await get(() => ({ status }))).toEqual({ status: 503, body: { status } })
  })

  test('is 503 when health cannot be told', async () => {
    expect(await get(broken)).toEqual({ status: 503, body: { status: 'degraded' } })
  })

  test.each(['/', '/webhooks/github', '/healthz/', '/metrics', '/webhooks/github/x'])(
    'GET %s is nothing',
    async (path) => {
      expect(await get(() => ({ status: 'ok' }), path)).toMatchObject({ status: 404 })
    },
  )
})

function signedRequestHeaders(length: string | null): Headers {
  const headers = signedRequest({ body: PUSH }).headers
  if (length === null) headers.delete('content-length')
  else headers.set('content-length', length)
  return headers
}

async function get(health: EdgeContext['health'], path = '/healthz') {
  const { inbox } = openMemoryStore({ now: () => 0 })
  const context: EdgeContext = {
    secrets: [],
    repository: null,
    branch: () => null,
    inbox,
    log: memoryLog(),
    health,
  }
  const response = await edge.fetch(new Request(`http://magos.test${path}`), context)
  return { status: response.status, body: await response.json() }
}

function broken(): never {
  throw new Error('inner secret')
}
