import type { ReleaseAnswer } from '../domain/answer/hold.ts'
import type { ExitCode, Io } from './io.ts'

/** Prints that a stack is held no more. That it was not held before is no trouble. */
export function printRelease(io: Io, answer: ReleaseAnswer): ExitCode {
  const { stack, outcome, reason } = answer
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else if (outcome === 'released') io.write(`stack "${stack}" is released; it was ${reason}\n`)
  else io.write(`stack "${stack}" was not held\n`)
  return 0
}
