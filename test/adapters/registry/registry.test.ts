import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MagosError } from '../../../src/domain/error.ts'
import { createHttp, type Http } from '../../../src/host/http.ts'
import type { Registry } from '../../../src/ports.ts'
import type { LabAnswer } from '../../lab/registry/message.ts'
import { pushImage } from '../../lab/registry/push.ts'
import {
  type LabRegistry,
  type LabRegistryOptions,
  startRegistry,
} from '../../lab/registry/registry.ts'
import { registryWith } from './fixtures.ts'

const login = { username: 'planted-user', password: 'planted-password-77' }
const users = { [login.username]: login.password }
const name = () => ({ registry: lab.host, repository: 'team/app' })

let http: Http
let lab: LabRegistry
let registry: Registry
let now: number
beforeEach(() => {
  http = createHttp()
  now = Date.parse('2026-11-23T12:00:00Z')
})
afterEach(async () => {
  await http.close()
  await lab.close()
})

async function start(options: LabRegistryOptions = {}, credential: typeof login | null = login) {
  lab = await startRegistry({ users, now: () => now, ...options })
  registry = registryWith(http, credential, () => now)
  const digest = await pushImage({ url: lab.url, login }, 'team/app', '1')
  lab.forget()
  return digest
}

function page(tags: readonly string[], link?: string): LabAnswer {
  const headers = link === undefined ? {} : { link: `<${link}>; rel="next"` }
  return { status: 200, headers, body: JSON.stringify({ name: 'team/app', tags }) }
}

