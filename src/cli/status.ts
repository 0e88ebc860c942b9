import type { StackStatus, StatusAnswer } from '../domain/answer/status.ts'
import type { ExitCode, Io } from './io.ts'
import { placed, withRemedy } from './remedy.ts'
import { table } from './table.ts'

/** States in which git does not have what it wants, or somebody has to act. */
const TROUBLES: ReadonlySet<StackStatus['state']> = new Set([
  'failed',
  'rolled-back',
  'refused',
  'waiting',
  'interrupted',
  'drifted',
])

/** Prints what runs. 1 when a stack is not as git wants it and nobody wants that, whether the last good state runs or not. */
export function printStatus(io: Io, answer: StatusAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else writeText(io, answer)
  return answer.stacks.some(({ state }) => TROUBLES.has(state)) ? 1 : 0
}

function writeText(io: Io, { revision, pending, worker, stacks }: StatusAnswer): void {
  const rows = stacks.flatMap((stack) => {
    const { name, state, services, commit } = stack
    const head = [name, state, commit?.slice(0, 12) ?? '', '', '', '', why(stack)]
    const lines = services.map((service) => [
      '',
      '',
      '',
      service.name,
      `${service.state}${service.health === 'none' ? '' : `, ${service.health}`}`,
      `${service.image}${service.pin === 'pinned' ? '' : ' (unpinned)'}`,
      '',
    ])
    return [head, ...lines]
  })
  const heads = ['STACK', 'STATE', 'COMMIT', 'SERVICE', 'RUNS', 'IMAGE', 'WHY']
  if (rows.length > 0) io.write(table(io, heads, rows))
  const nobody = pending > 0 && worker === 'none' ? ', and no Magos runs to work them off' : ''
  const events = `${pending} ${pending === 1 ? 'event' : 'events'} pending`
  io.write(`at ${revision ?? 'no commit yet'}, ${events}${nobody}\n`)
}

/** A hold needs nobody, so that what ends it is left to `explain`. */
function why(stack: StackStatus): string {
  const { state, reason, remedy } = stack
  return withRemedy(placed(reason, stack), state === 'held' ? undefined : remedy)
}
