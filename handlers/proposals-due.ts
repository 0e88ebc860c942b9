import type { HeldImage } from '../src/domain/answer/check.ts'
import type { ProposalsAnswer } from '../src/domain/answer/sync.ts'
import { asMagosError, type ErrorCode, type MagosError } from '../src/domain/error.ts'
import type { ProposalsDue } from '../src/domain/event.ts'
import { branchPrefix } from '../src/domain/proposal/group.ts'
import type { Update } from '../src/domain/update.ts'
import type { PullRequest } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import { toAskAgain, tryLater } from './steps/ask-again.ts'
import { heldUpdate } from './steps/edit-files.ts'
import { findUpdates, type FoundUpdates } from './steps/find-updates.ts'
import { groupProposals, type FoundGroup } from './steps/group-proposals.ts'
import { closeOvertaken, proposeGroup, type ProposalContext } from './steps/propose-group.ts'
import { viewRepository } from './steps/view-repository.ts'
import { withoutPullRequests } from './steps/without-pull-requests.ts'
import type { RepositoryView } from './views.ts'

/**
 * Lets every group of images that are delivered by pull request have the one that it wants: opened, brought up to date,
 * merged or closed. GitHub is asked for what is there and what people said about it, each time anew.
 */
export async function proposalsDue(
  ctx: Context,
  event: ProposalsDue,
  signal: AbortSignal,
): Promise<Handled<ProposalsAnswer>> {
  const { answer, followUps, failure, found } = await lookAtProposals(ctx, event, signal)
  if (failure !== null) {
    // What was merged must be told of, so that the rest follows as an event of its own.
    if (followUps.length === 0) throw failure
    return { answer, followUps: [...followUps, { event, origin: { source: 'own' } }], next: 'done' }
  }
  tryLater(toAskAgain(event, found.unanswered), ctx.now)
  return { answer, followUps, next: 'done' }
}

export interface ProposalsLook {
  readonly answer: ProposalsAnswer
  readonly followUps: Handled['followUps']
  /** Why GitHub could not be asked for all of it. */
  readonly failure: MagosError | null
  readonly found: FoundUpdates
}

/** The same for somebody who waits for an answer: what GitHub refuses is told in it and thrown at nobody. */
export async function lookAtProposals(
  ctx: Context,
  due: Pick<ProposalsDue, 'repositories' | 'branches'>,
  signal: AbortSignal,
): Promise<ProposalsLook> {
  return ctx.lanes.alone('proposal', () => propose(ctx, due, signal), signal)
}

async function propose(
  ctx: Context,
  { repositories, branches }: Pick<ProposalsDue, 'repositories' | 'branches'>,
  signal: AbortSignal,
): Promise<ProposalsLook> {
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const hearing = ctx.heard.pr.begin({ repositories, origins: ctx.origins })
  const asked = { repositories, branches, mode: 'pr', hearing } as const
  const found = await findUpdates(ctx, view, asked, signal)
  const groups = groupProposals(found, view.settings.delivery, ctx.host.name)
  const pass: Pass = { view, found, groups, complete: repositories === 'all', branches }
  const work =
    ctx.proposals === null
      ? { commits: [], held: withoutPullRequests(found.updates), failure: null }
      : await workThrough({ ...ctx, proposals: ctx.proposals }, pass, signal)
  for (const commit of work.commits) ctx.history.committed(commit, ctx.now)
  logHeld(ctx, work.held)
  return {
    answer: { commits: work.commits, held: [...found.held, ...work.held] },
    followUps: work.commits.map((ref) => ({
      event: { kind: 'revision-pushed' },
      origin: { source: 'own', ref },
    })),
    failure: work.failure,
    found,
  }
}

interface Pass {
  readonly view: RepositoryView
  readonly found: FoundUpdates
  readonly groups: readonly FoundGroup[]
  /** Whether every group there is was looked at. */
  readonly complete: boolean
  /** Of pull requests that something happened to. */
  readonly branches: readonly string[]
}

interface Work {
  readonly commits: readonly string[]
  readonly held: readonly HeldImage[]
  readonly failure: MagosError | null
}

async function workThrough(ctx: ProposalContext, pass: Pass, signal: AbortSignal): Promise<Work> {
  const { groups, complete, found, branches } = pass
  const commits: string[] = []
  const held: HeldImage[] = []
  let failure: MagosError | null = null
  const prefix = branchPrefix(ctx.host.name)
  // Nobody asked for any of this: no permission for it is no trouble.
  const idle = groups.length === 0
  if (idle && !complete && branches.length === 0) return { commits, held, failure }
  const open = await attempt(() => ctx.proposals.open(prefix, signal), signal)
  if ('error' in open) {
    const { error } = open
    const silent = idle && error.code === 'unauthorized'
    return { commits, held: failed(found.updates, error), failure: silent ? null : error }
  }
  const due = new Map(open.value.map((pull) => [pull.branch, pull]))
  for (const group of groups) {
    const pull = due.get(group.branch) ?? null
    due.delete(group.branch)
    const done = await attempt(() => proposeGroup(ctx, pass, group, pull, signal), signal)
    if ('value' in done) {
      held.push(...done.value.held)
      commits.push(...done.value.commits)
      continue
    }
    held.push(...failed(group.updates, done.error))
    failure ??= passing(done.error) ? done.error : null
    if (everybodys.has(done.error.code)) break
  }
  if (failure === null) failure = await tidyUp(ctx, pass, complete ? [...due.values()] : [], signal)
  return { commits, held, failure }
}

/** Pull requests of groups that are no more, and branches of those that were merged. */
async function tidyUp(
  ctx: ProposalContext,
  { found, complete, branches }: Pass,
  left: readonly PullRequest[],
  signal: AbortSignal,
): Promise<MagosError | null> {
  const done = await attempt(async () => {
    // In a repository that does not read, nobody knows what is not wanted any more.
    const readable = found.problems.every(({ severity }) => severity !== 'error')
    for (const pull of readable ? left : []) await closeOvertaken(ctx, pull, gone, signal)
    if (!complete && branches.length === 0) return
    const removed = await ctx.proposals.tidy(branchPrefix(ctx.host.name), signal)
    for (const branch of removed) ctx.log.info({ branch }, 'Branch removed: it was merged')
  }, signal)
  return 'error' in done && passing(done.error) ? done.error : null
}

const gone = 'nothing in the repository asks for it any more'

/** What meets every pull request alike. */
const everybodys: ReadonlySet<ErrorCode> = new Set(['rate-limit', 'unauthorized', 'network'])

/** What the next try may find mended. */
function passing({ code }: MagosError): boolean {
  return everybodys.has(code) || code === 'github' || code === 'protocol'
}

function failed(updates: readonly Update[], error: MagosError): HeldImage[] {
  const { message: reason, remedy = 'Look at the pull requests on GitHub' } = error
  const waits = error.code === 'rate-limit'
  return updates.map((update) => {
    const held = heldUpdate(update, { reason, remedy })
    return waits ? { ...held, kind: 'waits' } : held
  })
}

async function attempt<T>(
  act: () => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly value: T } | { readonly error: MagosError }> {
  try {
    return { value: await act() }
  } catch (thrown) {
    signal.throwIfAborted()
    return { error: asMagosError(thrown) }
  }
}

function logHeld({ log }: Context, held: readonly HeldImage[]): void {
  for (const { image, file, line, column, reason, remedy, kind } of held) {
    const fields = { image, file, line, column, remedy }
    if (kind === 'waits') log.debug(fields, `Image waits: ${reason}`)
    else log.warn(fields, `Image held: ${reason}`)
  }
}
