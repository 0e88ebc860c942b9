import type { Inbox, Log } from '../ports.ts'

/** What `/healthz` tells; anything but `ok` is a 503. */
export interface Health {
  readonly status: 'ok' | 'starting' | 'degraded' | 'stopping'
  readonly [detail: string]: unknown
}

/** What a request is answered with. The edge keeps no state of its own, so all of it is here. */
export interface EdgeContext {
  /** The webhook secret, and the one before it while it is being replaced; none: webhooks are refused. */
  readonly secrets: readonly string[]
  /** Secrets of registries' notifications; none: they are refused. */
  readonly registrySecrets?: readonly string[]
  /** The watched repository as `owner/name`; null where it is not GitHub's. */
  readonly repository: string | null
  /** The watched branch; null while it is not known yet. */
  readonly branch: () => string | null
  readonly inbox: Pick<Inbox, 'accept'>
  readonly log: Log
  /** Bytes of a body at the most; default 5,000,000. */
  readonly bodyLimit?: number
  readonly health: () => Health
}
