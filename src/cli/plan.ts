import type { PlanAnswer, PlannedStack } from '../domain/answer/plan.ts'
import { actionText } from '../domain/deployment.ts'
import { holdRemedy } from '../domain/hold.ts'
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
  for (const note of stacks.flatMap(notesOf)) io.note(note)
  for (const one of refused) {
    const { stack, reason, remedy } = one
    io.note(`${placed(`stack "${stack}" refused: ${withRemedy(reason, remedy)}`, one)}\n`)
  }
  io.write(`at ${revision}\n`)
}

/** Why nothing of it is done now. */
function notesOf({ name, held, failed, waits }: PlannedStack): readonly string[] {
  const again = `try it again with: magos sync ${name}`
  const notes = [
    ...(failed === undefined ? [] : [withRemedy(`failed so before: ${failed}`, again)]),
    ...(waits === undefined ? [] : [withRemedy(`waits: ${waits.reason}`, waits.remedy)]),
    ...(held === undefined ? [] : [withRemedy(`is ${held}`, holdRemedy(name))]),
  ]
  return notes.map((note) => `stack "${name}" ${note}\n`)
}
