import type { HeldImage } from '../../src/domain/answer/check.ts'
import { MagosError } from '../../src/domain/error.ts'
import { revertBranch } from '../../src/domain/proposal/group.ts'
import type { PutBack } from '../../src/domain/revert.ts'
import type { CommitProposal, Proposals, PullRequest } from '../../src/ports.ts'
import type { Context } from '../context.ts'

type ProposeContext = Pick<Context, 'host' | 'log'> & { readonly proposals: Proposals }

/**
 * The same commit as a pull request, where the branch takes none of ours directly. One that says so already is left as it
 * is, and one that a person closed is not opened again. Null where none can be made.
 */
export async function proposeBack(
  { proposals, host, log }: ProposeContext,
  { stack, back }: { readonly stack: string; readonly back: readonly PutBack[] },
  commit: CommitProposal,
  why: string,
  signal: AbortSignal,
): Promise<readonly HeldImage[] | null> {
  const branch = revertBranch(host.name, stack)
  const said = (pull: PullRequest) => pull.message?.trim() === commit.message.trim()
  const open = (await proposals.open(branch, signal)).find((pull) => pull.branch === branch)
  if (open !== undefined && said(open)) return waiting(back, open)
  const declined = (await proposals.past(branch, signal)).find(
    (pull) => pull.state === 'closed' && said(pull),
  )
  if (declined !== undefined) return closed(back, declined)
  const [title = '', ...rest] = commit.message.split('\n')
  const body = [`This is no commit of the branch itself: ${why}.`, '', ...rest.map(quoted)]
  const pull = { branch, title, body: body.join('\n'), commit, labels: [], reviewers: [] }
  const outcome = await propose(proposals, pull, signal)
  if (outcome.outcome !== 'opened' && outcome.outcome !== 'updated') return null
  log.info({ pull: outcome.number, url: outcome.url, branch }, `Pull request ${outcome.outcome}`)
  return waiting(back, outcome)
}

/** An App that may not write pull requests has none: then the branch's own obstacle is what to tell. */
async function propose(
  proposals: Proposals,
  pull: Parameters<Proposals['propose']>[0],
  signal: AbortSignal,
) {
  try {
    return await proposals.propose(pull, signal)
  } catch (error) {
    if (error instanceof MagosError && error.code === 'unauthorized') {
      return { outcome: 'held' } as const
    }
    throw error
  }
}

/** As code, so that nothing in it is read as markup. */
function quoted(line: string): string {
  return line === '' ? '' : `    ${line}`
}

type Told = Pick<PullRequest, 'number' | 'url'>

function waiting(back: readonly PutBack[], { number, url }: Told): HeldImage[] {
  return back.map(({ image, from }) => {
    const { file, line, column, text } = image
    const what = from.tag ?? from.digest ?? from.text
    const reason = `"${what}" is taken back by pull request #${number} once it is merged (${url})`
    const remedy = `Merge pull request #${number}`
    return { file, line, column, image: text, reason, remedy, kind: 'waits' }
  })
}

function closed(back: readonly PutBack[], { number, url }: Told): HeldImage[] {
  return back.map(({ image }) => {
    const { file, line, column, text } = image
    const reason = `pull request #${number}, which takes it back, was closed (${url})`
    const remedy = 'Change the line by hand, or open that pull request again'
    return { file, line, column, image: text, reason, remedy, kind: 'problem' }
  })
}
