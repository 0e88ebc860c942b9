import type { MagosError } from '../domain/error.ts'
import type { Io } from './io.ts'
import { remedySentence } from './remedy.ts'

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
  if (remedy !== undefined) io.note(`  ${remedySentence(remedy)}\n`)
}
