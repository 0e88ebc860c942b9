import type { CheckAnswer } from '../domain/answer/check.ts'
import { formatPin, parseImageReference } from '../domain/image-reference.ts'
import type { ExitCode, Io } from './io.ts'
import { writeProblems } from './problems.ts'
import { withRemedy } from './remedy.ts'
import { table } from './table.ts'

/** Prints what a check found. 1 when somebody has to look at something; images that merely wait are fine. */
export function printCheck(io: Io, answer: CheckAnswer): ExitCode {
  if (io.format === 'json') {
    const { revision: _, ...rest } = answer
    io.write(`${JSON.stringify(rest)}\n`)
  } else {
    writeText(io, answer)
  }
  const trouble =
    answer.held.some(({ kind }) => kind === 'problem') ||
    answer.problems.some(({ severity }) => severity === 'error')
  return trouble ? 1 : 0
}

function writeText(io: Io, answer: CheckAnswer): void {
  const { updates, held, problems, current, unchanged, requests } = answer
  if (updates.length > 0) {
    const rows = updates.map(({ file, line, services, from, to, reason, mode }) => [
      `${file}:${line}`,
      services.join(', '),
      from,
      // Its name is that of `from`.
      pinOf(to),
      mode === 'pr' ? `${reason}; by pull request` : reason,
    ])
    io.write(`${table(io, ['WHERE', 'SERVICES', 'FROM', 'TO', 'WHY'], rows)}\n`)
  }
  if (held.length > 0) {
    const rows = held.map(({ file, line, image, reason, remedy }) => [
      `${file}:${line}`,
      image,
      withRemedy(reason, remedy),
    ])
    io.write(`${table(io, ['WHERE', 'HELD', 'WHY'], rows)}\n`)
  }
  if (current.length > 0) {
    const rows = current.map(({ file, line, image, reason }) => [`${file}:${line}`, image, reason])
    io.write(`${table(io, ['WHERE', 'STANDS', 'WHY'], rows)}\n`)
  }
  writeProblems(io, problems)
  io.write(
    `${updates.length} to update, ${held.length} held, ${unchanged} unchanged, ${requests} requests\n`,
  )
}

function pinOf(reference: string): string {
  return formatPin(parseImageReference(reference)).replace(/^:/, '')
}
