import type { SyncAnswer } from '../domain/answer/sync.ts'
import { isTouched, type Deployment } from '../domain/deployment.ts'
import type { ExitCode, Io } from './io.ts'
import { placed, withRemedy } from './remedy.ts'
import { table } from './table.ts'

/** Prints what one whole pass did. 1 when a stack failed or a person is needed. */
export function printSync(io: Io, answer: SyncAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else writePass(io, answer)
  return isTrouble(answer) ? 1 : 0
}

/** Whether a stack failed or a person is needed. */
export function isTrouble({ deployments, held }: SyncAnswer): boolean {
  return deployments.some(needsPerson) || held.some(({ kind }) => kind === 'problem')
}

function needsPerson({ outcome, remedy, hold }: Deployment): boolean {
  if (outcome === 'failed' || outcome === 'rolled-back') return true
  // What somebody wants held needs nobody.
  return outcome === 'held' && remedy !== undefined && hold === undefined
}

/** What a pass did, for people. */
export function writePass(io: Io, { revision, commits, held, deployments }: SyncAnswer): void {
  for (const commit of commits) io.write(`committed ${commit}\n`)
  for (const { file, line, image, reason, remedy } of held) {
    io.note(`${file}:${line}: ${image} held: ${withRemedy(reason, remedy)}\n`)
  }
  if (deployments.length > 0) {
    const rows = deployments.map((one) => [one.stack, one.outcome, changes(one), why(one)])
    io.write(table(io, ['STACK', 'OUTCOME', 'SERVICES', 'WHY'], rows))
  }
  io.write(`at ${revision}\n`)
}

function changes({ outcome, services }: Deployment): string {
  // What would be done to it is for `plan` to show.
  if (outcome === 'held') return ''
  return services
    .filter(isTouched)
    .map(({ name, action, and = [action] }) => `${and.join(', ')} ${name}`)
    .join(', ')
}

function why(deployment: Deployment): string {
  const { reason, remedy } = deployment
  return placed(withRemedy(reason, remedy), deployment)
}
