import { createHmac } from 'node:crypto'

export const SECRET = "It's a Secret to Everybody"

export interface SignedRequestOptions {
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly secret?: string
  readonly event?: string
  /** Replace the headers that a true delivery has; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>
}

export function sign(body: string | Uint8Array, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** Headers of a delivery as GitHub sends it. */
export function signedHeaders({
  body = '{}',
  secret = SECRET,
  event = 'push',
  headers = {},
}: SignedRequestOptions): Record<string, string> {
  const all: Record<string, string | null> = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'GitHub-Hookshot/0',
    'x-github-event': event,
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-hub-signature-256': sign(body, secret),
    ...headers,
  }
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  )
}

/** A delivery without a socket. */
export function signedRequest(options: SignedRequestOptions = {}): Request {
  const { body = '{}' } = options
  return new Request('http://magos.test/webhooks/github', {
    method: 'POST',
    body,
    headers: signedHeaders(options),
  })
}

export const PUSH = JSON.stringify({
  ref: 'refs/heads/main',
  repository: { full_name: 'o/r' },
  head_commit: { message: 'grüße' },
})
