import type { StatusAnswer } from '../domain/answer.ts'
import type { ExitCode, Io } from './io.ts'
import { table } from './table.ts'

/** Prints what runs. 1 when a stack's desired state failed, whether the last good one runs or not. */
export function printStatus(io: Io, answer: StatusAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else writeText(io, answer)
  return answer.stacks.some(({ state }) => state === 'failed' || state === 'rolled-back') ? 1 : 0
}

function writeText(io: Io, { revision, pending, stacks }: StatusAnswer): void {
  const rows = stacks.flatMap(({ name, state, services, reason, commit }) => {
    const head = [name, state, commit?.slice(0, 12) ?? '', '', '', '', reason]
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
  io.write(`at ${revision ?? 'no commit yet'}, ${pending} events pending\n`)
}
