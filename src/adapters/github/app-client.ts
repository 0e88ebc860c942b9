import type { Log } from '../../ports.ts'
import { interrupted } from './abortable.ts'
import type { Budget } from './budget.ts'
import { redact, toMagosError } from './errors.ts'

/** The standard's fetch, of whatever library. */
export type Fetch = (input: string, init?: never) => Promise<unknown>

export interface AppClientOptions {
  readonly apiUrl: string
  readonly appId: number | string
  readonly privateKey: string
  readonly fetch?: Fetch
  readonly timeout?: number
  readonly log: Log
  readonly budget: Budget
  readonly now: () => number
}

export type Parameters = Readonly<Record<string, unknown>>

/** One call, once: neither retried nor delayed by anyone. Throws what Octokit throws, or `interrupted`. */
export interface AppClient {
  /** As the App itself, by a JWT. Throws `MagosError` only. */
  asApp(route: string, parameters: Parameters, call: CallOptions): Promise<unknown>
  /** With an installation token. */
  withToken(
    route: string,
    parameters: Parameters,
    call: CallOptions & { token: string },
  ): Promise<unknown>
  toMagosError(thrown: unknown, action: string): ReturnType<typeof toMagosError>
}

export interface CallOptions {
  /** What it is for, as the beginning of an error's message. */
  readonly action: string
  readonly signal: AbortSignal
}

type Send = (route: string, parameters: Record<string, unknown>) => Promise<{ data: unknown }>

export function createAppClient(options: AppClientOptions): AppClient {
  const { timeout = 30_000, budget, now } = options
  let opened: Promise<Senders> | undefined
  const call = async (
    kind: keyof Senders,
    route: string,
    parameters: Parameters,
    { action, signal }: CallOptions,
  ): Promise<unknown> => {
    if (signal.aborted) throw interrupted(action, signal)
    budget.refuseWhileBlocked()
    const senders = await (opened ??= openSenders(options))
    const request = { signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]) }
    try {
      const { data } = await senders[kind](route, { ...parameters, request })
      return data
    } catch (error) {
      if (signal.aborted) throw interrupted(action, signal)
      const { code, retryAt } = toMagosError(error, { action, now: now() })
      if (code === 'rate-limit' && retryAt !== undefined) budget.block(retryAt)
      throw error
    }
  }
  return {
    toMagosError: (thrown, action) => toMagosError(thrown, { action, now: now() }),
    async asApp(route, parameters, callOptions) {
      try {
        return await call('app', route, parameters, callOptions)
      } catch (error) {
        throw toMagosError(error, { action: callOptions.action, now: now() })
      }
    },
    withToken(route, parameters, { token, ...callOptions }) {
      const headers = { authorization: `token ${token}` }
      return call('installation', route, { ...parameters, headers }, callOptions)
    },
  }
}

interface Senders {
  readonly app: Send
  readonly installation: Send
}

// Both are heavy, and a daemon on a local repository never needs them.
async function openSenders({
  apiUrl,
  appId,
  privateKey,
  fetch,
  log,
}: AppClientOptions): Promise<Senders> {
  const [{ App }, { Octokit }] = await Promise.all([
    import('@octokit/app'),
    import('@octokit/core'),
  ])
  const warn = (message: unknown): void =>
    log.warn({}, redact(typeof message === 'string' ? message : 'Octokit warned'))
  const quiet = { debug: () => undefined, info: () => undefined, warn, error: warn }
  const Configured = Octokit.defaults({
    baseUrl: apiUrl.replace(/\/+$/u, ''),
    userAgent: 'magos-dominus',
    log: quiet,
    ...(fetch === undefined ? {} : { request: { fetch } }),
  })
  const app = new App({ appId, privateKey, Octokit: Configured, log: quiet })
  const plain = new Configured()
  return {
    app: (route, parameters) => app.octokit.request(route, versioned(parameters)),
    installation: (route, parameters) => plain.request(route, versioned(parameters)),
  }
}

function versioned(parameters: Record<string, unknown>): Record<string, unknown> {
  const { headers } = parameters
  const given = typeof headers === 'object' ? headers : {}
  return { ...parameters, headers: { ...given, 'x-github-api-version': '2022-11-28' } }
}
