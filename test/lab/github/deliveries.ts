import { createHmac, randomUUID } from 'node:crypto'
import type { Description } from './description.ts'
import { textField } from './json.ts'
import type { JsonObject } from './json.ts'
import { webhooks } from './operations.ts'
import type { Webhook } from './operations.ts'
import type { AppRecord } from './state.ts'

export interface Delivery {
  readonly id: number
  /** The event's own id: a redelivery keeps it. */
  readonly guid: string
  readonly app: AppRecord
  readonly event: string
  readonly action: string | null
  readonly installationId: number | null
  readonly repositoryId: number | null
  readonly redelivery: 'first' | 'again'
  readonly deliveredAt: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: JsonObject
  /** 0 while nothing answered. */
  readonly statusCode: number
  readonly status: string
  readonly duration: number
  readonly response: string | null
}

export interface WebhookMessage {
  readonly app: AppRecord
  readonly event: string
  readonly payload: JsonObject
  readonly installationId: number | null
  readonly repositoryId: number | null
}

/** What befalls deliveries; the first rule that fits is used up by it. */
export interface DeliveryFault {
  /** Event name; absent: any. */
  readonly event?: string
  readonly do: 'drop' | 'duplicate' | 'hold' | { readonly delay: number }
}

export interface Deliveries {
  /** Newest last. */
  readonly log: readonly Delivery[]
  send(message: WebhookMessage): void
  /** The same event again, with the same GUID, signed with the secret of now. */
  redeliver(id: number): boolean
  plan(...faults: readonly DeliveryFault[]): void
  /** Sends what was held, in the order it came or the other way round. */
  release(order: 'kept' | 'reversed'): Promise<void>
  /** Resolves when nothing is under way any more; held ones stay held. */
  settled(): Promise<void>
  close(): void
}

export interface DeliveriesOptions {
  readonly now: () => number
  readonly nextId: () => number
  readonly description: Description
  readonly violate: (problem: string) => void
  /** ms until a receiver that does not answer has failed; GitHub's are 10,000. */
  readonly timeout: number
  readonly maxBytes: number
}

interface Outgoing extends WebhookMessage {
  readonly guid: string
  readonly redelivery: Delivery['redelivery']
}

const retention = 3 * 24 * 3_600_000

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers */
export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const log: Delivery[] = []
  const faults: DeliveryFault[] = []
  const held: Outgoing[] = []
  const underWay = new Set<Promise<void>>()
  const closing = new AbortController()

  const start = (outgoing: Outgoing, delay = 0): void => {
    const done = post(outgoing, delay).finally(() => underWay.delete(done))
    underWay.add(done)
  }
  const post = async (outgoing: Outgoing, delay: number): Promise<void> => {
    if (delay > 0) await pause(delay, closing.signal)
    if (closing.signal.aborted || outgoing.app.hook === null) return
    const delivered = await deliver(outgoing, options, closing.signal)
    if (delivered !== null) log.push(delivered)
  }
  const takeFault = (event: string): DeliveryFault['do'] | null => {
    const index = faults.findIndex((fault) => fault.event === undefined || fault.event === event)
    return index === -1 ? null : (faults.splice(index, 1)[0]?.do ?? null)
  }

  return {
    get log() {
      return log.filter(({ deliveredAt }) => deliveredAt > options.now() - retention)
    },
    send(message) {
      const outgoing: Outgoing = { ...message, guid: randomUUID(), redelivery: 'first' }
      const fault = takeFault(message.event)
      if (fault === 'drop') return
      if (fault === 'hold') held.push(outgoing)
      else start(outgoing, typeof fault === 'object' && fault !== null ? fault.delay : 0)
      if (fault === 'duplicate') start(outgoing)
    },
    redeliver(id) {
      const found = log.find((delivery) => delivery.id === id)
      if (found !== undefined) start({ ...found, redelivery: 'again' })
      return found !== undefined
    },
    plan(...added) {
      faults.push(...added)
    },
    async release(order) {
      const waiting = held.splice(0)
      for (const outgoing of order === 'kept' ? waiting : waiting.toReversed()) {
        await post(outgoing, 0)
      }
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    close() {
      closing.abort()
    },
  }
}

async function deliver(
  outgoing: Outgoing,
  { now, nextId, description, violate, timeout, maxBytes }: DeliveriesOptions,
  closing: AbortSignal,
): Promise<Delivery | null> {
  const { app, event, payload, guid } = outgoing
  const { url, secret } = app.hook ?? { url: '', secret: '' }
  const body = JSON.stringify(payload)
  // GitHub never sends an event that is larger than 25 MB.
  if (Buffer.byteLength(body) > maxBytes) return null
  const headers = signedHeaders(outgoing, secret, body)
  check(description, headers, outgoing).forEach(violate)
  const deliveredAt = now()
  const answer = await attempt(
    url,
    { headers, body },
    AbortSignal.any([closing, AbortSignal.timeout(timeout)]),
  )
  return {
    id: nextId(),
    guid,
    app,
    event,
    action: textField(payload, 'action') ?? null,
    installationId: outgoing.installationId,
    repositoryId: outgoing.repositoryId,
    redelivery: outgoing.redelivery,
    deliveredAt,
    url,
    headers,
    payload,
    duration: (now() - deliveredAt) / 1000,
    ...answer,
  }
}

function signedHeaders(
  { app, event, guid }: Outgoing,
  secret: string,
  body: string,
): Readonly<Record<string, string>> {
  return {
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/1a2b3c4',
    'x-github-delivery': guid,
    'x-github-event': event,
    'x-github-hook-id': String(app.hookId),
    'x-github-hook-installation-target-id': String(app.id),
    'x-github-hook-installation-target-type': 'integration',
    'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
    'x-hub-signature-256': signature(secret, body),
  }
}

/** HMAC-SHA256 over the raw body: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
export function signature(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body, 'utf8').digest('hex')}`
}

function check(
  description: Description,
  headers: Readonly<Record<string, string>>,
  { event, payload }: Outgoing,
): readonly string[] {
  const action = textField(payload, 'action')
  const wanted = [event, ...(action === undefined ? [] : [action])].join('-').replaceAll('_', '-')
  const name = webhooks.find((known): known is Webhook => known === wanted)
  if (name === undefined) return [`webhook ${wanted} is not described`]
  return description
    .webhook(name, headers, payload)
    .map((problem) => `webhook ${wanted}: ${problem}`)
}

async function attempt(
  url: string,
  { headers, body }: { headers: Readonly<Record<string, string>>; body: string },
  signal: AbortSignal,
): Promise<Pick<Delivery, 'statusCode' | 'status' | 'response'>> {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
    const text = await response.text()
    const status = response.ok ? 'OK' : 'Invalid HTTP Response: ' + String(response.status)
    return { statusCode: response.status, status, response: text }
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError'
    const status = timedOut ? 'timed out' : 'failed to connect to host'
    return { statusCode: timedOut ? 504 : 502, status, response: null }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
