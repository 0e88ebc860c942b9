import { hash, timingSafeEqual } from 'node:crypto'
import { isRegistryKind, readNotification } from '../domain/registry-notification.ts'
import { parsePayload } from '../domain/webhook.ts'
import type { EdgeContext } from './context.ts'
import { readBody } from './read-body.ts'
import { answer, refused, type Reply } from './reply.ts'
import type { VerifySignature } from './verify-signature.ts'

/** What the route says: whose notification, and the secret where it stands in the address. */
export interface NotificationRoute {
  readonly kind: string
  readonly secret: string | null
}

const BODY_LIMIT = 5_000_000

/**
 * One registry's notification: its secret is judged before its body is read, its hint stored before it is answered. Docker Hub and
 * Quay sign nothing and set no header, so that the secret may stand in the address.
 */
export async function receiveNotification(
  verify: VerifySignature,
  request: Request,
  route: NotificationRoute,
  context: EdgeContext,
): Promise<Reply> {
  const reply = await received(verify, request, route, context)
  if (reply.body.status === 'refused') {
    const kind = isRegistryKind(route.kind) ? route.kind : 'unknown'
    const fields = { registry: kind, status: reply.status }
    context.log.warn(fields, `Registry notification refused: ${reply.body.reason}`)
  }
  return reply
}

async function received(
  verify: VerifySignature,
  request: Request,
  { kind, secret }: NotificationRoute,
  context: EdgeContext,
): Promise<Reply> {
  const { registrySecrets = [], bodyLimit = BODY_LIMIT } = context
  if (registrySecrets.length === 0 || !isRegistryKind(kind)) return nothingHere()
  // As if there were nothing: whoever guesses shall not even learn that.
  if (secret !== null && !isOneOf(registrySecrets, secret)) return nothingHere()
  const signature = secret === null ? signatureOf(request.headers, registrySecrets) : null
  if (typeof signature === 'object' && signature !== null) return signature
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) {
    return refused(415, 'the content type is no JSON: change it where the webhook is set up')
  }
  const body = await readBody(request, bodyLimit)
  if (body.outcome === 'too-large') {
    return refused(413, `the body is over the limit of ${bodyLimit} bytes`)
  }
  if (body.outcome === 'broken') return refused(400, 'the body broke off')
  if (signature !== null && !(await verify(registrySecrets, body.text, signature))) {
    return refused(401, 'the signature does not fit the body and the secret of registry webhooks')
  }
  const payload = parsePayload(kind, body.text)
  if (payload === null) return refused(400, 'the body is no JSON object')
  const hint = readNotification({ kind, body: hash('sha256', body.text), payload })
  return answer(hint, { registry: kind }, context)
}

/** null: the Authorization header has the secret. Text: the body has to be signed so, as Gitea and Forgejo do. */
function signatureOf(
  headers: Request['headers'],
  secrets: readonly string[],
): string | null | Reply {
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const told = authorization.replace(/^Bearer\s+/i, '')
    if (isOneOf(secrets, told)) return null
    return refused(401, 'the Authorization header is not the secret of registry webhooks')
  }
  const signature = headers.get('x-forgejo-signature') ?? headers.get('x-gitea-signature')
  if (signature === null) {
    return refused(401, 'there is neither an Authorization header nor a signature')
  }
  return `sha256=${signature}`
}

/** In constant time: hashes are equally long, and all are looked at. */
function isOneOf(secrets: readonly string[], text: string): boolean {
  const told = hash('sha256', text, 'buffer')
  let isFound = false
  for (const secret of secrets) {
    const isThis = timingSafeEqual(hash('sha256', secret, 'buffer'), told)
    isFound = isFound || (isThis && secret !== '')
  }
  return isFound
}

function nothingHere(): Reply {
  return refused(404, 'there is nothing here')
}
