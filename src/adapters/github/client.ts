import { MagosError } from '../../domain/error.ts'
import type { Clock } from '../../ports.ts'
import type { AppClient, CallOptions, Parameters } from './app-client.ts'
import { readFailure } from './errors.ts'
import type { Tokens } from './tokens.ts'
import { sleep } from './write-order.ts'

/** What became of a call. */
export type Reply =
  | { readonly outcome: 'done'; readonly data: unknown }
  /** GitHub will not do it. */
  | {
      readonly outcome: 'refused'
      readonly status: number
      readonly message: string
      readonly error: MagosError
    }
  /** No answer, or one that says that GitHub itself failed: it may have been done all the same. */
  | { readonly outcome: 'unknown'; readonly error: MagosError }

/** Calls on the repository with the installation's token. */
export interface Client {
  /** Sends it once, but again where the token was refused. Throws `interrupted`, `rate-limit`, `unauthorized`. */
  send(route: string, parameters: Parameters, call: CallOptions): Promise<Reply>
}

export interface ClientOptions {
  readonly app: AppClient
  readonly tokens: Tokens
  readonly clock: Clock
}

/** A new token takes a while until every machine of GitHub's knows it. */
const pauses: readonly number[] = [1000, 3000, 10_000]

export function createClient(options: ClientOptions): Client {
  return { send: (route, parameters, call) => send(options, route, parameters, call) }
}

async function send(
  { app, tokens, clock }: ClientOptions,
  route: string,
  parameters: Parameters,
  call: CallOptions,
): Promise<Reply> {
  const { action, signal } = call
  let token = await tokens.get(signal)
  let renewed: 'not yet' | 'once' = 'not yet'
  const waits = pauses.values()
  for (;;) {
    try {
      const data = await app.withToken(route, parameters, { ...call, token: token.value })
      token.state = 'proven'
      return { outcome: 'done', data }
    } catch (thrown) {
      const failure = readFailure(thrown)
      const status = failure?.kind === 'answer' ? failure.status : null
      // A dead token is replaced, whatever its age; a new one that is refused has not arrived everywhere.
      if (status === 401 && renewed === 'not yet') {
        token = await tokens.renew(token, signal)
        renewed = 'once'
        continue
      }
      const isNew = status === 401 || (status === 404 && token.state === 'untried')
      const pause = isNew ? waits.next().value : undefined
      if (pause === undefined) return reply(app.toMagosError(thrown, action), failure)
      await sleep(clock, pause, signal)
    }
  }
}

function reply(error: MagosError, failure: ReturnType<typeof readFailure>): Reply {
  if (['interrupted', 'rate-limit', 'internal'].includes(error.code)) throw error
  if (failure === null || failure.kind === 'silence') return { outcome: 'unknown', error }
  const { status, message } = failure
  if (status === 401) throw error
  return status >= 500
    ? { outcome: 'unknown', error }
    : { outcome: 'refused', status, message, error }
}
