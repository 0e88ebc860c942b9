import { hash } from 'node:crypto'
import { parsePayload, readDelivery } from '../domain/webhook.ts'
import type { EdgeContext } from './context.ts'
import { readBody } from './read-body.ts'
import { answer, refused, type Reply } from './reply.ts'
import { isSignature, type VerifySignature } from './verify-signature.ts'

const BODY_LIMIT = 5_000_000

/**
 * One webhook delivery: verified, stored as a hint, then answered. What the headers tell is judged before the body is
 * read, the signature before the body is understood, and the answer leaves after the hint is on disk.
 */
export async function receive(
  verify: VerifySignature,
  request: Request,
  context: EdgeContext,
): Promise<Reply> {
  const headers = readHeaders(request.headers, context.secrets)
  if ('status' in headers) return refuse(context, request, headers)
  const text = await readVerified(verify, request, context, headers.signature)
  if (typeof text !== 'string') return refuse(context, request, text)
  const { event, delivery } = headers
  const payload = parsePayload(event, text)
  if (payload === null) return refuse(context, request, refused(400, 'the body is no JSON object'))
  const hint = readDelivery(
    { event, delivery, body: hash('sha256', text), payload },
    { repository: context.repository, branch: context.branch() },
  )
  return answer(hint, { delivery: nameOf(delivery), event: nameOf(event) }, context)
}

/** The body's text, once its signature holds. */
async function readVerified(
  verify: VerifySignature,
  request: Request,
  { secrets, bodyLimit = BODY_LIMIT }: EdgeContext,
  signature: string,
): Promise<string | Reply> {
  const body = await readBody(request, bodyLimit)
  if (body.outcome === 'too-large') {
    return refused(413, `the body is over the limit of ${bodyLimit} bytes`)
  }
  if (body.outcome === 'broken') return refused(400, 'the body broke off')
  if (await verify(secrets, body.text, signature)) return body.text
  return refused(401, 'the signature does not fit the body and the webhook secret')
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

function refuse({ log }: EdgeContext, { headers }: Request, reply: Reply): Reply {
  const reason = 'reason' in reply.body ? reply.body.reason : ''
  const delivery = nameOf(headers.get('x-github-delivery') ?? '')
  log.warn({ delivery, status: reply.status }, `Delivery refused: ${reason}`)
  return reply
}

/** A name from an unsigned header, fit for a log line. */
function nameOf(header: string): string {
  return header.slice(0, 64).replace(/[^\w.:-]/g, '')
}
