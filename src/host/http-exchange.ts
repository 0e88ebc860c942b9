import type { Dispatcher } from 'undici'
import type { WatchAbort } from './abort-hub.ts'
import type { Connections } from './connections.ts'
import { exchangeFailed, timedOut, tooLarge } from './http-failure.ts'
import type { Target } from './target.ts'

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly target: Target
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Bytes of the answer's body that are taken; a larger one is refused, or cut where the status is an error's. */
  readonly maxBody: number
  /** Called where the answer is a good one; what it returns takes the body piece by piece, and the answer has none. */
  readonly receiver?: (() => (chunk: Uint8Array) => void) | undefined
  /** ms for the whole exchange; default 30,000. */
  readonly timeout?: number
  readonly signal: AbortSignal
}

export interface HttpResponse {
  readonly status: number
  /** Lower-case names; a header that came several times is joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

type Received = Readonly<Record<string, string | string[] | undefined>>

const maxErrorBody = 64 * 1024

/**
 * One request under way. It holds a timer and a watch on its signal until it is settled: by its answer, its failure, its
 * time or its signal, whatever comes first. A handler of our own, since a stream for every small answer costs more than
 * all else here; one object, since thousands of them are made in a row.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest
  readonly #resolve: (response: HttpResponse) => void
  readonly #reject: (reason: unknown) => void
  readonly #timer: NodeJS.Timeout
  readonly #endWatch: () => void
  #controller: Dispatcher.DispatchController | null = null
  /** Why it ended from our side. */
  #ended: unknown = undefined
  #status = 0
  #headers: Readonly<Record<string, string>> = {}
  #receive: ((chunk: Uint8Array) => void) | null = null
  #chunks: Uint8Array[] = []
  #size = 0

  /** The signal has not aborted yet. */
  constructor(
    request: HttpRequest,
    watchAbort: WatchAbort,
    resolve: (response: HttpResponse) => void,
    reject: (reason: unknown) => void,
  ) {
    const { signal, timeout = 30_000 } = request
    this.#request = request
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => this.#end(timedOut(request, timeout, null)), timeout)
    this.#endWatch = watchAbort(signal, () => this.#end(signal.reason))
  }

  begin(connections: Connections, userAgent: string): void {
    const { method = 'GET', target, headers, body = null } = this.#request
    const options = {
      origin: target.origin,
      path: target.path,
      method,
      headers: { ...headers, 'user-agent': userAgent },
      body,
      // The timer here is for the whole exchange.
      headersTimeout: 0,
      bodyTimeout: 0,
      // undici would close the connection behind every HEAD, and each check of a moving tag begin with a handshake.
      reset: false,
    }
    try {
      connections.to(target.origin).dispatch(options, this)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#ended !== undefined) controller.abort(asError(this.#ended))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Received): void {
    this.#status = status
    this.#headers = flatten(headers)
    const { receiver } = this.#request
    if (receiver !== undefined && status >= 200 && status < 300) this.#receive = receiver()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const { maxBody } = this.#request
    const isError = this.#status >= 400
    this.#size += chunk.byteLength
    if (this.#size <= (isError ? Math.min(maxBody, maxErrorBody) : maxBody)) {
      if (this.#receive === null) this.#chunks.push(chunk)
      else this.#receive(chunk)
      return
    }
    // An error's body is cut, and the answer is told.
    if (isError) this.#answer()
    else this.#fail(tooLarge(this.#request, maxBody))
    // What follows is not wanted, so that this connection ends here.
    controller.abort(new Error('Enough was read'))
  }

  onResponseEnd(): void {
    this.#answer()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error)
  }

  #answer(): void {
    this.#settle()
    const chunks = this.#chunks
    const [only = new Uint8Array()] = chunks
    const body = chunks.length < 2 ? only : Buffer.concat(chunks)
    this.#resolve({ status: this.#status, headers: this.#headers, body })
  }

  #fail(thrown: unknown): void {
    this.#settle()
    this.#reject(exchangeFailed(this.#request, thrown))
  }

  /** From our side. */
  #end(thrown: unknown): void {
    this.#ended ??= thrown
    this.#settle()
    // First: to abort it calls back at once, with words of its own.
    this.#reject(thrown)
    this.#controller?.abort(asError(thrown))
  }

  #settle(): void {
    clearTimeout(this.#timer)
    this.#endWatch()
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('The exchange was ended', { cause: thrown })
}

// Names are in lower case already.
function flatten(headers: Received): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'string') flat[name] = value
    else if (value !== undefined) flat[name] = value.join(', ')
  }
  return flat
}
