import type { CheckAnswer, ExplainAnswer, PastDeployment } from '../src/domain/answer.ts'
import { asMagosError } from '../src/domain/error.ts'
import { holdRemedy } from '../src/domain/hold.ts'
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
  const asked = await askGit(ctx, stack, known === undefined ? 'must' : 'may', signal)
  const failure = latestFailure(ctx.history, stack)
  const { state, reason, commit } = known ?? { state: 'unknown', reason: '', commit: null }
  const { revision, held, updates, current, refused, unknown } = asked
  return {
    stack,
    state,
    reason,
    commit,
    revision,
    deployments: tellingDeployments(ctx, stack),
    words: failure?.words ?? '',
    held,
    updates,
    current,
    refused,
    unknown,
    remedies: [
      ...new Set([
        ...remediesOf(stack, state, commit),
        ...held.flatMap(({ remedy }) => remedy ?? []),
      ]),
    ],
  }
}

/** Back to the last one that came to a good end with something to do. */
function tellingDeployments({ history }: ExplainContext, stack: string): PastDeployment[] {
  const own = history.deployments(10_000).filter((one) => one.stack === stack)
  const last = own.findIndex(({ outcome }) => outcome === 'succeeded')
  return own.slice(0, last === -1 ? 5 : Math.min(last + 1, 5)).map(pastDeployment)
}

type Asked = Pick<ExplainAnswer, 'revision' | 'refused' | 'unknown'> &
  Pick<CheckAnswer, 'held' | 'updates' | 'current'>

/** `must`: nobody but git knows the stack. */
async function askGit(
  ctx: ExplainContext,
  stack: string,
  need: 'must' | 'may',
  signal: AbortSignal,
): Promise<Asked> {
  const nothing = { revision: null, held: [], updates: [], current: [], refused: [], unknown: [] }
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
        revision: commit,
        unknown: [`git has no stack "${stack}" for this host any more`],
      }
    }
    const { due, refused } = namedStacks(view, stack)
    const own = { ...view, stacks: due, lines: { ...view.lines, scan: null } }
    const { held, updates, current } = await checkView({ ...ctx, source }, own, signal)
    return { ...nothing, revision: commit, held, updates, current, refused }
  } catch (thrown) {
    signal.throwIfAborted()
    const { code, message } = asMagosError(thrown)
    if (need === 'must' || code === 'usage') throw thrown
    return { ...nothing, unknown: [`the repository was not asked: ${message}`] }
  }
}

function remediesOf(
  stack: string,
  state: ExplainAnswer['state'],
  proven: string | null,
): readonly string[] {
  switch (state) {
    case 'held':
      return [holdRemedy(stack)]
    case 'failed':
    case 'rolled-back':
      return [
        `Commit a change, or try it again with: magos sync ${stack}`,
        ...(proven === null
          ? []
          : [`Go back to what was proven before with: magos rollback ${stack}`]),
      ]
    case 'drifted':
      return [`Put it right now with: magos sync ${stack}`]
    case 'vanished':
      return ['Bring its directory back in git, or let its containers go when their time is over']
    case 'proven':
    case 'deploying':
    case 'unknown':
      return []
  }
}
