import type { DeployAnswer } from '../src/domain/answer.ts'
import type { Deployment, ObservedState } from '../src/domain/deployment.ts'
import type { Event, Origin, RevisionPushed, StatusReport } from '../src/domain/event.ts'
import type { RefusedStack } from '../src/domain/stack.ts'
import type { Context, Handled } from './context.ts'
import { deployStack, type Asked, type StackResult } from './steps/deploy-stack.ts'
import { inParallel } from './steps/in-parallel.ts'
import { viewRepository, type RepositoryView } from './steps/view-repository.ts'

/** Stacks deployed at once; each has its own project, so they do not meet. */
const STACKS_AT_ONCE = 4

/** Brings this host's stacks to the branch head and tells what became of them. */
export async function revisionPushed(
  ctx: Context,
  _event: RevisionPushed,
  signal: AbortSignal,
): Promise<Handled<DeployAnswer>> {
  return deployRevision(ctx, { stack: null, asked: 'by-event' }, signal)
}

/** The same for one stack or all of them, asked for by an event or a person. */
export async function deployRevision(
  ctx: Context,
  { stack, asked }: { readonly stack: string | null; readonly asked: Asked },
  signal: AbortSignal,
): Promise<Handled<DeployAnswer>> {
  const revision = await ctx.source.head(signal)
  const [view, observed] = await Promise.all([
    viewRepository(ctx, revision, signal),
    ctx.engine.observe(signal),
  ])
  const results = await deployStacks(ctx, view, observed, { stack, asked }, signal)
  const deployments = results.map(({ deployment }) => deployment)
  const arrived = ctx.history.reached() !== revision.commit
  ctx.history.reach(revision.commit, ctx.now)
  const reports = ctx.reports === null ? [] : reportsOf(ctx, revision.commit, results, arrived)
  return {
    answer: { revision: revision.commit, deployments },
    followUps: reports.map((report) => followUp({ kind: 'report-due', report })),
    next: 'done',
  }
}

async function deployStacks(
  ctx: Context,
  view: RepositoryView,
  observed: ObservedState,
  { stack, asked }: { readonly stack: string | null; readonly asked: Asked },
  signal: AbortSignal,
): Promise<StackResult[]> {
  const due = view.stacks.filter(({ name }) => stack === null || name === stack)
  const refused = view.refused.filter((one) => stack === null || one.stack === stack)
  const deployed = await inParallel(STACKS_AT_ONCE, due, (one) =>
    deployStack(ctx, view, one, observed, asked, signal),
  )
  return [...refused.map((one) => refusedStack(ctx, one)), ...deployed].toSorted((a, b) =>
    a.deployment.stack < b.deployment.stack ? -1 : 1,
  )
}

function refusedStack(ctx: Context, { stack, reason, remedy, file }: RefusedStack): StackResult {
  ctx.log.error({ stack, file, remedy }, `Stack refused: ${reason}`)
  const deployment: Deployment = { stack, outcome: 'failed', services: [], reason, remedy, file }
  return { deployment, news: 'news' }
}

/** One status for the host, and one for each stack that has news. */
function reportsOf(
  ctx: Context,
  commit: string,
  results: readonly StackResult[],
  arrived: boolean,
): StatusReport[] {
  const host = `magos/${ctx.host.name}`
  const told = results.filter(({ news }) => news === 'news')
  const stacks = told.map(({ deployment }): StatusReport => ({
    commit,
    context: `${host}/${deployment.stack}`,
    state: stateOf([deployment]),
    description: description(deployment.reason),
  }))
  if (stacks.length === 0 && !arrived) return []
  const deployments = results.map(({ deployment }) => deployment)
  const state = stateOf(deployments)
  return [{ commit, context: host, state, description: summary(deployments) }, ...stacks]
}

function stateOf(deployments: readonly Deployment[]): StatusReport['state'] {
  if (deployments.some(({ outcome }) => outcome === 'failed' || outcome === 'rolled-back')) {
    return 'failure'
  }
  return deployments.some(({ outcome }) => outcome === 'held') ? 'pending' : 'success'
}

function summary(deployments: readonly Deployment[]): string {
  const counts = [...Map.groupBy(deployments, ({ outcome }) => outcome)].map(
    ([outcome, list]) => `${list.length} ${outcome}`,
  )
  return description(counts.length === 0 ? 'no stacks on this host' : counts.toSorted().join(', '))
}

/** GitHub takes 140 characters. */
function description(text: string): string {
  return text.length <= 140 ? text : `${text.slice(0, 139)}…`
}

function followUp(event: Event): { readonly event: Event; readonly origin: Origin } {
  return { event, origin: { source: 'own' } }
}
