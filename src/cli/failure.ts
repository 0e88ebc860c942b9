import type { ErrorCode, MagosError } from '../domain/error.ts'
import type { ExitCode, Io } from './io.ts'

/** Tells an error: one JSON document on stdout, or one line on stderr with its remedy below. */
export function printError(io: Io, error: MagosError): void {
  const { code, message, place, remedy } = error
  if (io.format === 'json') {
    const told = { code, message, ...place, ...(remedy === undefined ? {} : { remedy }) }
    io.write(`${JSON.stringify({ error: told })}\n`)
    return
  }
  const where =
    // Several problems name their places themselves.
    place === undefined || message.includes('\n')
      ? ''
      : `${[place.file, place.line, place.column].filter((part) => part !== undefined).join(':')}: `
  io.note(`magos: ${where}${message}\n`)
  if (remedy !== undefined) io.note(`  ${remedy}\n`)
}

export function exitCodeOf({ code }: { readonly code: ErrorCode }): ExitCode {
  switch (code) {
    case 'usage':
    case 'configuration':
      return 2
    case 'reference':
    case 'policy':
    case 'compose':
    case 'annotation':
    case 'edit':
    case 'stack':
      return 1
    case 'interrupted':
      return 130
    default:
      return 3
  }
}
