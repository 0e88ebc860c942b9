import type { PlanAnswer } from '../domain/answer.ts'
import { actionText } from '../domain/deployment.ts'
import type { ExitCode, Io } from './io.ts'
import { placed, withRemedy } from './remedy.ts'
import { table } from './table.ts'

/** Prints what a deployment would do. 1 when a stack is refused. */
export function printPlan(io: Io, answer: PlanAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else writeText(io, answer)
  return answer.refused.length > 0 ? 1 : 0
}

function writeText(io: Io, { revision, stacks, refused }: PlanAnswer): void {
  const rows = stacks.flatMap(({ name, services }) =>
    services.map((service) => [
      name,
      service.name,
      actionText(service),
      service.reasons.join('; '),
    ]),
  )
  if (rows.length > 0) io.write(table(io, ['STACK', 'SERVICE', 'ACTION', 'WHY'], rows))
  for (const { name, held, failed } of stacks) {
    if (failed !== undefined) {
      io.note(
        `stack "${name}" failed so before: ${failed}. Try it again with: magos sync ${name}\n`,
      )
    }
    if (held !== undefined) {
      io.note(`stack "${name}" is ${held}. Let it go on with: magos release ${name}\n`)
    }
  }
  for (const one of refused) {
    const { stack, reason, remedy } = one
    io.note(`${placed(`stack "${stack}" refused: ${withRemedy(reason, remedy)}`, one)}\n`)
  }
  io.write(`at ${revision}\n`)
}
