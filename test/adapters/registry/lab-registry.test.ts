import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ImageOptions, makeImage } from '../../lab/registry/image.ts'
import { deleteImage, pushImage, pushMade } from '../../lab/registry/push.ts'
import { type LabRegistry, startRegistry } from '../../lab/registry/registry.ts'
import { digestOf } from '../../lab/registry/store.ts'

const everything = { accept: '*/*' }
const index = 'application/vnd.oci.image.index.v1+json'

let lab: LabRegistry
beforeEach(async () => {
  lab = await startRegistry()
})
afterEach(async () => {
  await lab.close()
})

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(new URL(path, lab.url), init)
}

function putManifest(reference: string, body: string) {
  return call(`/v2/a/manifests/${reference}`, { method: 'PUT', body })
}

function getManifest(headers: Record<string, string>) {
  return call('/v2/a/manifests/1', { headers })
}

function digestFor(options: ImageOptions) {
  return makeImage(options).root.digest
}

describe('startRegistry()', () => {
  it('takes a blob in chunks, in one piece, and by mounting', async () => {
    const digest = digestOf(Buffer.from('hello world'))
    const begun = await call('/v2/a/blobs/uploads/', { method: 'POST' })
    const location = begun.headers.get('location') ?? ''
    expect(begun.status).toBe(202)
    const first = await call(location, { method: 'PATCH', body: 'hello ' })
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-5'])
    const done = await call(`${location}?digest=${digest}`, { method: 'PUT', body: 'world' })
    expect(done.status).toBe(201)
    expect(await (await call(`/v2/a/blobs/${digest}`)).text()).toBe('hello world')

    const mounted = await call(`/v2/b/blobs/uploads/?mount=${digest}&from=a`, { method: 'POST' })
    expect(mounted.status).toBe(201)
    const other = digestOf(Buffer.from('x'))
    const single = `/v2/b/blobs/uploads/?digest=${other}`
    expect((await call(single, { method: 'POST', body: 'x' })).status).toBe(201)
    expect((await call(single, { method: 'POST', body: 'y' })).status).toBe(400)
  })

  it('refuses manifests that are none, lack blobs, or belie their digest', async () => {
    expect((await putManifest('1', 'nonsense')).status).toBe(400)
    expect(
      (await putManifest('1', `{"config":{"digest":"${digestOf(Buffer.from('?'))}"}}`)).status,
    ).toBe(400)
    expect((await putManifest(digestOf(Buffer.from('?')), '{}')).status).toBe(400)
  })

  it('shows a manifest only to who accepts its type, and once unchanged not again', async () => {
    const digest = await pushImage(lab, 'a', '1', { index: 'always' })
    expect(
      (await getManifest({ accept: 'application/vnd.oci.image.manifest.v1+json' })).status,
    ).toBe(404)
    const found = await getManifest({ accept: `text/plain, ${index};q=0.5` })
    expect(found.headers.get('content-type')).toBe(index)
    expect(found.headers.get('docker-content-digest')).toBe(digest)
    expect(digestOf(Buffer.from(await found.arrayBuffer()))).toBe(digest)
    const again = await getManifest({ ...everything, 'if-none-match': `"${digest}"` })
    expect(again.status).toBe(304)
  })

  it('lists what refers to an image, by type of artifact', async () => {
    const digest = await pushImage(lab, 'a', '1')
    const subject = { mediaType: index, digest, size: 1 }
    const body = JSON.stringify({ schemaVersion: 2, artifactType: 'text/x-sig', subject })
    const put = await call('/v2/a/manifests/sig', { method: 'PUT', body })
    expect(put.headers.get('oci-subject')).toBe(digest)
    const list = async (query: string) => {
      const answer = await call(`/v2/a/referrers/${digest}${query}`)
      expect(answer.headers.get('content-type')).toBe(index)
      return answer.json()
    }
    const expected = { artifactType: 'text/x-sig', digest: digestOf(Buffer.from(body)) }
    expect(await list('')).toMatchObject({ manifests: [expected] })
    expect(await list('?artifactType=text/x-sig')).toMatchObject({ manifests: [expected] })
    expect(await list('?artifactType=other')).toMatchObject({ manifests: [] })
  })

  it('removes an image with every tag on it', async () => {
    const image = makeImage({ version: '1' })
    await pushMade(lab, 'a', ['1', 'one'], image)
    await pushImage(lab, 'a', '2', { version: '2' })
    await deleteImage(lab, 'a', image.root.digest)
    expect(await (await call('/v2/a/tags/list')).json()).toEqual({ name: 'a', tags: ['2'] })
    expect((await call('/v2/a/manifests/one', { headers: everything })).status).toBe(404)
  })

  it('cuts pages by n, last and its own limit', async () => {
    await lab.close()
    lab = await startRegistry({ pageSize: 2 })
    await pushMade(lab, 'a', ['3', '1', '2', '4', '5'], makeImage())
    const pages: unknown[] = []
    let path: string | undefined = '/v2/a/tags/list?n=9'
    while (path !== undefined) {
      const answer = await call(path)
      pages.push(await answer.json())
      path = /<(.+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    expect(pages).toMatchObject([{ tags: ['1', '2'] }, { tags: ['3', '4'] }, { tags: ['5'] }])
    expect(await (await call('/v2/a/tags/list?n=1&last=4')).json()).toMatchObject({ tags: ['5'] })
  })

  it('gives a token no more rights than asked and allowed, and forgets it in time', async () => {
    await lab.close()
    let now = 0
    const users = { lab: 'secret' }
    lab = await startRegistry({
      kind: 'bearer',
      users,
      anonymous: 'pull',
      expiresIn: 10,
      now: () => now,
    })
    await pushImage({ url: lab.url, login: { username: 'lab', password: 'secret' } }, 'a', '1')
    const bearer = async (query: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization }
      const answer = await call(`/token?${query}`, { headers })
      const [, token = ''] = /"token":"([^"]+)"/.exec(await answer.text()) ?? []
      return { headers: { authorization: `Bearer ${token}` } }
    }
    const anonymous = await bearer('scope=repository:a:pull,push')
    expect((await call('/v2/a/tags/list', anonymous)).status).toBe(200)
    expect((await call('/v2/b/tags/list', anonymous)).status).toBe(401)
    const push = await call('/v2/a/blobs/uploads/', { ...anonymous, method: 'POST' })
    expect(push.headers.get('www-authenticate')).toContain('insufficient_scope')
    const user = await bearer('scope=repository:a:push', `Basic ${btoa('lab:secret')}`)
    expect((await call('/v2/a/blobs/uploads/', { ...user, method: 'POST' })).status).toBe(202)
    const wrong = { headers: { authorization: `Basic ${btoa('lab:wrong')}` } }
    expect((await call('/token', wrong)).status).toBe(401)
    now = 10_000
    expect((await call('/v2/a/tags/list', anonymous)).status).toBe(401)
  })

  it('counts and names requests, and does what its faults say', async () => {
    lab.faults.add({ path: /tags/, times: 2, answer: { status: 500 } })
    lab.faults.add({ method: /GET/, cut: 'reset' })
    expect((await call('/v2/a/tags/list')).status).toBe(500)
    expect((await call('/v2/a/tags/list')).status).toBe(500)
    await expect(call('/v2/a/tags/list')).rejects.toThrow('fetch failed')
    const headers = { 'user-agent': 'me', authorization: 'Basic x' }
    expect((await call('/v2/a/tags/list?n=1', { headers })).status).toBe(404)
    expect(lab.log().map(({ status }) => status)).toEqual([500, 500, 0, 404])
    expect(lab.log().at(-1)).toEqual({
      method: 'GET',
      path: '/v2/a/tags/list?n=1',
      status: 404,
      authorization: 'basic',
      userAgent: 'me',
    })
    expect(lab.bytes()).toBeGreaterThan(0)
    lab.forget()
    expect([lab.log(), lab.bytes()]).toEqual([[], 0])
  })
})

describe('makeImage()', () => {
  it('makes the same digests of the same options, and others of others', () => {
    const platforms = ['linux/amd64', 'linux/arm64/v8']
    expect(digestFor({ platforms })).toBe(digestFor({ platforms }))
    const variants = [
      { platforms },
      { platforms: ['linux/amd64'] },
      { platforms: ['linux/arm64'] },
      { platforms: ['linux/amd64'], index: 'always' },
      { platforms: ['linux/amd64'], version: '2' },
      { platforms: ['linux/amd64'], format: 'docker' },
      { platforms: ['linux/amd64'], config: { Cmd: ['/x'] } },
      { platforms: ['linux/amd64'], annotations: { a: 'b' } },
      { platforms: ['linux/amd64'], files: { a: { content: 'b' } } },
    ] as const
    expect(new Set(variants.map(digestFor)).size).toBe(variants.length)
  })
})
