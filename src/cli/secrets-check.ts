import type { SecretsCheckAnswer } from '../domain/answer/secrets-check.ts'
import type { ExitCode, Io } from './io.ts'
import { withRemedy } from './remedy.ts'
import { table } from './table.ts'

/** Prints which encrypted files this host cannot open, and why. 1 where there is one; files in the clear are only told of. */
export function printSecretsCheck(io: Io, answer: SecretsCheckAnswer): ExitCode {
  const refused = answer.files.filter((file) => file.outcome === 'refused')
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else {
    if (refused.length > 0) {
      const rows = refused.map(({ file, line, reason, remedy }) => [
        line === undefined ? file : `${file}:${line}`,
        withRemedy(reason, remedy),
      ])
      io.write(table(io, ['CANNOT OPEN', 'WHY'], rows))
    }
    if (answer.warnings.length > 0) {
      const rows = answer.warnings.map(({ file, line, reason }) => [
        line === undefined ? file : `${file}:${line}`,
        reason,
      ])
      io.write(table(io, ['IN THE CLEAR', 'WHY NOT'], rows))
    }
    const opening = answer.files.length - refused.length
    io.write(`${opening} of ${answer.files.length} encrypted files open, at ${answer.revision}\n`)
  }
  return refused.length > 0 ? 1 : 0
}
