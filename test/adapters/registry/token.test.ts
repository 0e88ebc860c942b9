import { describe, expect, it } from 'vitest'
import { identityTokenUser } from '../../../src/domain/identity-token.ts'
import { createRegistry } from '../../../src/adapters/registry/registry.ts'
import type { HttpRequest } from '../../../src/host/http-exchange.ts'
import type { Credential, Registry } from '../../../src/ports.ts'
import { loginOf, registryWith, silentLog } from './fixtures.ts'
import { createScriptedHttp, type ScriptedAnswer } from './scripted-http.ts'

const registryName = 'registry.lan'
const { signal } = new AbortController()

interface Habits {
  /** s in its answers; null for none. */
  readonly told?: number | null
  /** s after which a token ends. */
  readonly life?: number
  readonly mostScopes?: number
  /** What it does with more scopes than that. */
  readonly beyond?: 'refuses' | 'grants the first'
  readonly denial?: 401 | 403 | 404
  readonly credential?: Credential | null
  /** What it answers to a POST that it does not know. */
  readonly post?: 'known' | 404 | 405
}

/** A registry and its token server; time passes where it is told to. */
function lab(habits: Habits = {}) {
  const { told = null, life = Infinity, mostScopes = 1000, beyond = 'refuses' } = habits
  const { denial = 401, credential = null, post = 'known' } = habits
  let now = 0
  const granted = new Map<string, { readonly scopes: readonly string[]; readonly until: number }>()
  const token = (request: HttpRequest): ScriptedAnswer => {
    if (request.method === 'POST' && post !== 'known') return { status: post }
    const scopes = scopesOf(request)
    if (scopes.length > mostScopes && beyond === 'refuses') return { status: 400 }
    const access_token = `t${granted.size}`
    granted.set(access_token, { scopes: scopes.slice(0, mostScopes), until: now + life * 1000 })
    const expires = told === null ? {} : { expires_in: told }
    return { body: JSON.stringify({ access_token, ...expires }) }
  }
  const gone = new Set<string>()
  const http = createScriptedHttp({
    [`https://${registryName}`]: (request) => {
      if (request.target.path.startsWith('/token')) return token(request)
      const [, repository = ''] = /^\/v2\/(.*)\/tags\//.exec(request.target.path) ?? []
      const bearer = request.headers?.['authorization']?.replace('Bearer ', '') ?? ''
      if (gone.has(repository)) return { status: 404 }
      const grant = granted.get(bearer)
      const isGood = grant !== undefined && grant.until > now
      if (isGood && grant.scopes.includes(`repository:${repository}:pull`)) {
        return { body: JSON.stringify({ tags: [tagOf(repository)] }) }
      }
      const challenge = `Bearer realm="https://${registryName}/token",service="s"`
      const headers = { 'www-authenticate': challenge }
      return isGood ? { status: denial, headers } : { status: 401, headers }
    },
  })
  const registry = registryWith(http, credential, () => now)
  return {
    http,
    registry,
    gone,
    pass: (seconds: number) => void (now += seconds * 1000),
    tokens: () => http.sent().filter(({ target }) => target.path.startsWith('/token')),
    /** Requests of a poll of 20 repositories, each of which answers. */
    poll: async () => {
      const before = http.sent().length
      const repositories = Array.from({ length: 20 }, (_, index) => `team/app-${index}`)
      await askAll(registry, repositories)
      return http.sent().length - before
    },
  }
}

async function askAll(registry: Registry, repositories: readonly string[]): Promise<void> {
  const answers = await Promise.all(
    repositories.map((repository) => registry.tags({ registry: registryName, repository }, signal)),
  )
  expect(answers).toEqual(repositories.map((repository) => [tagOf(repository)]))
}

function scopesOf({ method, target, body }: HttpRequest): readonly string[] {
  if (method !== 'POST') return new URL(target.path, 'https://x').searchParams.getAll('scope')
  return new URLSearchParams(String(body)).get('scope')?.split(' ') ?? []
}

