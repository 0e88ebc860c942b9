import { createHmac } from 'node:crypto'

/** A signed delivery as it goes over the wire. */
export interface Delivery {
  readonly event: string
  readonly request: Buffer
}

/** Bytes of each body. */
export const BODY = 25_000
const COUNT = 256

/** Pushes to the watched branch and images published, by turns; each is a hint that has to be stored. */
export function makeDeliveries(secret: string): readonly Delivery[] {
  return Array.from({ length: COUNT }, (_, index) => {
    const [event, payload] =
      index % 2 === 0
        ? (['push', push(index)] as const)
        : (['registry_package', image(index)] as const)
    return { event, request: makeRequest(secret, event, payload, index) }
  })
}

type Payload = (filling: string) => unknown

const API = 'https://api.github.com/repos/octo/homelab'
const LINKS = ['forks', 'keys', 'hooks', 'events', 'branches', 'tags', 'commits', 'merges']
const REPOSITORY = {
  id: 1,
  name: 'homelab',
  full_name: 'octo/homelab',
  owner: { login: 'octo', url: 'https://api.github.com/users/octo' },
  ...Object.fromEntries(LINKS.map((name) => [`${name}_url`, `${API}/${name}{/id}`])),
}

/** Many commits, after what counts, as GitHub orders them. */
function push(index: number): Payload {
  const commit = {
    id: 'c'.repeat(40),
    message: 'Update the web stack to version 1.2.4 of its image',
    author: { name: 'Octo', email: 'octo@example.com', username: 'octo' },
    added: ['web/compose.yaml'],
    removed: [],
    modified: ['db/compose.yaml', 'README.md'],
  }
  return (filling) => ({
    ref: 'refs/heads/main',
    before: hexadecimal(index, 40),
    after: hexadecimal(index + 1, 40),
    repository: REPOSITORY,
    commits: Array.from({ length: 80 }, () => commit),
    filling,
  })
}

/** The manifest of a version lies within the member that counts, so all of it has to be read. */
function image(index: number): Payload {
  const layer = {
    digest: { algorithm: 'sha256', hex: 'd'.repeat(64) },
    media_type: 'application/vnd.oci.image.layer.v1.tar+gzip',
    size: 123_456,
  }
  return (filling) => ({
    action: 'published',
    registry_package: {
      id: index,
      name: 'web',
      namespace: 'octo',
      ecosystem: 'CONTAINER',
      package_type: 'CONTAINER',
      package_version: {
        id: index,
        version: `sha256:${hexadecimal(index, 64)}`,
        container_metadata: {
          tag: { name: `1.2.${index}` },
          manifest: { layers: Array.from({ length: 120 }, () => layer), filling },
        },
        package_url: `ghcr.io/octo/web:1.2.${index}`,
      },
    },
    repository: REPOSITORY,
  })
}

function makeRequest(secret: string, event: string, payload: Payload, index: number): Buffer {
  const missing = BODY - JSON.stringify(payload('')).length
  if (missing < 0) throw new Error(`A body of ${event} is larger than ${BODY} bytes`)
  const body = Buffer.from(JSON.stringify(payload('x'.repeat(missing))))
  const head = [
    'POST /webhooks/github HTTP/1.1',
    'Host: 127.0.0.1',
    'User-Agent: GitHub-Hookshot/0',
    'Accept: */*',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `X-GitHub-Event: ${event}`,
    'X-GitHub-Hook-ID: 1',
    `X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-${hexadecimal(index, 12)}`,
    `X-Hub-Signature-256: sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

function hexadecimal(value: number, length: number): string {
  return value.toString(16).padStart(length, '0')
}
