import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHttp, type Http } from '../../../src/host/http.ts'
import type { MagosError } from '../../../src/domain/error.ts'
import {
  type LabRegistry,
  type LabRegistryOptions,
  startRegistry,
} from '../../lab/registry/registry.ts'
import { pushImage } from '../../lab/registry/push.ts'
import { registryWith } from './fixtures.ts'
import { createScriptedHttp } from './scripted-http.ts'

const login = { username: 'planted-user', password: 'planted-password-77' }
const users = { [login.username]: login.password }
const secrets = [
  login.password,
  Buffer.from(`${login.username}:${login.password}`).toString('base64'),
]

describe('no credential reaches a second host', () => {
  let http: Http
  let trap: Trap
  let lab: LabRegistry
  beforeEach(async () => {
    http = createHttp()
    trap = await startTrap()
  })
  afterEach(async () => {
    await http.close()
    await lab.close()
    await trap.close()
  })

  async function start(options: LabRegistryOptions) {
    lab = await startRegistry({ users, ...options })
    await pushImage({ url: lab.url, login }, 'team/app', '1')
    return {
      registry: registryWith(http, login),
      name: { registry: lab.host, repository: 'team/app' },
    }
  }

  for (const kind of ['basic', 'bearer'] as const) {
    for (const status of [301, 302, 303, 307, 308]) {
      it(`a ${status} of a ${kind} registry carries none along`, async () => {
        const { registry, name } = await start({ kind })
        await registry.tags(name, signal())
        const location = `${trap.url}/v2/team/app/tags/list`
        lab.faults.add({ path: /tags/, answer: { status, headers: { location } } })
        expect(await registry.tags(name, signal())).toEqual(['trapped'])
        expect(trap.seen()).toHaveLength(1)
        expectClean(trap.seen())
      })
    }

    it(`a second host's challenge gets none from a ${kind} registry's login`, async () => {
      const { registry, name } = await start({ kind })
      await registry.digest(name, '1', signal())
      trap.challenge(`Basic realm="x", Bearer realm="${trap.url}/token",service="x"`)
      const location = `${trap.url}/v2/team/app/manifests/1`
      lab.faults.add({ path: /manifests/, answer: { status: 307, headers: { location } } })
      const error = await failure(registry.digest(name, '1', signal()))
      expect(error.code).toBe('unauthorized')
      expect(trap.seen()).toHaveLength(1)
      expectClean([...trap.seen(), JSON.stringify(error), String(error.stack)])
    })

    it(`a next page at another host is not read by a ${kind} registry's login`, async () => {
      const { registry, name } = await start({ kind })
      await registry.tags(name, signal())
      const link = `<${trap.url}/v2/team/app/tags/list?last=1>; rel="next"`
      const answer = { status: 200, headers: { link }, body: '{"tags":["1"]}' }
      lab.faults.add({ path: /tags/, answer })
      expect(await failure(registry.tags(name, signal()))).toMatchObject({ code: 'registry' })
      expect(trap.seen()).toEqual([])
    })
  }

  it('a redirect of the token server is not followed', async () => {
    const { registry, name } = await start({ kind: 'bearer' })
    const location = `${trap.url}/token`
    lab.faults.add({ path: /^\/token/, answer: { status: 307, headers: { location } } })
    const error = await failure(registry.tags(name, signal()))
    expect(error).toMatchObject({ code: 'protocol', message: expect.stringContaining('redirect') })
    expect(trap.seen()).toEqual([])
  })

  it('a credential that was dropped on the way out is not taken up again at home', async () => {
    const { registry, name } = await start({ kind: 'basic' })
    await registry.tags(name, signal())
    trap.redirect(`${lab.url.origin}/v2/team/app/tags/list`)
    const location = `${trap.url}/bounce`
    lab.faults.add({ path: /tags/, answer: { status: 302, headers: { location } } })
    lab.forget()
    expect(await failure(registry.tags(name, signal()))).toMatchObject({ code: 'unauthorized' })
    // The login itself is asked about at home; what the redirect was for is asked without it from then on.
    expect(lab.log().map(({ path, authorization }) => [path.split('?')[0], authorization])).toEqual(
      [
        ['/v2/team/app/tags/list', 'basic'],
        ['/v2/team/app/tags/list', 'none'],
        ['/v2/', 'basic'],
        ['/v2/team/app/tags/list', 'none'],
      ],
    )
  })
})

