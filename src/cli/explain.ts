import type { ExplainAnswer } from '../domain/answer/explain.ts'
import { actionText } from '../domain/deployment.ts'
import { deploymentTable } from './history.ts'
import type { ExitCode, Io } from './io.ts'
import { placed, withRemedy } from './remedy.ts'
import { printable } from './table.ts'

/** Prints why a stack is as it is. 0: it is no verdict. */
export function printExplain(io: Io, answer: ExplainAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else writeText(io, answer)
  return 0
}

function writeText(io: Io, answer: ExplainAnswer): void {
  const { stack, commit, revision, deployments, words, mended } = answer
  io.write(`stack "${stack}" is ${printable(stateText(answer))}\n`)
  io.write(`proven at ${commit ?? 'no commit yet'}, ${headText(revision)}\n`)
  if (deployments.length > 0) io.write(`\n${deploymentTable(io, deployments)}`)
  for (const { services } of deployments.slice(0, 1)) {
    if (services.length > 0) io.write('\nwhat the latest did:\n')
    for (const one of services) {
      const { name, reasons } = one
      io.write(
        `  ${actionText(one)} ${name}${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`}\n`,
      )
    }
  }
  if (mended !== null) io.write(`\n${printable(mendedText(mended))}\n`)
  if (words !== '') io.write(`\nwritten last:\n${indented(words)}`)
  writeLines(io, answer)
}

function headText(revision: string | null): string {
  if (revision === 'working-tree') return 'compared with this working tree, for MD_REPO is not set'
  return `the branch is at ${revision ?? 'unknown'}`
}

function mendedText({ times, since, at, reason }: NonNullable<ExplainAnswer['mended']>): string {
  const often =
    times === 1 ? `put right at ${at}` : `put right ${times} times since ${since}, last at ${at}`
  return `${often}: ${reason}`
}

/** Most reasons of a state name it themselves. */
function stateText(answer: ExplainAnswer): string {
  const { state, reason } = answer
  if (reason === '') return state === 'unknown' ? 'unknown: it was never deployed here' : state
  const told = placed(reason, answer)
  return reason.startsWith(state.replace('-', ' ')) ? told : `${state}: ${told}`
}

function writeLines(
  io: Io,
  { held, updates, current, refused, unknown, remedies }: ExplainAnswer,
): void {
  const lines = [
    ...refused.map((one) => placed(`refused: ${withRemedy(one.reason, one.remedy)}`, one)),
    ...updates.map(({ file, line, to, reason, mode }) => {
      const way = mode === 'pr' ? ' by pull request' : ''
      return `${file}:${line}: due${way} is ${to}: ${reason}`
    }),
    ...held.map(({ file, line, image, kind, reason }) => {
      return `${file}:${line}: ${image} ${kind === 'waits' ? 'waits' : 'is held'}: ${reason}`
    }),
    ...current.map(({ file, line, image, reason }) => `${file}:${line}: ${image} stays: ${reason}`),
    ...unknown,
  ]
  if (lines.length > 0) io.write(`\n${lines.map((line) => `${printable(line)}\n`).join('')}`)
  if (remedies.length > 0) io.write('\nwhat you can do:\n')
  for (const remedy of remedies) io.write(`  ${remedy}\n`)
}

function indented(words: string): string {
  return words
    .split('\n')
    .map((line) => `  ${printable(line)}\n`)
    .join('')
}
