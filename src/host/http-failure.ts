import { MagosError } from '../domain/error.ts'
import { type Target, targetText } from './target.ts'

interface Asked {
  readonly method?: string
  readonly target: Target
}

/** Whatever an exchange threw, as the one error class. */
export function exchangeFailed(asked: Asked, thrown: unknown): MagosError {
  const known = ownError(thrown)
  if (known !== null) return known
  const code = codeOf(thrown)
  if (isParserError(thrown) || code === 'UND_ERR_HEADERS_OVERFLOW') {
    // No cause: the parser's error carries the answer's bytes, which may echo what we sent.
    return new MagosError('protocol', `${quote(asked)} failed: the answer is no HTTP`, {
      remedy: 'Check the port, and whether it speaks TLS',
    })
  }
  const { reason, remedy } = explain(code)
  return new MagosError('network', `${quote(asked)} failed: ${reason}`, {
    cause: thrown,
    ...(remedy === undefined ? {} : { remedy }),
  })
}

export function timedOut(asked: Asked, timeout: number, thrown: unknown): MagosError {
  const message = `${quote(asked)} failed: no whole answer within ${timeout / 1000} s`
  return new MagosError('network', message, { cause: thrown })
}

export function tooLarge(asked: Asked, limit: number): MagosError {
  const message = `${quote(asked)} was stopped: the answer is larger than ${limit} bytes`
  return new MagosError('protocol', message)
}

export function forbiddenAddress(host: string): MagosError {
  return new MagosError(
    'network',
    `Refused to connect to "${host}": it is the metadata service of a cloud machine`,
  )
}

/** Whether the exchange broke off on an open connection, so that asking once more may help. */
export function isConnectionReset(thrown: unknown): boolean {
  return thrown instanceof MagosError && resets.has(codeOf(thrown.cause))
}

const resets: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_GOAWAY_SESSION',
])

/** What is wrong with the encryption of a connection, where that is what it broke at. */
export function tlsProblem(thrown: unknown): 'untrusted' | 'no-tls' | null {
  const code = thrown instanceof MagosError ? codeOf(thrown.cause) : ''
  if (untrusted.test(code)) return 'untrusted'
  return noTls.test(code) ? 'no-tls' : null
}

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/
const noTls = /^(ERR_SSL_|EPROTO)/

function quote({ method = 'GET', target }: Asked): string {
  return `Request "${method} ${targetText(target)}"`
}

function ownError(thrown: unknown): MagosError | null {
  if (thrown instanceof MagosError) return thrown
  return thrown instanceof Error && thrown.cause instanceof MagosError ? thrown.cause : null
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return ''
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code
  return codeOf(thrown.cause)
}

// Its code is not always set.
function isParserError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'HTTPParserError'
}

function explain(code: string): { readonly reason: string; readonly remedy?: string } {
  const known = reasons[code]
  if (known !== undefined) return { reason: known }
  if (untrusted.test(code)) {
    const remedy = 'Check its name, or give Magos the certificate of the authority that signed it'
    return { reason: `its certificate is not trusted (${code})`, remedy }
  }
  if (noTls.test(code)) {
    return { reason: `TLS failed (${code})`, remedy: 'Check whether that port speaks TLS at all' }
  }
  return { reason: code === '' ? 'the connection broke' : `the connection broke (${code})` }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'its name could not be resolved now',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to its network',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped on its way',
}
