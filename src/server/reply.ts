import { asMagosError } from '../domain/error.ts'
import type { Hint } from '../domain/webhook.ts'
import type { Log, LogFields } from '../ports.ts'
import type { EdgeContext } from './context.ts'

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

/** Seconds until GitHub, or whoever redelivers, should come again. */
const RETRY_AFTER = 5

/** Stores what a delivery hints at, then answers. */
export async function answer(
  hint: Hint,
  fields: LogFields,
  { inbox, log }: EdgeContext,
): Promise<Reply> {
  if (hint.outcome === 'pong') {
    log.info(fields, 'Ping answered')
    return { status: 202, body: { status: 'pong' } }
  }
  if (hint.outcome === 'ignored') {
    log.info(fields, `Delivery ignored: ${hint.reason}`)
    return { status: 202, body: { status: 'ignored', reason: hint.reason } }
  }
  try {
    const id = await inbox.accept(hint.event, hint.origin)
    log.debug({ ...hint.origin, id }, 'Delivery accepted')
    return { status: 202, body: { status: 'accepted', id } }
  } catch (thrown) {
    return notStored(log, fields, thrown)
  }
}

export function refused(status: Reply['status'], reason: string): Reply {
  return { status, body: { status: 'refused', reason } }
}

/** The sender learns that it was not stored, the log learns why. */
function notStored(log: Log, fields: LogFields, thrown: unknown): Reply {
  const { code, message, remedy } = asMagosError(thrown)
  log.error({ ...fields, code, remedy }, `Delivery not stored: ${message}`)
  const reason =
    code === 'busy' ? 'too many deliveries at one time' : 'the delivery cannot be stored now'
  return { ...refused(503, reason), retryAfter: RETRY_AFTER }
}
