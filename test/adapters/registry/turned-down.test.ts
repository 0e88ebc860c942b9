import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Credentials } from '../../../src/adapters/registry/credentials.ts'
import { plainHttpRule } from '../../../src/adapters/registry/endpoint.ts'
import { createRegistry } from '../../../src/adapters/registry/registry.ts'
import type { MagosError } from '../../../src/domain/error.ts'
import { createHttp, type Http } from '../../../src/host/http.ts'
import type { Credential, Log } from '../../../src/ports.ts'
import { pushImage } from '../../lab/registry/push.ts'
import {
  type LabRegistry,
  type LabRegistryOptions,
  startRegistry,
} from '../../lab/registry/registry.ts'
import { loginOf, silentLog } from './fixtures.ts'
import { createScriptedHttp } from './scripted-http.ts'

const good = { username: 'octo', password: 'planted-good' }
const expired = { username: 'octo', password: 'planted-expired' }
const minutes = 60_000

let http: Http
let lab: LabRegistry
beforeEach(() => {
  http = createHttp()
})
afterEach(async () => {
  await http.close()
  await lab.close()
})

/** A lab with `repositories`, asked by what `login` is at that moment. */
async function start(options: LabRegistryOptions, repositories: readonly string[]) {
  let now = Date.now()
  lab = await startRegistry({
    users: { [good.username]: good.password },
    now: () => now,
    ...options,
  })
  for (const repository of repositories) {
    await pushImage({ url: lab.url, login: good }, repository, '1')
  }
  lab.forget()
  const at = over(http, () => now)
  return {
    ...at,
    pass: (ms: number) => void (now += ms),
    tags: (repository = 'team/app') =>
      at.registry.tags({ registry: lab.host, repository }, AbortSignal.timeout(5000)),
    credential: (repository = 'team/app') =>
      at.registry.credential({ registry: lab.host, repository }, AbortSignal.timeout(5000)),
    /** Requests since then that carried the login itself. */
    shown: () => lab.log().filter(({ authorization }) => authorization === 'basic').length,
  }
}

