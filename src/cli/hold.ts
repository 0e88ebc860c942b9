import type { HoldAnswer } from '../domain/answer.ts'
import type { ExitCode, Io } from './io.ts'

/** Prints that a stack is held now. */
export function printHold(io: Io, answer: HoldAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else io.write(`stack "${answer.stack}" is ${answer.reason}\n`)
  return 0
}
