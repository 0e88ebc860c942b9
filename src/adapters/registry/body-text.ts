import type { HttpResponse } from '../../host/http-exchange.ts'

/** The body as text, for reading only: messages quote nothing of it, since it may echo what we sent. */
export function bodyText({ body }: Pick<HttpResponse, 'body'>): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}
