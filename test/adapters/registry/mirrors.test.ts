import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Credentials } from '../../../src/adapters/registry/credentials.ts'
import { plainHttpRule } from '../../../src/adapters/registry/endpoint.ts'
import { overMirrors } from '../../../src/adapters/registry/mirrors.ts'
import { createRegistry } from '../../../src/adapters/registry/registry.ts'
import type { MagosError } from '../../../src/domain/error.ts'
import { createHttp, type Http } from '../../../src/host/http.ts'
import type { Credential, Registry } from '../../../src/ports.ts'
import { pushImage } from '../../lab/registry/push.ts'
import { type LabRegistry, startRegistry } from '../../lab/registry/registry.ts'
import { loginOf, silentLog } from './fixtures.ts'

const logins = {
  origin: { username: 'origin-user', password: 'planted-origin' },
  mirror: { username: 'mirror-user', password: 'planted-mirror' },
}

const signal = () => AbortSignal.timeout(5000)
const protectedBy = ({ username, password }: Credential) => ({
  kind: 'basic' as const,
  users: { [username]: password },
})

describe('mirrors', () => {
  let http: Http
  let origin: LabRegistry
  let first: LabRegistry
  let second: LabRegistry
  let registry: Registry
  beforeEach(async () => {
    http = createHttp()
    origin = await startRegistry(protectedBy(logins.origin))
    first = await startRegistry(protectedBy(logins.mirror))
    second = await startRegistry()
    const credentials: Credentials = {
      async find({ registry: host }) {
        if (host === origin.host) return loginOf(logins.origin, host)
        return host === first.host ? loginOf(logins.mirror, host) : null
      },
      consulted: () => [],
      refused: () => undefined,
    }
    registry = createRegistry({
      http,
      credentials,
      plainHttp: plainHttpRule(),
      now: Date.now,
      log: silentLog,
      mirrors: { [origin.host]: [`${first.host}/proxy/hub`, second.host] },
    })
    await pushImage({ url: origin.url, login: logins.origin }, 'team/app', 'origin')
    origin.forget()
  })
  afterEach(async () => {
    await http.close()
    await Promise.all([origin, first, second].map((lab) => lab.close()))
  })

  const name = () => ({ registry: origin.host, repository: 'team/app' })
  const pushFirst = (tag: string) =>
    pushImage({ url: first.url, login: logins.mirror }, 'proxy/hub/team/app', tag)
  const pushSecond = (tag: string, version = '1') =>
    pushImage({ url: second.url }, 'team/app', tag, { version })

  it('tags() asks the first mirror, below its path and with its own login, and nobody else', async () => {
    await pushFirst('first')
    await pushSecond('second')
    second.forget()
    expect(await registry.tags(name(), signal())).toEqual(['first'])
    expect([origin.log(), second.log()]).toEqual([[], []])
    expect(first.log().at(-1)).toMatchObject({
      path: '/v2/proxy/hub/team/app/tags/list?n=1000',
      authorization: 'basic',
      status: 200,
    })
  })

  it('tags() goes on to the next mirror, then to the registry itself', async () => {
    await pushSecond('second')
    expect(await registry.tags(name(), signal())).toEqual(['second'])
    second.faults.add({ path: /tags/, answer: { status: 418 } })
    expect(await registry.tags(name(), signal())).toEqual(['origin'])
    await Promise.all([first.close(), second.close()])
    expect(await registry.tags(name(), signal())).toEqual(['origin'])
    first = await startRegistry()
    second = await startRegistry()
  })

  it('tags() and digest() say what the registry itself answered when nobody knows', async () => {
    const missing = { ...name(), repository: 'team/missing' }
    const error: MagosError = await registry.tags(missing, signal()).catch((thrown) => thrown)
    expect(error).toMatchObject({
      code: 'not-found',
      message: expect.stringContaining(`${origin.host}/team/missing`),
    })
  })

  it("digest() believes no mirror's word: what it sends is hashed, in one request", async () => {
    const digest = await pushSecond('1')
    second.forget()
    expect(await registry.digest(name(), '1', signal())).toBe(digest)
    expect(second.log().map(({ method }) => method)).toEqual(['GET'])
    const told = `sha256:${'0'.repeat(64)}`
    const answer = {
      status: 200,
      headers: { 'docker-content-digest': told },
      body: '{"schemaVersion":2}',
    }
    second.faults.add({ path: /manifests/, answer })
    const error: MagosError = await registry.digest(name(), '1', signal()).catch((e) => e)
    expect(error).toMatchObject({ code: 'not-found' })
    expect(origin.log().at(-1)).toMatchObject({ method: 'HEAD', path: '/v2/team/app/manifests/1' })
  })

  it('digest() takes no other content for a digest from a mirror', async () => {
    const wanted = await pushImage({ url: origin.url, login: logins.origin }, 'team/app', '2', {
      version: '2',
    })
    const answer = { status: 200, body: '{"schemaVersion":2}' }
    second.faults.add({ path: /manifests/, answer })
    expect(await registry.digest(name(), wanted, signal())).toBe(wanted)
    expect(origin.log().at(-1)).toMatchObject({ method: 'HEAD', status: 200 })
  })

  it('credential() is that of the registry itself, for the engine', async () => {
    expect(await registry.credential(name(), signal())).toEqual(logins.origin)
  })

  it('overMirrors() takes a broken part of Magos for no answer of a mirror', async () => {
    const broken = new TypeError('a fault of our own')
    const asking = overMirrors(
      { mirrors: { 'ghcr.io': ['mirror.example'] }, log: silentLog },
      { registry: 'ghcr.io', repository: 'o/app' },
      signal(),
      (_at, role) => (role === 'mirror' ? Promise.reject(broken) : Promise.resolve('origin')),
    )
    await expect(asking).rejects.toBe(broken)
  })

  it('tags() rejects with the reason of its signal instead of asking the next one', async () => {
    const reason = new Error('enough')
    await expect(registry.tags(name(), AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(origin.log()).toEqual([])
  })
})
