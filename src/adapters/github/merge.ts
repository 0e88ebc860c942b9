import { MagosError } from '../../domain/error.ts'
import type { MergeOutcome, PullRequest } from '../../ports.ts'
import { textField } from './answer.ts'
import type { Writes } from './budget.ts'
import type { Client } from './client.ts'
import type { PullReader } from './pull-reader.ts'

export interface MergeContext {
  readonly client: Client
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly reader: PullReader
  readonly writes: Writes
}

/** In the order in which they are tried: a repository's settings allow some of them. */
const methods = ['squash', 'merge', 'rebase'] as const

/** https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request, by compare-and-swap on the head that was seen. */
export async function mergePull(
  ctx: MergeContext,
  pull: PullRequest,
  signal: AbortSignal,
): Promise<MergeOutcome> {
  const { client, repository, writes } = ctx
  const { number, head, message } = pull
  const action = `Merge pull request #${number}`
  const route = 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge'
  let reason = ''
  for (const method of methods) {
    const text = method === 'squash' && message !== null ? ownMessage(message, number) : {}
    const parameters = { ...repository, pull_number: number, sha: head, merge_method: method }
    writes.spend()
    const reply = await client.send(route, { ...parameters, ...text }, { action, signal })
    if (reply.outcome === 'done') {
      const commit = textField(reply.data, 'sha')
      if (commit !== null) return { outcome: 'merged', commit }
      throw new MagosError('protocol', `${action}: the answer has no sha`)
    }
    if (reply.outcome === 'unknown') return await lookAfter(ctx, number, reply.error, signal)
    // Not allowed, or the head is another by now.
    if (![405, 409].includes(reply.status)) throw reply.error
    reason ||= reply.message
    if (!/not allowed/iu.test(reply.message)) return { outcome: 'refused', reason: reply.message }
  }
  return { outcome: 'refused', reason }
}

/** The one commit on the branch says what the proposed one said, trailers included. */
function ownMessage(message: string, number: number) {
  const [subject = '', ...rest] = message.trimEnd().split('\n')
  return { commit_title: `${subject} (#${number})`, commit_message: rest.join('\n').trim() }
}

async function lookAfter(
  { client, repository }: MergeContext,
  number: number,
  error: MagosError,
  signal: AbortSignal,
): Promise<MergeOutcome> {
  const reply = await client.send(
    'GET /repos/{owner}/{repo}/pulls/{pull_number}',
    { ...repository, pull_number: number },
    { action: `Read pull request #${number}`, signal },
  )
  if (reply.outcome !== 'done') throw error
  const commit = textField(reply.data, 'merge_commit_sha')
  const isMerged = textField(reply.data, 'merged_at') !== null
  if (isMerged && commit !== null) return { outcome: 'merged', commit }
  throw error
}
