import { MagosError } from '../../domain/error.ts'

/** Deeper causes say nothing new, and a cycle of causes ends here. */
const DEEPEST = 8

export interface ErrorFields {
  readonly code?: string
  readonly name?: string
  readonly message: string
  readonly place?: string
  readonly remedy?: string
  readonly stack?: string
  readonly cause?: ErrorFields
}

/** What of an error belongs in a log. A stack only where the error is a bug of ours or nobody's word for a known trouble. */
export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { message: String(error) }
  const cause =
    error.cause === undefined || depth >= DEEPEST
      ? {}
      : { cause: errorFields(error.cause, depth + 1) }
  if (!(error instanceof MagosError)) {
    return { name: error.name, ...systemCode(error), message: error.message, ...cause }
  }
  const { place, remedy } = error
  return {
    code: error.code,
    message: error.message,
    ...(place && { place: [place.file, place.line, place.column].filter(isSet).join(':') }),
    ...(remedy !== undefined && { remedy }),
    ...(error.code === 'internal' && { stack: stackOf(error) }),
    ...cause,
  }
}

/** `ENOENT` and its like. */
function systemCode(error: Error): { readonly code?: string } {
  return 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
}

/** Where a bug was thrown first: the innermost cause's own stack. */
function stackOf(error: Error): string {
  let inner = error
  for (let depth = 0; depth < DEEPEST && inner.cause instanceof Error; depth++) inner = inner.cause
  return inner.stack ?? ''
}

function isSet<T>(value: T | undefined): value is T {
  return value !== undefined
}
