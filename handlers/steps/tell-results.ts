import type { Deployment } from '../../src/domain/deployment.ts'
import type { Event, UpdateFailed } from '../../src/domain/event.ts'
import type { FailedState } from '../../src/ports.ts'
import type { Context, Handled } from '../context.ts'
import type { StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'
import { latestTrouble } from './latest-failure.ts'
import { deploymentReport, hostReport, stackReport, wasDeployed } from './report-stacks.ts'

/** A look at the repository, and whether this host had not been brought to its commit before. */
export interface Arrival {
  readonly view: RepositoryView
  readonly arrived: boolean
}

/** What follows from results: what failed and git still wants, and reports of what is news. */
export function eventsOf(
  ctx: Context,
  { view: { revision }, arrived }: Arrival,
  results: readonly StackResult[],
): readonly Event[] {
  const failures = results.flatMap(({ failure }) => (failure ? [updateFailed(ctx, failure)] : []))
  const news = results.filter((result) => result.news === 'news' && ctx.reports !== null)
  const reports = [
    ...news.map(({ deployment }) => stackReport(ctx, revision, deployment)),
    ...news.flatMap(({ deployment }) => {
      return deploymentReport(ctx, revision, deployment, arrived ? 'arrived' : 'again')
    }),
  ]
  return [...failures, ...reports.map((report): Event => ({ kind: 'report-due', report }))]
}

/** Raised by every pass, until git wants another state: nobody has to remember whether it was worked off. */
function updateFailed(
  { history }: Context,
  { stack, commit, reason, words }: FailedState,
): UpdateFailed {
  const proven = history.proven(stack)?.commit ?? null
  return { kind: 'update-failed', stack, commit, proven, reason, words }
}

/** How the whole host is: by these results, and as it is remembered of the stacks that have none. */
export function hostEvents(
  ctx: Context,
  view: RepositoryView,
  results: readonly StackResult[],
): readonly Event[] {
  if (ctx.reports === null) return []
  const deployments = results.map(({ deployment }) => deployment)
  const named = deployments.map(({ stack }) => stack)
  const all = [...deployments, ...asRemembered(ctx, view, named)]
  return [{ kind: 'report-due', report: hostReport(ctx, view.revision, all) }]
}

/** What became of the stacks beside these, so that the host's status is about all of them. */
function asRemembered(
  { history }: Context,
  { stacks, refused, revision }: RepositoryView,
  beside: readonly string[],
): readonly Pick<Deployment, 'outcome'>[] {
  const known = stacks
    .filter(({ name }) => !beside.includes(name))
    .map(({ name }): Pick<Deployment, 'outcome'> => {
      const trouble = latestTrouble(history, name)
      if (trouble !== null) return trouble
      if (history.proven(name) === null) return { outcome: 'held' }
      // By another pass of the same commit, which may have ended a moment ago.
      return { outcome: wasDeployed(history, name, revision.commit) ? 'succeeded' : 'unchanged' }
    })
  const others = new Set(
    refused.map(({ stack }) => stack).filter((stack) => !beside.includes(stack)),
  )
  return [...known, ...[...others].map(() => ({ outcome: 'failed' }) as const)]
}

export function asFollowUps(events: readonly Event[]): Handled['followUps'] {
  return events.map((event) => ({ event, origin: { source: 'own' } }))
}
