import { Hono } from 'hono'
import { asMagosError } from '../domain/error.ts'
import type { EdgeContext, Health } from './context.ts'
import { receive } from './receive.ts'
import { createVerifySignature } from './verify-signature.ts'

export type { EdgeContext }

/** What the world may ask of Magos; a plain handler, so that any runtime can host it in front of a durable inbox. */
export interface Edge {
  fetch(request: Request, context: EdgeContext): Response | Promise<Response>
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** `POST /webhooks/github` and `GET /healthz`. */
export function createEdge(): Edge {
  const app = new Hono<{ Bindings: EdgeContext }>()
  const verify = createVerifySignature()

  app.post('/webhooks/github', async (c) => {
    const { status, body, retryAfter } = await receive(verify, c.req.raw, c.env)
    const retry = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
    return c.json(body, status, { ...HEADERS, ...retry })
  })

  app.get('/healthz', (c) => {
    const health = healthOf(c.env)
    return c.json(health, health.status === 'ok' ? 200 : 503, HEADERS)
  })

  app.notFound((c) => c.json({ status: 'refused', reason: 'there is nothing here' }, 404, HEADERS))

  app.onError((thrown, c) => {
    c.env.log.error({ cause: thrown.stack }, `Request failed: ${asMagosError(thrown).message}`)
    return c.json({ status: 'failed', reason: 'something broke; the log knows what' }, 500, HEADERS)
  })

  return app
}

function healthOf({ health, log }: EdgeContext): Health {
  try {
    return health()
  } catch (thrown) {
    log.error({}, `Health cannot be told: ${asMagosError(thrown).message}`)
    return { status: 'degraded' }
  }
}