describe('createTokens()', () => {
  it('asks for one token for twenty repositories, at every poll that finds none', async () => {
    const { poll, pass } = lab({ told: 300, life: 300 })
    expect(await poll()).toBe(1 + 1 + 20)
    pass(300)
    expect(await poll()).toBe(1 + 20)
    pass(100)
    expect(await poll()).toBe(20)
  })

  it('uses a token whose life nobody told until the registry refuses it', async () => {
    const { poll, pass } = lab()
    await poll()
    for (let hours = 0; hours < 5; hours += 1) {
      pass(3600)
      expect(await poll()).toBe(20)
    }
  })

  it('learns from a refused token how long one lasts', async () => {
    const { poll, pass } = lab({ life: 290 })
    await poll()
    pass(300)
    // All of them are under way already.
    expect(await poll()).toBe(20 + 1 + 20)
    pass(300)
    expect(await poll()).toBe(20 + 1)
  })

  it('asks no other repository with a token that one was refused with', async () => {
    const { registry, poll, pass, http } = lab({ life: 290 })
    await poll()
    pass(300)
    const before = http.sent().length
    for (const repository of ['team/app-0', 'team/app-1', 'team/app-2']) {
      await askAll(registry, [repository])
    }
    expect(http.sent()).toHaveLength(before + 1 + 1 + 3)
  })

  it('lets the others keep a shared token when one of its repositories is gone', async () => {
    const { registry, poll, pass, tokens, gone } = lab({ told: 3600 })
    await poll()
    pass(100)
    gone.add('team/app-7')
    const name = { registry: registryName, repository: 'team/app-7' }
    const before = tokens().length
    await expect(registry.tags(name, signal)).rejects.toMatchObject({ code: 'not-found' })
    gone.clear()
    expect(await poll()).toBe(20)
    expect(tokens().slice(before).map(scopesOf)).toEqual([['repository:team/app-7:pull']])
  })

  it('asks for tokens one by one where the server refuses several at once, for an hour', async () => {
    const { poll, pass, tokens } = lab({ told: 60, mostScopes: 1 })
    expect(await poll()).toBe(1 + 1 + 20 + 20)
    pass(60)
    expect(await poll()).toBe(20 + 20)
    pass(3600)
    expect(await poll()).toBe(1 + 20 + 20)
    expect(Math.max(...tokens().map((request) => scopesOf(request).length))).toBe(20)
  })

  for (const denial of [401, 403, 404] as const) {
    it(`asks anew by itself for what a shared token does not reach and ${denial} says so`, async () => {
      const { poll, pass, tokens } = lab({
        told: 300,
        mostScopes: 1,
        beyond: 'grants the first',
        denial,
      })
      expect(await poll()).toBe(1 + 1 + 20 + 19 + 19)
      pass(300)
      // Known by now: nothing is asked in vain.
      expect(await poll()).toBe(20 + 20)
      expect(tokens().filter((request) => scopesOf(request).length > 1)).toHaveLength(1)
    })
  }

  it('names no more than twenty repositories in one question', async () => {
    const { registry, tokens, pass } = lab({ told: 300 })
    const repositories = Array.from({ length: 50 }, (_, index) => `team/app-${index}`)
    await askAll(registry, repositories)
    pass(300)
    const before = tokens().length
    await askAll(registry, repositories)
    expect(tokens().slice(before)).toHaveLength(3)
    expect(Math.max(...tokens().map((request) => scopesOf(request).length))).toBe(20)
  })

  it('never asks with one login for what another is for', async () => {
    const { http, tokens } = lab({ told: 300 })
    const registry = createRegistry({
      http,
      credentials: {
        find: async ({ repository }) => {
          const username = repository.startsWith('a/') ? 'a' : 'b'
          return loginOf({ username, password: 'p' }, registryName)
        },
        consulted: () => [],
        refused: () => undefined,
      },
      plainHttp: () => false,
      now: () => 0,
      log: silentLog,
    })
    await askAll(registry, ['a/one', 'b/one', 'a/two', 'b/two'])
    await askAll(registry, ['a/one', 'b/one', 'a/two', 'b/two'])
    const asked = tokens().map((request) => {
      const [, login = ''] = request.headers?.['authorization']?.split(' ') ?? []
      return `${Buffer.from(login, 'base64').toString()} ${scopesOf(request).join(' ')}`
    })
    expect(new Set(asked)).toEqual(
      new Set([
        'a:p repository:a/one:pull repository:a/two:pull',
        'b:p repository:b/one:pull repository:b/two:pull',
      ]),
    )
    expect(asked).toHaveLength(2)
  })

  const identity = { username: identityTokenUser, password: 'long-lived' }

  it('sends an identity token in the body of a POST, for all repositories at once', async () => {
    const { poll, pass, tokens } = lab({ told: 300, credential: identity })
    await poll()
    pass(300)
    expect(await poll()).toBe(1 + 20)
    const sent = tokens().at(-1)
    expect(sent).toMatchObject({ method: 'POST', target: { path: '/token' } })
    expect(sent?.headers).not.toHaveProperty('authorization')
    const form = new URLSearchParams(String(sent?.body))
    expect(form.get('grant_type')).toBe('refresh_token')
    expect(form.get('refresh_token')).toBe('long-lived')
    expect(form.get('service')).toBe('s')
    expect(form.get('scope')?.split(' ')).toHaveLength(20)
  })

  for (const post of [404, 405] as const) {
    it(`asks by GET where the server answers ${post} to a POST`, async () => {
      const { registry, tokens } = lab({ credential: identity, post })
      await askAll(registry, ['team/app'])
      expect(tokens().map(({ method }) => method)).toEqual(['POST', 'GET'])
    })
  }

  it('believes in no life longer than a day', async () => {
    const { registry, pass, tokens } = lab({ told: 1e9 })
    await askAll(registry, ['team/app'])
    pass(86_380)
    await askAll(registry, ['team/app'])
    expect(tokens()).toHaveLength(1)
    pass(20)
    await askAll(registry, ['team/app'])
    expect(tokens()).toHaveLength(2)
  })

  it('takes 64 KiB of an answer at the most', async () => {
    const { registry, tokens } = lab()
    await askAll(registry, ['team/app'])
    expect(tokens().map(({ maxBody }) => maxBody)).toEqual([64 * 1024])
  })
})

/** Every repository has a tag of its own. */
function tagOf(repository: string): string {
  return repository.replaceAll('/', '_')
}
