import type { Problem } from '../domain/problem.ts'
import type { Io } from './io.ts'
import { remedySentence } from './remedy.ts'
import { printable } from './table.ts'

/** Tells what is wrong in files: a line each, and below it what to do. */
export function writeProblems(io: Io, problems: readonly Problem[]): void {
  for (const { file, line, column, severity, message, remedy } of problems) {
    io.note(`${printable(`${file}:${line}:${column}: ${severity}: ${message}`)}\n`)
    if (remedy !== undefined) io.note(`  ${printable(remedySentence(remedy))}\n`)
  }
}