describe('realms', () => {
  for (const realm of [
    'https://evil.example/token',
    'http://registry.example/token',
    'https://registry.example.evil.example/token',
    'https://a:b@registry.example/token',
    'https://127.0.0.1/token',
    'https://169.254.169.254/latest',
    'https://auth.docker.io/token',
    'nonsense',
  ]) {
    it(`tags() sends nothing to the realm ${realm}`, async () => {
      const { http, result } = askRealm(realm)
      expect(await result).toMatchObject({
        code: 'registry',
        message: expect.stringContaining('its token server is not trusted'),
        remedy: expect.stringContaining('registry.example'),
      })
      expect(http.sent().map(({ target }) => target.origin)).toEqual(['https://registry.example'])
      expectClean(http.sent().map((request) => JSON.stringify(request)))
    })
  }

  for (const location of [
    'http://registry.example/v2/team/app/tags/list',
    'https://127.0.0.1/v2/',
    'https://[::1]/v2/',
    'https://192.168.1.5/v2/',
    'https://a:b@other.example/v2/',
    'ftp://other.example/',
    'http://[',
  ]) {
    it(`tags() does not follow a redirect to ${location}`, async () => {
      const http = createScriptedHttp({
        'https://registry.example': () => ({ status: 307, headers: { location } }),
      })
      const registry = registryWith(http, login)
      const name = { registry: 'registry.example', repository: 'team/app' }
      expect(await failure(registry.tags(name, signal()))).toMatchObject({ code: 'protocol' })
      expect(http.sent()).toHaveLength(1)
    })
  }
})

it('tags() drops its login when one host sends it from http to https', async () => {
  const path = '/v2/team/app/tags/list'
  const http = createScriptedHttp({
    'http://127.0.0.1:5000': ({ headers }) =>
      headers?.['authorization'] === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
        : { status: 307, headers: { location: `https://127.0.0.1:5000${path}` } },
    'https://127.0.0.1:5000': () => ({ body: '{"tags":["1"]}' }),
  })
  const name = { registry: '127.0.0.1:5000', repository: 'team/app' }
  expect(await registryWith(http, login).tags(name, signal())).toEqual(['1'])
  const authorized = http.sent().map(({ target, headers }) => {
    return `${target.origin} ${headers?.['authorization'] === undefined ? 'without' : 'with'}`
  })
  expect(authorized).toEqual([
    'http://127.0.0.1:5000 without',
    'http://127.0.0.1:5000 with',
    'https://127.0.0.1:5000 without',
  ])
})

it('tags() asks for no right that a challenge names of another repository', async () => {
  const scope = 'repository:evil/app:metadata_read repository:team/app:pull,push'
  const challenge = `Bearer realm="https://registry.example/token",service="s",scope="${scope}"`
  const http = createScriptedHttp({
    'https://registry.example': ({ target, headers }) => {
      if (target.path.startsWith('/token')) return { body: '{"token":"t"}' }
      if (headers?.['authorization'] === 'Bearer t') return { body: '{"tags":["1"]}' }
      return { status: 401, headers: { 'www-authenticate': challenge } }
    },
  })
  const name = { registry: 'registry.example', repository: 'team/app' }
  expect(await registryWith(http, login).tags(name, signal())).toEqual(['1'])
  const [, asked] = http.sent()
  const { searchParams } = new URL(asked?.target.path ?? '', 'https://registry.example')
  expect(searchParams.getAll('scope')).toEqual(['repository:team/app:pull'])
})

function askRealm(realm: string) {
  const registry = 'registry.example'
  const headers = { 'www-authenticate': `Bearer realm="${realm}",service="s"` }
  const http = createScriptedHttp({ [`https://${registry}`]: () => ({ status: 401, headers }) })
  const name = { registry, repository: 'team/app' }
  return { http, result: failure(registryWith(http, login).tags(name, signal())) }
}

interface Trap {
  readonly url: string
  /** Every request, whole: line, headers, body. */
  seen(): readonly string[]
  challenge(header: string): void
  redirect(location: string): void
  close(): Promise<void>
}

async function startTrap(): Promise<Trap> {
  const seen: string[] = []
  let answer: { status: number; headers: Record<string, string> } = { status: 200, headers: {} }
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`)
    request.on('data', (chunk) => seen.push(String(chunk)))
    response.writeHead(answer.status, answer.headers).end('{"tags":["trapped"]}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  return {
    url: `http://127.0.0.1:${port}`,
    seen: () => seen,
    challenge: (header) => (answer = { status: 401, headers: { 'www-authenticate': header } }),
    redirect: (location) => (answer = { status: 302, headers: { location } }),
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function expectClean(texts: readonly string[]): void {
  const all = texts.join('\n')
  for (const secret of secrets) expect(all).not.toContain(secret)
  expect(all.toLowerCase()).not.toContain('authorization')
}

async function failure(promise: Promise<unknown>): Promise<MagosError> {
  return promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (thrown: MagosError) => thrown,
  )
}

function signal(): AbortSignal {
  return AbortSignal.timeout(5000)
}
