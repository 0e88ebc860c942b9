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
  io.write(table(io, ['CHECK', 'STATUS', 'FOUND', 'REMEDY'], checks.map(row)))
}

function row({ name, status, detail, remedy }: Check): readonly string[] {
  return [name, status, detail, remedy ?? '']
}
