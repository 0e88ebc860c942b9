import type { RollbackAnswer } from '../domain/answer/sync.ts'
import type { ExitCode, Io } from './io.ts'
import { isTrouble, writePass } from './sync.ts'

/** Prints what a rollback wrote and what became of it. 1 when nothing was committed, a stack failed or a person is needed. */
export function printRollback(io: Io, answer: RollbackAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else {
    for (const { file, line, from, to } of answer.lines) {
      io.write(`${file}:${line}: ${from} → ${to}\n`)
    }
    writePass(io, answer)
  }
  return answer.commits.length === 0 || isTrouble(answer) ? 1 : 0
}