function over(via: Http, now: () => number) {
  const kept: { login: Credential | null; forgotten: number; next: Credential | null } = {
    login: expired,
    forgotten: 0,
    next: null,
  }
  const credentials: Credentials = {
    find: async ({ registry }) => (kept.login === null ? null : loginOf(kept.login, registry)),
    consulted: () => ['/etc/none/auth.json'],
    refused() {
      kept.forgotten += 1
      kept.login = kept.next ?? kept.login
    },
  }
  const warnings: string[] = []
  const log: Log = {
    ...silentLog,
    warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`),
  }
  const plainHttp = plainHttpRule()
  return {
    registry: createRegistry({ http: via, credentials, plainHttp, now, log }),
    warnings,
    kept,
  }
}

async function failure(promise: Promise<unknown>): Promise<MagosError> {
  return promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (thrown: MagosError) => thrown,
  )
}

describe('a login that is turned down', () => {
  for (const kind of ['bearer', 'basic'] as const) {
    const open = { kind, anonymous: 'pull' } as const

    it(`keeps nobody from a public image of a ${kind} registry, and is told of once`, async () => {
      const { tags, warnings, credential } = await start(open, ['team/app', 'team/web'])
      // So that the registry is known to demand logins.
      lab.faults.add({
        path: /tags/,
        answer: { status: 401, headers: challengeOf(kind) },
      })
      expect(await tags()).toEqual(['1'])
      expect(await tags('team/web')).toEqual(['1'])
      expect(await tags()).toEqual(['1'])
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatch(
        /The login from "the test" for "127\.0\.0\.1:\d+" was turned down/,
      )
      expect(warnings[0]).toMatch(/answered 401.*Run .*podman login 127.*or log out there/)
      expect(warnings[0]).not.toContain(expired.password)
      expect([await credential(), await credential('team/web')]).toEqual(['anonymous', 'anonymous'])
    })

    it(`is not shown to a ${kind} registry again for ten minutes, by no repository`, async () => {
      const { tags, shown, pass, warnings } = await start(open, ['team/app', 'team/web'])
      lab.faults.add({
        path: /tags/,
        answer: { status: 401, headers: challengeOf(kind) },
      })
      await tags()
      // Once for what is wanted, once to see whether it counts at all.
      expect(shown()).toBe(2)
      await tags('team/web')
      pass(10 * minutes - 1)
      expect(await tags()).toEqual(['1'])
      expect(shown()).toBe(2)
      pass(1)
      expect(await tags()).toEqual(['1'])
      expect(shown()).toBe(4)
      expect(warnings).toHaveLength(1)
    })

    it(`is no way into a private image of a ${kind} registry, and both remedies are told`, async () => {
      const { tags, shown, credential, kept } = await start({ kind }, ['team/app'])
      for (const _ of [1, 2]) {
        const error = await failure(tags())
        expect(error.code).toBe('unauthorized')
        expect(error.message).toMatch(
          /^Cannot list the tags of "127.*" with the login from "the test": .* answered 401; without a login: .*answered 401$/,
        )
        expect(error.remedy).toMatch(
          /podman login 127.*, or log out there where the image is public/,
        )
        expect(JSON.stringify(error) + String(error.stack)).not.toContain(expired.password)
      }
      expect(shown()).toBe(2)
      // The engine tells the same by the same login.
      expect(await credential()).toEqual(expired)
      kept.login = good
      expect(await tags()).toEqual(['1'])
      expect(await credential()).toEqual(good)
    })
  }

  it('is shown twice for twenty public repositories, not twenty times', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `team/app-${index}`)
    const { tags, shown, pass } = await start({ kind: 'bearer', anonymous: 'pull' }, names)
    const all = () => Promise.all(names.map((one) => tags(one)))
    expect(await all()).toEqual(names.map(() => ['1']))
    expect(shown()).toBe(2)
    lab.forget()
    pass(5 * minutes)
    await all()
    expect(lab.log()).toHaveLength(1 + 20)
    expect(shown()).toBe(0)
  })

  it('is looked for anew once, and the newer one is used without a word', async () => {
    const { tags, kept, warnings } = await start({ kind: 'bearer' }, ['team/app'])
    kept.next = good
    expect(await tags()).toEqual(['1'])
    expect([kept.forgotten, warnings.length]).toEqual([1, 0])
  })

  it('is looked for anew, too, where its token opens nothing', async () => {
    const { tags, kept } = await start({ kind: 'bearer' }, ['team/app'])
    kept.login = good
    lab.faults.add({
      path: /tags/,
      answer: { status: 401, headers: challengeOf('bearer') },
      times: 2,
    })
    expect(await failure(tags())).toMatchObject({ code: 'unauthorized' })
    expect(kept.forgotten).toBe(1)
  })

  it('leaves nobody at a token server that denies strangers: the next question begins at the registry', async () => {
    const { tags, kept, pass } = await start({ kind: 'bearer', anonymous: 'pull', expiresIn: 1 }, [
      'team/app',
    ])
    kept.login = null
    await tags()
    pass(5_000)
    lab.faults.add({ path: /^\/token/, answer: { status: 403 } })
    expect(await failure(tags())).toMatchObject({ code: 'unauthorized' })
    lab.forget()
    expect(await tags()).toEqual(['1'])
    expect(lab.log()[0]).toMatchObject({ status: 401, authorization: 'none' })
  })

  it('is not looked for again and again where every newer one is turned down, too', async () => {
    const { registry, kept } = await start({ kind: 'bearer' }, ['team/app'])
    let count = 0
    Object.defineProperty(kept, 'login', {
      get: () => ({ username: 'octo', password: `one-time-${(count += 1)}` }),
      set() {
        // There is a newer one at every look.
      },
    })
    const app = { registry: lab.host, repository: 'team/app' }
    const error = await failure(registry.tags(app, AbortSignal.timeout(5000)))
    expect(error.code).toBe('unauthorized')
    expect(kept.forgotten).toBe(1)
    expect(lab.log().length).toBeLessThan(10)
  })
})

describe('a login that counts, but not for one repository', () => {
  const { signal } = new AbortController()

  beforeEach(async () => {
    lab = await startRegistry()
  })

  it('is used for all others', async () => {
    const { registry, warnings } = scripted()
    expect(await registry.tags(name('team/app'), signal)).toEqual(['1'])
    expect(await registry.tags(name('team/other'), signal)).toEqual(['1'])
    expect(await registry.tags(name('team/app'), signal)).toEqual(['1'])
    expect(await registry.tags(name('team/web'), signal)).toEqual(['1'])
    expect(await registry.credential(name('team/app'), signal)).toEqual(good)
    expect(await registry.credential(name('team/other'), signal)).toBe('anonymous')
    expect(warnings).toHaveLength(1)
  })

  it('is left out of account for a while only where the image is public', async () => {
    const { registry, http: via } = scripted()
    await registry.tags(name('team/other'), signal)
    const before = via.sent().length
    await registry.tags(name('team/other'), signal)
    expect(via.sent()).toHaveLength(before + 1)
  })

  for (const toNothing of [200, 400] as const) {
    it(`is asked about once, and counts where a question for nothing is answered by ${toNothing}`, async () => {
      const { registry, http: via } = scripted(toNothing)
      for (const repository of ['team/other', 'team/other/web']) {
        await registry.tags(name(repository), signal)
      }
      expect(await registry.tags(name('team/app'), signal)).toEqual(['1'])
      expect(await registry.credential(name('team/app'), signal)).toEqual(good)
      const paths = via.sent().map(({ target }) => target.path)
      expect(paths.filter((path) => path === '/token?service=s')).toHaveLength(1)
    })
  }

  it('makes no missing image of one that strangers do not see', async () => {
    const { registry, kept, warnings } = scripted()
    kept.login = expired
    for (const _ of [1, 2]) {
      expect(await failure(registry.tags(name('team/app'), signal))).toMatchObject({
        code: 'unauthorized',
        message: expect.stringMatching(/answered 403; without a login: the registry answered 404$/),
      })
    }
    expect(warnings).toEqual([])
    expect(await registry.tags(name('team/other'), signal)).toEqual(['1'])
    const missing = await failure(registry.digest(name('team/other'), 'missing', signal))
    expect(missing.code).toBe('not-found')
  })
})

/** `team/other` is public, and no token is had for it by login; nothing else is public, and to strangers nothing else is there. */
function scripted(toNothing: 200 | 400 = 200) {
  const origin = 'https://registry.lan'
  const loginOfGood = Buffer.from(`${good.username}:${good.password}`).toString('base64')
  const via = createScriptedHttp({
    [origin]: ({ target, headers = {} }) => {
      const url = new URL(target.path, origin)
      const { authorization } = headers
      if (url.pathname === '/token') {
        const scopes = url.searchParams.getAll('scope').join()
        if (scopes === '' && toNothing === 400) return { status: 400 }
        if (authorization === undefined) return { body: `{"token":"nobody:${scopes}"}` }
        const isGood = authorization === `Basic ${loginOfGood}` && !scopes.includes('team/other')
        return isGood ? { body: `{"token":"octo:${scopes}"}` } : { status: 403 }
      }
      if (authorization === undefined) {
        const challenge = `Bearer realm="${origin}/token",service="s"`
        return { status: 401, headers: { 'www-authenticate': challenge } }
      }
      const isMissing = url.pathname.endsWith('/missing')
      const isSeen = authorization.includes('octo:') || url.pathname.includes('team/other')
      return isSeen && !isMissing ? { body: '{"tags":["1"]}' } : { status: 404 }
    },
  })
  const at = over(via, () => 0)
  at.kept.login = good
  return { ...at, http: via }
}

function name(repository: string) {
  return { registry: 'registry.lan', repository }
}

function challengeOf(kind: 'bearer' | 'basic') {
  const bearer = `Bearer realm="${lab.url.origin}/token",service="lab"`
  return { 'www-authenticate': kind === 'basic' ? 'Basic realm="lab"' : bearer }
}
