import { MagosError } from '../../domain/error.ts'
import type { CommitOutcome, CommitProposal, Log } from '../../ports.ts'
import { field, textField } from './answer.ts'
import type { Writes } from './budget.ts'
import type { Client } from './client.ts'
import { readRule } from './rules.ts'

/** Calls that one commit takes before any ref is moved to it. */
export const writesOfObjects = 2

export interface WriteContext {
  readonly client: Client
  readonly repository: { readonly owner: string; readonly repo: string }
  /** The branch that it is for. */
  readonly branch: string
  readonly writes: Writes
  readonly log: Log
}

/**
 * Makes tree and commit, and moves nothing: what no ref is moved to in the end is a loose object and nothing else.
 * https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-your-git-database
 */
export async function writeCommit(
  ctx: WriteContext,
  proposal: CommitProposal,
  signal: AbortSignal,
): Promise<Extract<CommitOutcome, { outcome: 'committed' | 'empty' | 'held' }>> {
  const tree = await write(ctx, 'trees', treeBody(proposal), signal)
  if (tree.outcome !== 'made') return tree
  if (tree.sha === proposal.parent.tree) return { outcome: 'empty' }
  // Without author and committer GitHub commits as the App, and signs.
  const body = { message: proposal.message, tree: tree.sha, parents: [proposal.parent.commit] }
  const made = await write(ctx, 'commits', body, signal)
  if (made.outcome !== 'made') return made
  if (field(made.data, ['verification', 'verified']) !== true) {
    ctx.log.warn({ commit: made.sha }, 'GitHub did not sign the commit')
  }
  return { outcome: 'committed', revision: { commit: made.sha, tree: tree.sha } }
}

function treeBody({ parent, files }: CommitProposal): Readonly<Record<string, unknown>> {
  const tree = files.map(({ path, mode, content }) => ({ path, mode, type: 'blob', content }))
  return { base_tree: parent.tree, tree }
}

interface Made {
  readonly outcome: 'made'
  readonly sha: string
  readonly data: unknown
}

/** Makes an object, which moves nothing: one that GitHub may or may not have made is simply made again some other time. */
async function write(
  ctx: WriteContext,
  kind: 'trees' | 'commits',
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Made | Extract<CommitOutcome, { outcome: 'held' }>> {
  const { client, repository, writes, branch } = ctx
  const action = `Write ${kind === 'trees' ? 'the tree' : 'the commit'} for "${branch}" of "${repository.owner}/${repository.repo}"`
  writes.spend()
  const route = `POST /repos/{owner}/{repo}/git/${kind}`
  const reply = await client.send(route, { ...repository, ...body }, { action, signal })
  if (reply.outcome === 'done') {
    const sha = textField(reply.data, 'sha')
    if (sha !== null) return { outcome: 'made', sha, data: reply.data }
    throw new MagosError('protocol', `${action}: the answer has no sha`)
  }
  const rule = reply.outcome === 'refused' ? readRule(reply, branch) : null
  if (rule === null) throw reply.error
  return rule
}
