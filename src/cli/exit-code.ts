import type { ErrorCode } from '../domain/error.ts'
import type { ExitCode } from './io.ts'

/** The contract of the command line: which kind of error ends it with which code. */
export function exitCodeOf({ code }: { readonly code: ErrorCode }): ExitCode {
  switch (code) {
    case 'usage':
    case 'configuration':
    // A policy that cannot be read is no `hold`, which is an answer and ends with 1.
    case 'policy':
      return 2
    case 'reference':
    case 'compose':
    case 'annotation':
    case 'edit':
    case 'stack':
    case 'bad-metadata':
    case 'unsupported-recipient':
    case 'no-identity':
    case 'unencrypted-value':
    case 'corrupt-value':
    case 'mac-missing':
    case 'mac-mismatch':
      return 1
    case 'interrupted':
      return 130
    default:
      return 3
  }
}
