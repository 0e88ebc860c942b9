import type { HistoryAnswer, PastDeployment } from '../domain/answer/history.ts'
import type { ExitCode, Io } from './io.ts'
import { table } from './table.ts'

const HEADS = ['WHEN', 'STACK', 'COMMIT', 'OUTCOME', 'IMAGES', 'EVENT', 'WHY']

/** Prints what was deployed, newest first. */
export function printHistory(io: Io, answer: HistoryAnswer): ExitCode {
  if (io.format === 'json') io.write(`${JSON.stringify(answer)}\n`)
  else if (answer.deployments.length === 0) io.write('nothing was deployed here yet\n')
  else io.write(deploymentTable(io, answer.deployments))
  return 0
}

/** The deployments with what they changed. */
export function deploymentTable(io: Io, deployments: readonly PastDeployment[]): string {
  const rows = deployments.map((one) => [
    one.startedAt.replace(/\.\d+Z$/u, 'Z'),
    one.stack,
    one.commit.slice(0, 12),
    one.outcome ?? 'running',
    imagesOf(one),
    one.event,
    one.reason,
  ])
  return table(io, HEADS, rows)
}

/** What stands behind the last slash says enough; the digest where nothing else changed. */
function imagesOf({ services }: PastDeployment): string {
  return services
    .filter(({ action, from, to }) => action !== 'keep' && from !== to)
    .map(({ name, from, to }) => `${name}: ${short(from)} → ${short(to)}`)
    .join(', ')
}

function short(image: string | null): string {
  if (image === null) return 'none'
  return image.slice(image.lastIndexOf('/') + 1).replace(/@sha256:([0-9a-f]{12})[0-9a-f]*$/u, '@$1')
}
