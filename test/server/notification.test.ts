import { createHash, createHmac } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { MagosError } from '../../src/domain/error.ts'
import type { Inbox } from '../../src/ports.ts'
import { createEdge, type EdgeContext } from '../../src/server/app.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { type LogLine, memoryLog } from '../work/memory-log.ts'

const edge = createEdge()
const SECRET = 'planted-registry-secret'
const QUAY = JSON.stringify({ docker_url: 'quay.io/team/app', updated_tags: ['1'] })
const GITEA = JSON.stringify({
  action: 'created',
  package: {
    type: 'container',
    name: 'app',
    owner: { login: 'team' },
    html_url: 'https://git.lan/team/-/packages/container/app/1',
  },
})

interface Sent {
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

function sign(body: string, secret = SECRET): string {
  return createHmac('sha256', secret).update(body).digest('hex')
}

describe('createEdge() POST /webhooks/registry', () => {
  let inbox: Inbox
  let lines: LogLine[]
  beforeEach(() => {
    inbox = openMemoryStore({ now: () => 7 }).inbox
    lines = []
  })

  async function send(
    { path, body = QUAY, headers = {} }: Sent,
    changes: Partial<EdgeContext> = {},
  ) {
    const request = new Request(`http://magos.test/webhooks/registry/${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })
    const context: EdgeContext = {
      secrets: ["GitHub's own secret"],
      registrySecrets: ['', SECRET],
      repository: 'o/r',
      branch: () => 'main',
      inbox,
      log: memoryLog(lines),
      health: () => ({ status: 'ok' }),
      ...changes,
    }
    const response = await edge.fetch(request, context)
    return { status: response.status, body: await response.json(), headers: response.headers }
  }

  test('stores a notification behind its secret path as a hint, and answers 202', async () => {
    const { status, body } = await send({ path: `quay/${SECRET}` })
    expect({ status, body }).toEqual({ status: 202, body: { status: 'accepted', id: 1 } })
    expect(inbox.pending()).toMatchObject([
      {
        event: { kind: 'image-published', repositories: ['quay.io/team/app'] },
        origin: {
          source: 'webhook',
          event: 'quay',
          image: 'quay.io/team/app',
          body: createHash('sha256').update(QUAY).digest('hex'),
        },
      },
    ])
  })

  test.each([SECRET, `Bearer ${SECRET}`])(
    'takes the secret in the Authorization header',
    async (authorization) => {
      const type = 'application/vnd.docker.distribution.events.v2+json'
      const headers = { authorization, 'content-type': type }
      const body = JSON.stringify({ events: [] })
      expect(await send({ path: 'distribution', body, headers })).toMatchObject({
        status: 202,
        body: { status: 'ignored', reason: 'it pushes no tag' },
      })
    },
  )

  test.each(['x-gitea-signature', 'x-forgejo-signature'])(
    'takes a body that is signed in %s',
    async (header) => {
      const headers = { [header]: sign(GITEA) }
      expect(await send({ path: 'gitea', body: GITEA, headers })).toMatchObject({ status: 202 })
      expect(inbox.pending()).toMatchObject([{ event: { repositories: ['git.lan/team/app'] } }])
    },
  )

  test.each<[string, Sent, number]>([
    ['a wrong path', { path: 'quay/planted-registry-secreT' }, 404],
    ['a longer path', { path: `quay/${SECRET}x` }, 404],
    ['a deeper path', { path: `quay/${SECRET}/x` }, 404],
    ["GitHub's secret", { path: `quay/${encodeURIComponent("GitHub's own secret")}` }, 404],
    ['an unknown kind', { path: `other/${SECRET}` }, 404],
    ['no secret', { path: 'quay' }, 401],
    ['an empty secret', { path: 'quay/' }, 404],
    ['an empty header', { path: 'quay', headers: { authorization: '' } }, 401],
    ['a wrong header', { path: 'quay', headers: { authorization: 'Bearer nonsense' } }, 401],
    ['a signature that is none', { path: 'gitea', headers: { 'x-gitea-signature': 'x' } }, 401],
    [
      "another body's signature",
      { path: 'gitea', headers: { 'x-gitea-signature': sign('x') } },
      401,
    ],
    [
      "another secret's signature",
      { path: 'gitea', headers: { 'x-gitea-signature': sign(QUAY, '') } },
      401,
    ],
  ])('answers %s as one without a secret', async (_, sent, status) => {
    expect((await send(sent)).status).toBe(status)
    expect(inbox.pending()).toEqual([])
    expect(JSON.stringify(lines)).not.toContain('planted')
  })

  test('answers the path of a wrong secret as any that is not there', async () => {
    const wrong = await send({ path: 'quay/nonsense' })
    const absent = await send({ path: 'nowhere/at/all' })
    expect([wrong.status, wrong.body]).toEqual([absent.status, absent.body])
  })

  test('is not there where no secret is configured', async () => {
    for (const registrySecrets of [[], ['']]) {
      for (const path of ['quay', 'quay/', `quay/${SECRET}`]) {
        const { status } = await send({ path }, { registrySecrets })
        expect([401, 404]).toContain(status)
      }
    }
    expect((await send({ path: 'quay' }, { registrySecrets: [] })).status).toBe(404)
    expect(inbox.pending()).toEqual([])
  })

  test.each<[string, Sent, Partial<EdgeContext>, number]>([
    ['a form', { path: `quay/${SECRET}`, headers: { 'content-type': 'text/plain' } }, {}, 415],
    ['no JSON', { path: `quay/${SECRET}`, body: '{' }, {}, 400],
    ['a list', { path: `quay/${SECRET}`, body: '[]' }, {}, 400],
    ['too large a body', { path: `quay/${SECRET}` }, { bodyLimit: 10 }, 413],
  ])('answers %s as for GitHub', async (_, sent, changes, status) => {
    expect(await send(sent, changes)).toMatchObject({ status, body: { status: 'refused' } })
    expect(inbox.pending()).toEqual([])
    expect(lines).toMatchObject([{ level: 'warn', fields: { registry: 'quay', status } }])
    expect(JSON.stringify(lines)).not.toContain('planted')
  })

  test('answers 503 with Retry-After where it cannot be stored', async () => {
    const full = { accept: () => Promise.reject(new MagosError('busy', 'Accept an event: full')) }
    const { status, headers } = await send({ path: `quay/${SECRET}` }, { inbox: full })
    expect([status, headers.get('retry-after')]).toEqual([503, '5'])
  })
})
