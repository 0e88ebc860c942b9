/** What went wrong, for programs. The groups are the exit codes of the command line. */
export type ErrorCode =
  // 2: usage or configuration
  | 'usage'
  | 'configuration'
  // 2 too: it was written on the command line, since in a file it is a problem of that file
  | 'policy'
  // 1: the answer is no
  | 'reference'
  | 'compose'
  | 'annotation'
  | 'edit'
  | 'stack'
  // 1 too: why a file of SOPS does not open
  | 'bad-metadata'
  | 'unsupported-recipient'
  | 'no-identity'
  | 'unencrypted-value'
  | 'corrupt-value'
  | 'mac-missing'
  | 'mac-mismatch'
  // 3: something outside failed
  | 'network'
  | 'rate-limit'
  | 'unauthorized'
  | 'not-found'
  | 'protocol'
  | 'git'
  | 'github'
  | 'registry'
  | 'engine'
  | 'provider'
  | 'storage'
  | 'busy'
  // 130
  | 'interrupted'
  // a bug of ours; also 3
  | 'internal'

/** Where in which file; lines and columns count from 1, a column in UTF-16 units. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

export interface ErrorDetails {
  readonly cause?: unknown
  readonly place?: Place
  /** What the person who reads this can do about it. */
  readonly remedy?: string
  /** Earliest time of a next try, in ms since the epoch: an answered `Retry-After`. */
  readonly retryAt?: number
}

/** The one error class. The message says action, quoted value, colon, current state. */
export class MagosError extends Error {
  override readonly name = 'MagosError'
  readonly code: ErrorCode
  readonly place: Place | undefined
  readonly remedy: string | undefined
  readonly retryAt: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    { cause, place, remedy, retryAt }: ErrorDetails = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.place = place
    this.remedy = remedy
    this.retryAt = retryAt
  }
}

/** Whatever was thrown, as a MagosError; anything unknown is a bug and says so. */
export function asMagosError(thrown: unknown): MagosError {
  if (thrown instanceof MagosError) return thrown
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return new MagosError('interrupted', 'Interrupted', { cause: thrown })
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new MagosError('internal', message, { cause: thrown })
}
