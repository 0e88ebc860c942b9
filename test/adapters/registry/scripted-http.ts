import type { Http } from '../../../src/host/http.ts'
import type { HttpRequest, HttpResponse } from '../../../src/host/http-exchange.ts'

export interface ScriptedAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

type Script = (request: HttpRequest) => ScriptedAnswer

/** An Http that reaches hosts of the wide world, as far as they are scripted here. */
export interface ScriptedHttp extends Http {
  /** Everything that was sent, in order. */
  sent(): readonly HttpRequest[]
}

/** Keys are origins, such as `https://ghcr.io`. */
export function createScriptedHttp(scripts: Readonly<Record<string, Script>>): ScriptedHttp {
  const sent: HttpRequest[] = []
  return {
    sent: () => sent,
    async request(request) {
      request.signal.throwIfAborted()
      await Promise.resolve()
      sent.push(request)
      const script = scripts[request.target.origin]
      if (script === undefined) throw new Error(`Nobody plays ${request.target.origin}`)
      return respond(script(request), request)
    },
    fetch: () => Promise.reject(new Error('Not scripted')),
    close: async () => undefined,
  }
}

function respond(
  { status = 200, headers = {}, body = '' }: ScriptedAnswer,
  { receiver }: HttpRequest,
): HttpResponse {
  const bytes = Buffer.from(body)
  if (receiver === undefined || status >= 300) return { status, headers, body: bytes }
  receiver()(bytes)
  return { status, headers, body: new Uint8Array() }
}
