import { request } from 'undici'
import type { Digest } from '../../../src/domain/image-reference.ts'
import type { Blob, Image, ImageOptions, Manifest } from './image.ts'
import { makeImage } from './image.ts'

/** Any registry on loopback that takes images: the lab's own, or docker-registry. */
export interface PushTarget {
  readonly url: URL
  readonly login?: { readonly username: string; readonly password: string }
}

/** Makes an image and pushes it under a tag; returns the digest that the tag names now. */
export async function pushImage(
  target: PushTarget,
  repository: string,
  tag: string,
  options: ImageOptions = {},
): Promise<Digest> {
  const image = makeImage(options)
  await pushMade(target, repository, [tag], image)
  return image.root.digest
}

/** Pushes one image under several tags, whatever of it is there already. */
export async function pushMade(
  target: PushTarget,
  repository: string,
  tags: readonly string[],
  { blobs, children, root }: Image,
): Promise<void> {
  const authorization = await authorise(target, repository)
  const send = (method: Method, path: string, body?: Uint8Array, type?: string) =>
    call(new URL(path, target.url), method, authorization, body, type)
  // Images for several platforms may share layers.
  const distinct = new Map(blobs.map((blob) => [blob.digest, blob]))
  await Promise.all([...distinct.values()].map((blob) => pushBlob(send, repository, blob)))
  for (const child of children) await putManifest(send, repository, child.digest, child)
  for (const tag of tags) await putManifest(send, repository, tag, root)
}

/** Removes the manifest with that digest, and with it every tag on it. */
export async function deleteImage(
  target: PushTarget,
  repository: string,
  digest: string,
): Promise<void> {
  const authorization = await authorise(target, repository)
  const url = new URL(`/v2/${repository}/manifests/${digest}`, target.url)
  const { status } = await call(url, 'DELETE', authorization)
  if (status !== 202) throw new Error(`DELETE ${url.href}: ${status}`)
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'

interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

type Send = (method: Method, path: string, body?: Uint8Array, type?: string) => Promise<Received>

async function call(
  url: URL,
  method: Method,
  authorization: string | null,
  body?: Uint8Array,
  type?: string,
): Promise<Received> {
  const response = await request(url, {
    method,
    headers: {
      ...(authorization === null ? {} : { authorization }),
      ...(type === undefined ? {} : { 'content-type': type }),
    },
    body: body ?? null,
  })
  return {
    status: response.statusCode,
    headers: response.headers,
    text: await response.body.text(),
  }
}

async function pushBlob(send: Send, repository: string, { digest, bytes }: Blob): Promise<void> {
  const known = await send('HEAD', `/v2/${repository}/blobs/${digest}`)
  if (known.status === 200) return
  const begun = await send('POST', `/v2/${repository}/blobs/uploads/`)
  const { location } = begun.headers
  if (begun.status !== 202 || typeof location !== 'string') throw failure('begin an upload', begun)
  const target = location + (location.includes('?') ? '&' : '?') + `digest=${digest}`
  const done = await send('PUT', target, bytes, 'application/octet-stream')
  if (done.status !== 201) throw failure(`push ${digest}`, done)
}

async function putManifest(
  send: Send,
  repository: string,
  reference: string,
  { bytes, mediaType }: Manifest,
): Promise<void> {
  const put = await send('PUT', `/v2/${repository}/manifests/${reference}`, bytes, mediaType)
  if (put.status !== 201) throw failure(`push ${repository}:${reference}`, put)
}

async function authorise({ url, login }: PushTarget, repository: string): Promise<string | null> {
  const basic =
    login === undefined
      ? null
      : `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
  const probe = await call(new URL('/v2/', url), 'GET', null)
  const challenge = probe.headers['www-authenticate']
  if (probe.status !== 401 || typeof challenge !== 'string') return basic
  const [, realm] = /Bearer realm="([^"]+)"/.exec(challenge) ?? []
  if (realm === undefined) return basic
  const tokenUrl = new URL(realm)
  tokenUrl.searchParams.set('scope', `repository:${repository}:pull,push,delete`)
  const answer = await call(tokenUrl, 'GET', basic)
  const document: unknown = JSON.parse(answer.text)
  const isObject = typeof document === 'object' && document !== null
  if (!isObject || !('token' in document)) throw failure('get a token', answer)
  return `Bearer ${String(document.token)}`
}

function failure(action: string, { status, text }: Received): Error {
  return new Error(`Cannot ${action}: ${status} ${text.slice(0, 200)}`)
}
