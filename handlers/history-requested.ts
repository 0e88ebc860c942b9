import type { HistoryAnswer, PastDeployment } from '../src/domain/answer/history.ts'
import { MagosError } from '../src/domain/error.ts'
import { originText } from '../src/domain/origin.ts'
import type { DeploymentRecord, History } from '../src/ports.ts'

/** All that the history keeps. */
const ALL = 10_000

/** What was deployed on this host, or of one stack, newest first. Throws `usage` for a stack that never was. */
export function historyRequested(
  { history }: { readonly history: Pick<History, 'deployments'> },
  { stack, limit }: { readonly stack: string | null; readonly limit: number },
): HistoryAnswer {
  const records = history.deployments(ALL)
  const wanted = stack === null ? records : records.filter((one) => one.stack === stack)
  if (stack !== null && wanted.length === 0) throw unknown(stack, records)
  return { deployments: wanted.slice(0, limit).map(pastDeployment) }
}

export function pastDeployment(record: DeploymentRecord): PastDeployment {
  const { stack, commit, outcome, reason, startedAt, endedAt, cause } = record
  return {
    stack,
    commit,
    outcome,
    reason,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    event: originText(cause?.origin ?? null),
    delivery: cause?.origin?.delivery ?? null,
    services: cause?.services ?? [],
  }
}

function unknown(stack: string, records: readonly DeploymentRecord[]): MagosError {
  const names = [...new Set(records.map((one) => one.stack))].toSorted().join(', ')
  return new MagosError(
    'usage',
    `Cannot find stack "${stack}" in this host's history: there are ${names || 'none'}`,
    { remedy: 'Name one of them, or deploy it with: magos sync' },
  )
}
