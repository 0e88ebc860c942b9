import type { HoldAnswer } from '../domain/answer/hold.ts'
import type { ExitCode, Io } from './io.ts'

/** Prints that a stack is held now, and whether it was so before. */
export function printHold(io: Io, answer: HoldAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else {
    const { stack, reason, before } = answer
    io.write(`stack "${stack}" ${before === null ? 'is' : 'was held already; it is'} ${reason}\n`)
  }
  return 0
}
