import type { Check, DoctorAnswer } from '../domain/doctor/check.ts'
import type { ExitCode, Io } from './io.ts'
import { table } from './table.ts'

/** Prints what was looked at. 1 when something stands in the way. */
export function printDoctor(io: Io, answer: DoctorAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else writeText(io, answer)
  return answer.checks.some(({ status }) => status === 'fail') ? 1 : 0
}

function writeText(io: Io, { checks, fixed }: DoctorAnswer): void {
  for (const done of fixed) io.write(`fixed: ${done}\n`)
  io.write(table(io, ['STATUS', 'CHECK', 'FOUND'], checks.flatMap(rows)))
  io.write(`${summary(checks)}\n`)
}

/** The remedy stands below what it is for, since most are commands and as long as a line. */
function rows({ name, status, detail, remedy }: Check): readonly (readonly string[])[] {
  const found = [status, name, detail]
  return remedy === null ? [found] : [found, ['', '', `→ ${remedy}`]]
}

function summary(checks: readonly Check[]): string {
  const count = (status: Check['status']) => checks.filter((one) => one.status === status).length
  const [failed, doubtful] = [count('fail'), count('warn')]
  if (failed > 0) {
    const rest = doubtful === 0 ? '' : `, and ${doubtful} to know of`
    return `${failed} of ${checks.length} checks failed${rest}: each has its remedy below it`
  }
  return doubtful === 0
    ? 'Nothing is in the way: all checks are well'
    : `Nothing is in the way; ${doubtful} of ${checks.length} checks tell of something to know`
}
