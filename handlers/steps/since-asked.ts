import { planOf, type Deployment } from '../../src/domain/deployment.ts'
import { originText } from '../../src/domain/origin.ts'
import type { DeploymentRecord } from '../../src/ports.ts'
import type { Context } from '../context.ts'

/**
 * What became of stacks since somebody asked for it: an event that was at it before may have done the work, and then there
 * was nothing left to do.
 */
export function sinceAsked(
  { history, upkeep }: Pick<Context, 'history' | 'upkeep'>,
  deployments: readonly Deployment[],
  askedAt: number,
): readonly Deployment[] {
  if (deployments.every(({ outcome }) => outcome !== 'unchanged')) return deployments
  const records = history.deployments(NEWEST)
  return deployments.map((one): Deployment => {
    const { stack, outcome } = one
    if (outcome !== 'unchanged') return one
    const record = records.find((known) => known.stack === stack && isEnding(known, askedAt))
    if (record !== undefined) return asRecorded(record)
    const trouble = upkeep.trouble(stack)
    if (trouble === null || trouble.at < askedAt || trouble.mends === 0) return one
    const reason = `put right while this command waited (${trouble.reason})`
    return { stack, outcome: 'succeeded', services: [], reason }
  })
}

/** More than are made while anybody waits. */
const NEWEST = 1_000

/** What was held or refused in between counts for nothing by now. */
function isEnding({ outcome, endedAt }: DeploymentRecord, askedAt: number): boolean {
  const isTelling = outcome === 'succeeded' || outcome === 'rolled-back'
  return isTelling && endedAt !== null && endedAt >= askedAt
}

function asRecorded({ stack, outcome, reason, cause }: DeploymentRecord): Deployment {
  const { origin = null, services = [] } = cause ?? {}
  const by = origin === null ? 'another event' : originText(origin)
  return {
    stack,
    outcome: outcome === 'rolled-back' ? outcome : 'succeeded',
    services: services.map(planOf),
    reason: `done for ${by} while this command waited: ${reason}`,
  }
}