describe('tags()', () => {
  const answers: readonly (readonly [string, LabAnswer, MagosError['code'], RegExp])[] = [
    ['no JSON', { status: 200, body: '<html>' }, 'protocol', /no JSON/],
    [
      'a compressed body',
      { status: 200, headers: { 'content-encoding': 'gzip' }, body: '\x1f\x8b' },
      'protocol',
      /compressed/,
    ],
    ['no object', { status: 200, body: '[]' }, 'registry', /no list of tags/],
    ['tags of another kind', { status: 200, body: '{"tags":{}}' }, 'registry', /no list of tags/],
    ['a tag that is a number', { status: 200, body: '{"tags":[1]}' }, 'registry', /no tag/],
    [
      'a tag with an escape',
      { status: 200, body: '{"tags":["\\u001b[31m"]}' },
      'registry',
      /no tag/,
    ],
    ['a tag too long', page(['x'.repeat(129)]), 'registry', /no tag/],
    [
      'a body too large',
      { status: 200, body: ' '.repeat(16 * 1024 * 1024 + 1) },
      'protocol',
      /larger than/,
    ],
    ['a redirect to nowhere', { status: 302 }, 'protocol', /names no address/],
    ['a status of its own', { status: 418 }, 'protocol', /418/],
    [
      'not found',
      { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' },
      'not-found',
      /404 NAME_UNKNOWN/,
    ],
    ['forbidden', { status: 403, body: '{"errors":[{"code":"DENIED"}]}' }, 'unauthorized', /403/],
    ['an error within', { status: 500 }, 'network', /500/],
    ['rest needed', { status: 503, headers: { 'retry-after': '9' } }, 'network', /503/],
  ]
  for (const [title, answer, code, message] of answers) {
    it(`tags() throws ${code} for ${title}`, async () => {
      await start()
      lab.faults.add({ path: /tags/, answer })
      const error = await failure(registry.tags(name(), signal()))
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
      expect(error.message).toContain(`${lab.host}/team/app`)
      // What only a person ends says how.
      expect(error.remedy ?? '').toContain(code === 'registry' ? lab.host : '')
      expect(lab.log()).toHaveLength(1)
    })
  }

  it('tags() quotes nothing of what the registry answered but the words of the specification', async () => {
    await start()
    const body = JSON.stringify({ errors: [{ code: 'SECRET_THING', message: login.password }] })
    for (const status of [400, 404, 403, 429, 500]) {
      lab.faults.add({ path: /tags/, answer: { status, body }, times: status === 400 ? 2 : 1 })
      const error = await failure(registry.tags(name(), signal()))
      expect(`${error.message} ${error.remedy}`).not.toMatch(/SECRET_THING|planted-password/)
    }
  })

  it('tags() tells when to ask again: header, date, or the body of GHCR', async () => {
    await start()
    const body = 'toomanyrequests: retry-after: 2m, allowed: 44000/minute'
    const date = new Date(now + 180_000).toUTCString()
    const told: readonly (readonly [LabAnswer, number | undefined])[] = [
      [{ status: 429, headers: { 'retry-after': '30' } }, now + 30_000],
      [{ status: 429, headers: { 'retry-after': date } }, now + 180_000],
      [{ status: 429, body }, now + 360_000],
      [{ status: 429 }, undefined],
    ]
    for (const [answer, retryAt] of told) {
      lab.faults.add({ path: /tags/, answer })
      const error = await failure(registry.tags(name(), signal()))
      expect(error).toMatchObject({ code: 'rate-limit', retryAt })
      now += 120_000
    }
  })

  it('tags() asks without a page size where that one is refused', async () => {
    await start()
    for (const status of [400, 405]) {
      lab.faults.add({ path: /n=1000/, answer: { status } })
      expect(await registry.tags(name(), signal())).toEqual(['1'])
      expect(lab.log().at(-1)?.path).toBe('/v2/team/app/tags/list')
    }
  })

  it('tags() takes the query of a next page, never its path', async () => {
    await start()
    const links = [
      '?last=a',
      '/v2/team/app/tags/list?last=b',
      '/artifactory/v2/x/tags/list?last=c',
      `${lab.url.origin}/v2/secret/tags/list?next_page=d`,
    ]
    for (const [index, link] of links.entries()) {
      lab.faults.add({ path: /tags/, answer: page([`t${index}`, 'shared'], link) })
    }
    lab.faults.add({ path: /tags/, answer: page(['end']) })
    expect(await registry.tags(name(), signal())).toEqual(['t0', 'shared', 't1', 't2', 't3', 'end'])
    expect(lab.log().map(({ path }) => path)).toEqual([
      '/v2/team/app/tags/list?n=1000',
      '/v2/team/app/tags/list?last=a',
      '/v2/team/app/tags/list?last=b',
      '/v2/team/app/tags/list?last=c',
      '/v2/team/app/tags/list?next_page=d',
    ])
  })

  it('tags() refuses pages that lead back', async () => {
    await start()
    lab.faults.add({ path: /tags/, times: 3, answer: page(['a'], '?n=1&last=a') })
    expect(await failure(registry.tags(name(), signal()))).toMatchObject({
      code: 'registry',
      message: expect.stringContaining('lead back'),
    })
    expect(lab.log()).toHaveLength(2)
  })

  it('tags() refuses more than 100,000 tags, and takes as many', async () => {
    await start()
    const tags = Array.from({ length: 100_001 }, (_, index) => `t${index}`)
    lab.faults.add({ path: /tags/, answer: page(tags) })
    expect(await failure(registry.tags(name(), signal()))).toMatchObject({
      code: 'registry',
      message: expect.stringContaining('more than 100000 tags'),
      remedy: expect.stringContaining('"policy": "latest"'),
    })
    lab.faults.add({ path: /tags/, answer: page(tags.slice(1)) })
    expect(await registry.tags(name(), signal())).toHaveLength(100_000)
  })

  for (const repository of ['', '..', 'a/../b', 'a//b', '/a', 'A', 'a?b', 'a#b', 'a%2fb', 'a b']) {
    it(`tags() refuses the repository ${JSON.stringify(repository)} unasked`, async () => {
      await start()
      const asked = registry.tags({ registry: lab.host, repository }, signal())
      expect(await failure(asked)).toMatchObject({ code: 'reference' })
      expect(lab.log()).toEqual([])
    })
  }
})

describe('digest()', () => {
  it('digest() asks by HEAD alone, for all four media types, uncompressed', async () => {
    const digest = await start()
    expect(await registry.digest(name(), '1', signal())).toBe(digest)
    expect(lab.log()).toMatchObject([{ method: 'HEAD', status: 200, userAgent: 'magos-dominus' }])
  })

  it('digest() hashes the bytes themselves where the header is missing', async () => {
    const digest = await start({ digestHeader: 'left-out' })
    expect(await registry.digest(name(), '1', signal())).toBe(digest)
    expect(lab.log().map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })

  it('digest() asks by GET where HEAD is not allowed', async () => {
    const digest = await start()
    lab.faults.add({ method: /HEAD/, answer: { status: 405 } })
    expect(await registry.digest(name(), '1', signal())).toBe(digest)
  })

  const body = '{"schemaVersion":2}'
  const other = `sha256:${'0'.repeat(64)}`
  const untrue: readonly (readonly [string, LabAnswer, RegExp])[] = [
    [
      'a digest of another kind',
      { status: 200, headers: { 'docker-content-digest': `sha512:${'0'.repeat(128)}` } },
      /not sha256/,
    ],
    [
      'a digest in capitals',
      { status: 200, headers: { 'docker-content-digest': `sha256:${'A'.repeat(64)}` } },
      /not sha256/,
    ],
    [
      'a digest too short',
      { status: 200, headers: { 'docker-content-digest': 'sha256:00' } },
      /not sha256/,
    ],
    [
      'a manifest of schema 1',
      {
        status: 200,
        headers: {
          'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws',
          'docker-content-digest': other,
        },
      },
      /schema 1/,
    ],
  ]
  for (const [title, answer, message] of untrue) {
    it(`digest() throws protocol for ${title}`, async () => {
      await start()
      lab.faults.add({ method: /HEAD/, answer })
      const error = await failure(registry.digest(name(), '1', signal()))
      expect(error).toMatchObject({ code: 'protocol', message: expect.stringMatching(message) })
    })
  }

  const bodies: readonly (readonly [string, LabAnswer, RegExp])[] = [
    [
      'bytes that do not hash to the header',
      { status: 200, headers: { 'docker-content-digest': other }, body },
      /hashes to/,
    ],
    ['a page of HTML', { status: 200, body: '<html></html>' }, /no manifest/],
    ['some other JSON', { status: 200, body: '{"schemaVersion":1}' }, /no manifest/],
    ['a manifest too large', { status: 200, body: ' '.repeat(4 * 1024 * 1024 + 1) }, /larger than/],
  ]
  for (const [title, answer, message] of bodies) {
    it(`digest() throws protocol for ${title}`, async () => {
      await start({ digestHeader: 'left-out' })
      lab.faults.add({ method: /GET/, answer })
      const error = await failure(registry.digest(name(), '1', signal()))
      expect(error).toMatchObject({ code: 'protocol', message: expect.stringMatching(message) })
    })
  }

  it('digest() throws protocol when asked for one digest and told another', async () => {
    const digest = await start()
    const headers = { 'docker-content-digest': other }
    lab.faults.add({ method: /HEAD/, answer: { status: 200, headers } })
    const error = await failure(registry.digest(name(), digest, signal()))
    expect(error).toMatchObject({ code: 'protocol', message: expect.stringContaining(other) })
  })

  for (const reference of [
    '',
    '../x',
    'a/b',
    'a?b',
    'sha256:00',
    `sha512:${'0'.repeat(128)}`,
    '.x',
  ]) {
    it(`digest() refuses the reference ${JSON.stringify(reference.slice(0, 20))} unasked`, async () => {
      await start()
      expect(await failure(registry.digest(name(), reference, signal()))).toMatchObject({
        code: 'reference',
      })
      expect(lab.log()).toEqual([])
    })
  }
})

describe('transport', () => {
  for (const status of [502, 503, 504]) {
    it(`tags() asks once more after ${status}, and no more`, async () => {
      await start()
      lab.faults.add({ answer: { status } })
      expect(await registry.tags(name(), signal())).toEqual(['1'])
      lab.forget()
      lab.faults.add({ answer: { status }, times: 5 })
      expect(await failure(registry.tags(name(), signal()))).toMatchObject({ code: 'network' })
      expect(lab.log()).toHaveLength(2)
    })
  }

  for (const cut of ['reset', 'truncate'] as const) {
    it(`tags() asks once more after a ${cut} connection, and no more`, async () => {
      await start()
      lab.faults.add({ cut })
      expect(await registry.tags(name(), signal())).toEqual(['1'])
      lab.forget()
      lab.faults.add({ cut, times: 5 })
      expect(await failure(registry.tags(name(), signal()))).toMatchObject({ code: 'network' })
      expect(lab.log()).toHaveLength(2)
    })
  }

  it('tags() follows redirects within bounds', async () => {
    await start()
    const location = '/v2/team/app/tags/list?moved'
    lab.faults.add({ times: 5, answer: { status: 307, headers: { location } } })
    expect(await registry.tags(name(), signal())).toEqual(['1'])
    lab.faults.add({ times: 9, answer: { status: 307, headers: { location } } })
    expect(await failure(registry.tags(name(), signal()))).toMatchObject({ code: 'protocol' })
  })

  it('digest() has at most eight questions under way at a host', async () => {
    await start()
    let underway = 0
    let most = 0
    const counting: Http = {
      ...http,
      async request(request) {
        underway += 1
        most = Math.max(most, underway)
        try {
          return await http.request(request)
        } finally {
          underway -= 1
        }
      },
    }
    const busy = registryWith(counting, null)
    await Promise.all(Array.from({ length: 40 }, () => busy.digest(name(), '1', signal())))
    expect(most).toBe(8)
    expect(busy.requests()).toBe(40)
  })

  it('tags() gives up at once when its signal says so', async () => {
    await start()
    lab.faults.add({ delay: 2000 })
    const controller = new AbortController()
    const reason = new Error('enough')
    const asked = registry.tags(name(), controller.signal)
    const started = performance.now()
    setTimeout(() => controller.abort(reason), 30)
    await expect(asked).rejects.toBe(reason)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('tokens', () => {
  it('tags() mints one token for many questions until it expires', async () => {
    await start({ kind: 'bearer', expiresIn: 100 })
    const minted = lab.access.tokensMinted()
    await registry.tags(name(), signal())
    await registry.digest(name(), '1', signal())
    now += 89_000
    await registry.tags(name(), signal())
    expect(lab.access.tokensMinted() - minted).toBe(1)
    now += 2000
    await registry.tags(name(), signal())
    expect(lab.access.tokensMinted() - minted).toBe(2)
    expect(lab.log().filter(({ status }) => status === 401)).toHaveLength(1)
  })

  it('digest() shares one mint among questions of the same moment', async () => {
    await start({ kind: 'bearer' })
    const minted = lab.access.tokensMinted()
    await Promise.all(Array.from({ length: 6 }, () => registry.digest(name(), '1', signal())))
    expect(lab.access.tokensMinted() - minted).toBe(1)
  })

  it('digest() mints a refused token anew at once, once', async () => {
    await start({ kind: 'bearer' })
    await registry.digest(name(), '1', signal())
    lab.access.revoke()
    const minted = lab.access.tokensMinted()
    await Promise.all(Array.from({ length: 6 }, () => registry.digest(name(), '1', signal())))
    expect(lab.access.tokensMinted() - minted).toBe(1)
  })

  it('digest() does not mint for ever where every token is refused', async () => {
    await start({ kind: 'bearer' })
    await registry.digest(name(), '1', signal())
    const challenge = `Bearer realm="${lab.url.origin}/token",service="lab"`
    const answer = { status: 401, headers: { 'www-authenticate': challenge } }
    lab.faults.add({ path: /^\/v2/, answer, times: 50 })
    const minted = lab.access.tokensMinted()
    expect(await failure(registry.digest(name(), '1', signal()))).toMatchObject({
      code: 'unauthorized',
    })
    expect(lab.access.tokensMinted() - minted).toBe(1)
  })

  it('tags() says which login was refused, and not its password', async () => {
    await start({ kind: 'bearer' })
    registry = registryWith(http, { ...login, password: 'wrong-planted-password' })
    const error = await failure(registry.tags(name(), signal()))
    expect(error).toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('with the login from "the test"'),
      remedy: expect.stringMatching(/podman login 127\.0\.0\.1.*auth\.json \(not there\)/),
    })
    expect(JSON.stringify(error) + String(error.stack)).not.toContain('wrong-planted')
  })

  it('tags() changes an identity token into a bearer token by POST', async () => {
    await start({ kind: 'bearer' })
    registry = registryWith(http, { username: '<token>', password: login.password })
    expect(await registry.tags(name(), signal())).toEqual(['1'])
    expect(
      lab.log().map(({ method, path, authorization }) => [method, path, authorization]),
    ).toEqual([
      ['GET', '/v2/team/app/tags/list?n=1000', 'none'],
      ['POST', '/token', 'none'],
      ['GET', '/v2/team/app/tags/list?n=1000', 'bearer'],
    ])
  })

  it('tags() takes Bearer where Basic is offered too, and Basic where the token server is not trusted', async () => {
    await start({ kind: 'bearer', challenge: (bearer) => `Basic realm="x", ${bearer}` })
    await registry.tags(name(), signal())
    expect(lab.log().map(({ authorization }) => authorization)).toEqual(['none', 'basic', 'bearer'])
    await lab.close()
    let isHostile = false
    const evil = 'Bearer realm="https://evil.example/",service="x"'
    await start({ kind: 'basic', challenge: (basic) => (isHostile ? `${evil}, ${basic}` : basic) })
    isHostile = true
    await registry.tags(name(), signal())
    expect(lab.log().map(({ authorization }) => authorization)).toEqual(['none', 'basic'])
  })

  it('tags() asks for what a challenge names beside pull, but never for more than reading', async () => {
    const scope = 'repository:team/app:metadata_read,push,delete repository:other/app:pull'
    await start({
      kind: 'bearer',
      challenge: (text) => text.replace(/scope="[^"]*"/, `scope="${scope}"`),
    })
    await registry.tags(name(), signal())
    const [, token] = lab.log()
    const query = new URL(token?.path ?? '', lab.url).searchParams
    expect(query.getAll('scope')).toEqual(['repository:team/app:pull,metadata_read'])
  })

  it('tags() begins at the registry again after its token server failed', async () => {
    await start({ kind: 'bearer', expiresIn: 1 })
    await registry.tags(name(), signal())
    now += 5000
    lab.faults.add({ path: /^\/token/, answer: { status: 404 } })
    expect(await failure(registry.tags(name(), signal()))).toMatchObject({ code: 'protocol' })
    lab.forget()
    expect(await registry.tags(name(), signal())).toEqual(['1'])
    expect(lab.log()[0]).toMatchObject({ status: 401, authorization: 'none' })
  })

  const broken: readonly (readonly [string, LabAnswer, MagosError['code']])[] = [
    ['no JSON', { status: 200, body: 'planted-password-77' }, 'protocol'],
    ['no token', { status: 200, body: '{}' }, 'protocol'],
    ['a token with a line break', { status: 200, body: '{"token":"a\\r\\nx: y"}' }, 'protocol'],
    ['a body too large', { status: 200, body: ' '.repeat(65_537) }, 'protocol'],
    ['too many requests', { status: 429, headers: { 'retry-after': '5' } }, 'rate-limit'],
    ['an error within', { status: 500 }, 'network'],
    ['forbidden', { status: 403 }, 'unauthorized'],
  ]
  for (const [title, answer, code] of broken) {
    it(`tags() throws ${code} where the token server answers ${title}`, async () => {
      await start({ kind: 'bearer' })
      lab.faults.add({ path: /^\/token/, answer })
      const error = await failure(registry.tags(name(), signal()))
      expect(error.code).toBe(code)
      expect(JSON.stringify(error) + String(error.cause)).not.toContain('planted-password')
      now += 60_000
      expect(await registry.tags(name(), signal())).toEqual(['1'])
    })
  }

  it('tags() of 20 repositories is refused once before it knows what to ask with', async () => {
    await start({ kind: 'bearer' })
    const names = Array.from({ length: 20 }, (_, index) => `team/app-${index}`)
    for (const repository of names) await pushImage({ url: lab.url, login }, repository, '1')
    lab.forget()
    await Promise.all(names.map((repository) => registry.tags({ ...name(), repository }, signal())))
    expect(lab.log().filter(({ status }) => status === 401)).toHaveLength(1)
    expect(lab.log()).toHaveLength(1 + 1 + 20)
  })

  it('tags() of others goes on when the first question of all is given up', async () => {
    await start({ kind: 'bearer' })
    lab.faults.add({ path: /tags/, delay: 30 })
    const controller = new AbortController()
    const reason = new Error('enough')
    const givenUp = registry.tags(name(), controller.signal)
    const asked = registry.tags(name(), signal())
    setTimeout(() => controller.abort(reason), 10)
    await expect(givenUp).rejects.toBe(reason)
    expect(await asked).toEqual(['1'])
  })

  for (const challenge of ['', 'Negotiate', 'Bearer service="x"', 'Digest realm="x"']) {
    it(`tags() says no to the challenge ${JSON.stringify(challenge)}`, async () => {
      await start()
      const answer = { status: 401, headers: { 'www-authenticate': challenge } }
      lab.faults.add({ path: /tags/, answer, times: 9 })
      const error = await failure(registry.tags(name(), signal()))
      expect(['unauthorized', 'registry']).toContain(error.code)
      expect(lab.log()).toHaveLength(1)
    })
  }
})

async function failure(promise: Promise<unknown>): Promise<MagosError> {
  return promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (thrown: MagosError) => thrown,
  )
}

function signal(): AbortSignal {
  return AbortSignal.timeout(5000)
}
