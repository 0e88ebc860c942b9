import { MagosError, type ErrorCode } from '../../src/domain/error.ts'

/** Failures of the world around: no failed deployment, and nothing is remembered against a stack. */
const OUTSIDE: ReadonlySet<ErrorCode> = new Set([
  'engine',
  'provider',
  'network',
  'git',
  'storage',
  'interrupted',
  'internal',
])

/** Whether an error is one stack's own, so that the others go on. */
export function isStackFault(error: unknown): error is MagosError {
  return error instanceof MagosError && !OUTSIDE.has(error.code)
}
