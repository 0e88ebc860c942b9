/** The floor: Hono on Node, one route that checks the HMAC of a delivery and does nothing with it. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const secret = process.env['MD_WEBHOOK_SECRET'] ?? ''
const app = new Hono()

app.post('/webhooks/github', async (c) => {
  const body = Buffer.from(await c.req.arrayBuffer())
  const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const signature = Buffer.from(c.req.header('x-hub-signature-256') ?? '')
  const fits =
    signature.length === expected.length && timingSafeEqual(signature, Buffer.from(expected))
  return fits ? c.json({ status: 'accepted' }, 202) : c.json({ status: 'refused' }, 401)
})

process.on('SIGTERM', () => process.exit(0))
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  console.log(`Listening on http://127.0.0.1:${port}`)
})
