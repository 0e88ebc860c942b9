import { asMagosError, MagosError, type ErrorCode } from '../../src/domain/error.ts'

/** Failures of the world around: no failed deployment, and nothing is remembered against a stack. */
const OUTSIDE: ReadonlySet<ErrorCode> = new Set([
  'engine',
  'provider',
  'network',
  'git',
  'storage',
  'busy',
  'interrupted',
])

/**
 * The error as one stack's own, so that the others go on; null where it is everybody's. What nobody foresaw happened
 * in this stack's work and is laid on it: thrown further it would stop all of them, at every try.
 */
export function stackFault(error: unknown): MagosError | null {
  return faultOutsideOf(OUTSIDE, error)
}

/** The same for a line whose image is asked after: only an interruption is not its own. */
export function lineFault(error: unknown): MagosError | null {
  return faultOutsideOf(INTERRUPTED, error)
}

const INTERRUPTED: ReadonlySet<ErrorCode> = new Set(['interrupted'])

function faultOutsideOf(others: ReadonlySet<ErrorCode>, error: unknown): MagosError | null {
  if (others.has(asMagosError(error).code)) return null
  return error instanceof MagosError ? error : unforeseen(error)
}

/** Its own words are for this host's log: nobody knows what of a file they repeat. */
function unforeseen(cause: unknown): MagosError {
  const name = cause instanceof Error ? cause.name : typeof cause
  const { code } = cause instanceof Error && 'code' in cause ? cause : { code: '' }
  const told = typeof code === 'string' && code !== '' ? `${name} ${code}` : name
  return new MagosError('internal', `Cannot go on here: unexpected ${told}`, {
    cause,
    remedy: 'Look for this error in the log of Magos, and report it if nothing there explains it',
  })
}
