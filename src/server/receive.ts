import { hash } from 'node:crypto'
import { asMagosError } from '../domain/error.ts'
import { readDelivery } from '../domain/webhook.ts'
import type { Log } from '../ports.ts'
import type { EdgeContext } from './context.ts'
import { readBody } from './read-body.ts'
import { isSignature, verifySignature } from './verify-signature.ts'

/** What a delivery is answered with. */
export interface Reply {
  readonly status: 200 | 202 | 400 | 401 | 404 | 413 | 415 | 503
  readonly body:
    | { readonly status: 'accepted'; readonly id: number }
    | { readonly status: 'pong' }
    | { readonly status: 'ignored' | 'refused'; readonly reason: string }
  /** Seconds. */
  readonly retryAfter?: number
}

const BODY_LIMIT = 5_000_000
/** Seconds until GitHub, or whoever redelivers, should come again. */
const RETRY_AFTER = 5

/**
 * One webhook delivery: verified, stored as a hint, then answered. What the headers tell is judged before the body is
 * read, the signature before the body is understood, and the answer leaves after the hint is on disk.
 */
export async function receive(request: Request, context: EdgeContext): Promise<Reply> {
  const { secrets, bodyLimit = BODY_LIMIT } = context
  const delivery = nameOf(request.headers.get('x-github-delivery'))
  const log = context.log.child({ delivery })
  const headers = readHeaders(request.headers, secrets)
  if ('status' in headers) return refuse(log, headers)
  const body = await readBody(request, bodyLimit)
  if (body.outcome === 'too-large') {
    return refuse(log, refused(413, `the body is over the limit of ${bodyLimit} bytes`))
  }
  if (body.outcome === 'broken') return refuse(log, refused(400, 'the body broke off'))
  // Decoding drops a byte order mark and replaces what is no UTF-8, so such a body fails its signature.
  const text = new TextDecoder().decode(body.bytes)
  if (!(await verifySignature(secrets, text, headers.signature))) {
    return refuse(log, refused(401, 'the signature does not fit the body and the webhook secret'))
  }
  const payload = parseObject(text)
  if (payload === null) return refuse(log, refused(400, 'the body is no JSON object'))
  const { event } = headers
  const digest = hash('sha256', body.bytes)
  const hint = readDelivery(
    { event, delivery: headers.delivery, body: digest, payload },
    { repository: context.repository, branch: context.branch() },
  )
  if (hint.outcome === 'pong') {
    log.info({}, 'Ping answered')
    return { status: 200, body: { status: 'pong' } }
  }
  if (hint.outcome === 'ignored') {
    log.info({ event: nameOf(event) }, `Delivery ignored: ${hint.reason}`)
    return { status: 202, body: { status: 'ignored', reason: hint.reason } }
  }
  try {
    const id = await context.inbox.accept(hint.event, hint.origin)
    log.info({ ...hint.origin, id }, 'Delivery accepted')
    return { status: 202, body: { status: 'accepted', id } }
  } catch (thrown) {
    return notStored(log, thrown)
  }
}

interface Headers {
  readonly signature: string
  readonly event: string
  readonly delivery: string
}

function readHeaders(headers: Request['headers'], secrets: readonly string[]): Headers | Reply {
  if (secrets.length === 0) {
    return refused(404, 'webhooks are off: no webhook secret is configured, Magos polls')
  }
  const signature = headers.get('x-hub-signature-256')
  if (signature === null) return refused(401, 'there is no X-Hub-Signature-256 header')
  if (!isSignature(signature)) return refused(401, 'the X-Hub-Signature-256 header is no signature')
  const event = headers.get('x-github-event')
  const delivery = headers.get('x-github-delivery')
  if (event === null || event === '') return refused(400, 'there is no X-GitHub-Event header')
  if (delivery === null || delivery === '') {
    return refused(400, 'there is no X-GitHub-Delivery header')
  }
  const type = headers.get('content-type') ?? ''
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    return refused(415, "the content type is not application/json: change it in the webhook's form")
  }
  return { signature, event, delivery }
}

function refused(status: Reply['status'], reason: string): Reply {
  return { status, body: { status: 'refused', reason } }
}

function refuse(log: Log, reply: Reply): Reply {
  const reason = 'reason' in reply.body ? reply.body.reason : ''
  log.warn({ status: reply.status }, `Delivery refused: ${reason}`)
  return reply
}

/** The sender learns that it was not stored, the log learns why. */
function notStored(log: Log, thrown: unknown): Reply {
  const { code, message, remedy } = asMagosError(thrown)
  log.error({ code, remedy }, `Delivery not stored: ${message}`)
  const reason =
    code === 'busy' ? 'too many deliveries at one time' : 'the delivery cannot be stored now'
  return { ...refused(503, reason), retryAfter: RETRY_AFTER }
}

/** A name from an unsigned header, fit for a log line. */
function nameOf(header: string | null): string {
  return (header ?? '').slice(0, 64).replace(/[^\w.:-]/g, '')
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
