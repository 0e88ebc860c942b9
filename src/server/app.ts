import { Hono } from 'hono'
import { asMagosError } from '../domain/error.ts'
import type { EdgeContext, Health } from './context.ts'
import { receiveNotification } from './receive-notification.ts'
import { receive } from './receive.ts'
import type { Reply } from './reply.ts'
import { createVerifySignature } from './verify-signature.ts'

export type { EdgeContext }

/** What the world may ask of Magos; a plain handler, so that any runtime can host it in front of a durable inbox. */
export interface Edge {
  fetch(request: Request, context: EdgeContext): Response | Promise<Response>
}

const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** `POST /webhooks/github`, `POST /webhooks/registry/KIND/SECRET` and `GET /healthz`. */
export function createEdge(): Edge {
  const app = new Hono<{ Bindings: EdgeContext }>()
  const verify = createVerifySignature()

  app.post('/webhooks/github', async (c) => replied(await receive(verify, c.req.raw, c.env)))

  app.post('/webhooks/registry/:kind/:secret?', async (c) => {
    const { kind, secret = null } = c.req.param()
    return replied(await receiveNotification(verify, c.req.raw, { kind, secret }, c.env))
  })

  app.get('/healthz', (c) => {
    const health = healthOf(c.env)
    return json(health, health.status === 'ok' ? 200 : 503)
  })

  app.notFound(() => json({ status: 'refused', reason: 'there is nothing here' }, 404))

  app.onError((thrown, c) => {
    c.env.log.error({ cause: thrown.stack }, `Request failed: ${asMagosError(thrown).message}`)
    return json({ status: 'failed', reason: 'something broke; the log knows what' }, 500)
  })

  return app
}

function replied({ status, body, retryAfter }: Reply): Response {
  const retry = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  // A refusal may leave the body unread, and then nothing can follow it on this connection (RFC 9112, section 9.6).
  const end = status >= 400 ? { connection: 'close' } : {}
  return json(body, status, { ...retry, ...end })
}

/** Hono's own `c.json` makes a Headers object of given headers, which costs more than all else that it does. */
function json(body: unknown, status: number, more: Readonly<Record<string, string>> = {}) {
  return new Response(JSON.stringify(body), { status, headers: { ...HEADERS, ...more } })
}

function healthOf({ health, log }: EdgeContext): Health {
  try {
    return health()
  } catch (thrown) {
    log.error({}, `Health cannot be told: ${asMagosError(thrown).message}`)
    return { status: 'degraded' }
  }
}
