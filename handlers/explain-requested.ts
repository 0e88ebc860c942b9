import type { CheckAnswer } from '../src/domain/answer/check.ts'
import type { ExplainAnswer } from '../src/domain/answer/explain.ts'
import type { PastDeployment } from '../src/domain/answer/history.ts'
import type { StackStatus } from '../src/domain/answer/status.ts'
import { asMagosError } from '../src/domain/error.ts'
import type { Trouble } from '../src/domain/deploy/trouble.ts'
import { guidanceOf, type Guidance } from '../src/domain/guidance.ts'
import type { Source } from '../src/ports.ts'
import type { CheckContext, StatusContext } from './context.ts'
import { checkView } from './check-requested.ts'
import { pastDeployment } from './history-requested.ts'
import { statusRequested } from './status-requested.ts'
import { latestFailure } from './steps/latest-failure.ts'
import { namedStacks } from './steps/named-stacks.ts'
import { viewRepository } from './steps/view-repository.ts'

/** What it takes to tell why a stack is as it is. */
export type ExplainContext = StatusContext &
  Omit<CheckContext, 'source'> & { openSource(): Promise<Source> }

/**
 * Why a stack was last changed, by which event, what was compared, what waits and what a person can do. What this host
 * remembers is told though git and registries are away. Throws `usage` for a stack that nobody knows.
 */
export async function explainRequested(
  ctx: ExplainContext,
  stack: string,
  signal: AbortSignal,
): Promise<ExplainAnswer> {
  const status = await statusRequested(ctx, signal)
  const known = status.stacks.find(({ name }) => name === stack)
  const deployments = tellingDeployments(ctx, stack)
  const isRemembered = known !== undefined || deployments.length > 0
  const asked = await askGit(ctx, stack, isRemembered ? 'may' : 'must', signal)
  const failure = latestFailure(ctx.history, stack)
  const row: Explained = known ?? (asked.place === 'left' ? GONE : UNKNOWN)
  const { state, reason, commit, remedy } = row
  const { revision, held, updates, current, refused, unknown } = asked
  return {
    stack,
    state,
    reason,
    ...guidanceOf(row),
    commit,
    revision,
    deployments,
    words: failure?.words ?? '',
    mended: mendedOf(ctx.upkeep.trouble(stack)),
    held,
    updates,
    current,
    refused,
    unknown,
    remedies: [
      ...new Set([
        ...remediesOf(stack, remedy, { state, commit, deployments }),
        ...[...refused, ...held].flatMap((one) => one.remedy ?? []),
      ]),
    ],
  }
}

type Explained = Pick<StackStatus, 'state' | 'reason' | 'commit' | keyof Guidance>

const GONE: Explained = {
  state: 'gone',
  reason: 'it left the repository, and nothing of it runs here',
  commit: null,
}

const UNKNOWN: Explained = { state: 'unknown', reason: '', commit: null }

function mendedOf(trouble: Trouble | null): ExplainAnswer['mended'] {
  if (trouble === null || trouble.failures > 0 || trouble.mends === 0) return null
  const [since, at] = [trouble.since, trouble.at].map((time) => new Date(time).toISOString())
  return { times: trouble.mends, since: since ?? '', at: at ?? '', reason: trouble.reason }
}

/** Back to the last one that came to a good end with something to do. */
function tellingDeployments({ history }: ExplainContext, stack: string): PastDeployment[] {
  const own = history.deployments(10_000).filter((one) => one.stack === stack)
  const last = own.findIndex(({ outcome }) => outcome === 'succeeded')
  return own.slice(0, last === -1 ? 5 : Math.min(last + 1, 5)).map(pastDeployment)
}

type Asked = Pick<ExplainAnswer, 'revision' | 'refused' | 'unknown'> &
  Pick<CheckAnswer, 'held' | 'updates' | 'current'> & {
    /** Whether the branch has such a stack for this host. */
    readonly place: 'there' | 'left' | 'unasked'
  }

/** `must`: nobody but git knows the stack. */
async function askGit(
  ctx: ExplainContext,
  stack: string,
  need: 'must' | 'may',
  signal: AbortSignal,
): Promise<Asked> {
  const none = { revision: null, held: [], updates: [], current: [], refused: [], unknown: [] }
  const nothing = { ...none, place: 'unasked' } as const
  try {
    const source = await ctx.openSource()
    const revision = await source.head(signal)
    const view = await viewRepository({ ...ctx, source }, revision, signal)
    const isThere = [...view.stacks, ...view.refused].some(
      (one) => ('name' in one ? one.name : one.stack) === stack,
    )
    const { commit } = revision
    if (!isThere && need === 'may') {
      return {
        ...nothing,
        place: 'left',
        revision: commit,
        unknown: [`git has no stack "${stack}" for this host any more`],
      }
    }
    const { due, refused } = namedStacks(view, stack)
    const own = { ...view, stacks: due, lines: { ...view.lines, scan: null } }
    const { held, updates, current } = await checkView({ ...ctx, source }, own, signal)
    return { ...none, place: 'there', revision: commit, held, updates, current, refused }
  } catch (thrown) {
    signal.throwIfAborted()
    const { code, message } = asMagosError(thrown)
    if (need === 'must' || code === 'usage') throw thrown
    return { ...nothing, unknown: [`the repository was not asked: ${message}`] }
  }
}

/** Back go images alone: where the failed state changed none, there is nothing to go back to by that way. */
function remediesOf(
  stack: string,
  remedy: string | undefined,
  { state, commit, deployments }: Pick<ExplainAnswer, 'state' | 'commit' | 'deployments'>,
): readonly string[] {
  const isFailed = state === 'failed' || state === 'rolled-back'
  const ended = deployments.find(({ outcome }) => outcome === 'failed' || outcome === 'rolled-back')
  const changes = ended?.services ?? []
  const isMoved = changes.some(({ from, to }) => from !== null && from !== to)
  const back = `Go back to what was proven before with: magos rollback ${stack}`
  const isBack = isFailed && isMoved && commit !== null
  return [...(remedy === undefined ? [] : [remedy]), ...(isBack ? [back] : [])]
}
