/** A registry that counts, in a process of its own: `node registry-server.ts`. Prints its port. Nothing in it depends on who asks. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'

const TAGS = 50
const MANY = 10_000
const TOKEN = 'bench'

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
const INDEX = JSON.stringify({
  schemaVersion: 2,
  mediaType: INDEX_TYPE,
  manifests: [
    {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'1'.repeat(64)}`,
      size: 500,
      platform: { os: 'linux', architecture: 'amd64' },
    },
  ],
})
const DIGEST = `sha256:${createHash('sha256').update(INDEX).digest('hex')}`

let requests = 0
let bytes = 0
/** The one repository with many tags; -1 for none. */
let large = -1
/** The one repository with a newer tag; -1 for none. */
let changed = -1
const pages = new Map<string, { readonly body: Buffer; readonly next: string | null }>()

function pageOf(index: number, last: number, size: number) {
  const key = `${index === large ? 'large' : index === changed ? 'changed' : 'plain'} ${last} ${size}`
  const known = pages.get(key)
  if (known !== undefined) return known
  const total = index === large ? MANY : index === changed ? TAGS + 1 : TAGS
  const end = Math.min(total, last + 1 + size)
  const tags = Array.from({ length: end - last - 1 }, (_, one) => `1.0.${last + 1 + one}`)
  const body = Buffer.from(JSON.stringify({ name: 'bench/app', tags }))
  const next = end < total ? `last=${end - 1}&n=${size}` : null
  const page = { body, next }
  pages.set(key, page)
  return page
}

function send(
  response: ServerResponse,
  status: number,
  body: Buffer | string = '',
  headers: Readonly<Record<string, string>> = {},
) {
  const length = Buffer.byteLength(body)
  bytes += length
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': String(length),
    'docker-distribution-api-version': 'registry/2.0',
    ...headers,
  })
  response.end(body)
}

function control(response: ServerResponse, query: URLSearchParams): void {
  const told = { requests, bytes }
  large = Number(query.get('large') ?? large)
  changed = Number(query.get('changed') ?? changed)
  requests = 0
  bytes = 0
  send(response, 200, JSON.stringify(told))
  bytes = 0
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://bench')
  if (pathname === '/bench') return control(response, searchParams)
  requests += 1
  if (pathname === '/token') {
    return send(response, 200, JSON.stringify({ token: TOKEN, expires_in: 3600 }))
  }
  const [, number = '', rest = ''] = /^\/v2\/bench\/app-(\d+)\/(.*)$/.exec(pathname) ?? []
  if (request.headers.authorization !== `Bearer ${TOKEN}`) {
    const challenge = `Bearer realm="http://${request.headers.host}/token",service="bench",scope="repository:bench/app-${number}:pull"`
    return send(response, 401, '', { 'www-authenticate': challenge })
  }
  if (rest.startsWith('manifests/')) {
    const body = request.method === 'HEAD' ? '' : INDEX
    return send(response, 200, body, {
      'content-type': INDEX_TYPE,
      'docker-content-digest': DIGEST,
    })
  }
  const page = pageOf(
    Number(number),
    Number(searchParams.get('last') ?? -1),
    Number(searchParams.get('n') ?? MANY),
  )
  const link = `</v2/bench/app-${number}/tags/list?${page.next}>; rel="next"`
  send(response, 200, page.body, page.next === null ? {} : { link })
})

server.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
process.on('SIGTERM', () => process.exit(0))
console.log(typeof address === 'object' && address !== null ? address.port : 0)
