import { MagosError } from '../../domain/error.ts'
import type { ProposalOutcome, PullProposal } from '../../ports.ts'
import { numberField, textField } from './answer.ts'
import type { Reply } from './client.ts'
import type { ListedPull } from './pull-answer.ts'
import type { PullReader } from './pull-reader.ts'
import { readRule } from './rules.ts'
import { writeCommit, writesOfObjects, type WriteContext } from './write-commit.ts'

/** The objects, the ref, the pull request, labels and reviewers. */
export const writesOfProposal = writesOfObjects + 4

export interface ProposeContext extends Omit<WriteContext, 'branch'> {
  readonly reader: PullReader
  /** The branch that it shall go into. */
  readonly base: string
}

/** https://docs.github.com/en/rest/pulls/pulls */
export async function propose(
  ctx: ProposeContext,
  proposal: PullProposal,
  signal: AbortSignal,
): Promise<ProposalOutcome> {
  const { reader, base } = ctx
  const { branch } = proposal
  const moved = await moveBranch(ctx, proposal, signal)
  if (moved.outcome !== 'moved') return moved
  const [open] = await reader.list({ state: 'open', base, branch, pages: 1 }, signal)
  return open === undefined
    ? await openPull(ctx, proposal, signal)
    : await rewritePull(ctx, proposal, open, signal)
}

type Moved = { readonly outcome: 'moved' } | Extract<ProposalOutcome, { outcome: 'empty' | 'held' }>

/** Lets the branch hold that one commit beyond its parent. */
async function moveBranch(
  ctx: ProposeContext,
  { branch, commit }: PullProposal,
  signal: AbortSignal,
): Promise<Moved> {
  const { reader } = ctx
  const before = await reader.ref(branch, signal)
  if (before !== null) {
    const tip = await reader.commit(before, signal)
    if (tip.maker === 'foreign') return foreign(branch)
    // As a process left it that died behind this.
    const stands = tip.parent === commit.parent.commit && tip.message === commit.message
    if (stands) return { outcome: 'moved' }
  }
  const made = await writeCommit({ ...ctx, branch }, commit, signal)
  if (made.outcome !== 'committed') return made
  const sha = made.revision.commit
  // GitHub forces without a lease, so that the last look is as late as can be.
  if ((await reader.ref(branch, signal)) !== before) return foreign(branch)
  return await pointAt(ctx, { branch, sha, before }, signal)
}

async function pointAt(
  { client, repository, writes, reader }: ProposeContext,
  { branch, sha, before }: { branch: string; sha: string; before: string | null },
  signal: AbortSignal,
): Promise<Moved> {
  const action = `Move "${branch}" of "${repository.owner}/${repository.repo}"`
  writes.spend()
  const reply =
    before === null
      ? await client.send(
          'POST /repos/{owner}/{repo}/git/refs',
          { ...repository, ref: `refs/heads/${branch}`, sha },
          { action, signal },
        )
      : await client.send(
          'PATCH /repos/{owner}/{repo}/git/refs/{ref}',
          { ...repository, ref: `heads/${branch}`, sha, force: true },
          { action, signal },
        )
  if (reply.outcome === 'done') return { outcome: 'moved' }
  if (reply.outcome === 'unknown') {
    if ((await reader.ref(branch, signal)) === sha) return { outcome: 'moved' }
    throw reply.error
  }
  const rule = readRule(reply, branch)
  if (rule === null) throw reply.error
  return rule
}

function foreign(branch: string): Moved {
  return {
    outcome: 'held',
    reason: `"${branch}" holds a commit of somebody else`,
    remedy: 'Merge or close its pull request, or take that commit off the branch',
  }
}

async function openPull(
  ctx: ProposeContext,
  proposal: PullProposal,
  signal: AbortSignal,
): Promise<ProposalOutcome> {
  const { client, repository, base, writes, reader } = ctx
  const { branch: head, title, body } = proposal
  const action = `Open a pull request of "${head}"`
  writes.spend()
  const reply = await client.send(
    'POST /repos/{owner}/{repo}/pulls',
    { ...repository, title, head, base, body },
    { action, signal },
  )
  const opened = reply.outcome === 'done' ? readOpened(reply.data, action) : null
  if (opened !== null) {
    await addLabels(ctx, opened.number, proposal.labels, signal)
    await requestReviewers(ctx, opened.number, proposal.reviewers, signal)
    return { outcome: 'opened', ...opened }
  }
  if (isRefusedWith(reply, /no commits between/iu)) return { outcome: 'empty' }
  const maybe = reply.outcome === 'unknown' || isRefusedWith(reply, /already exists/iu)
  const [there] = maybe ? await reader.list({ state: 'open', base, branch: head }, signal) : []
  if (there !== undefined) return { outcome: 'opened', number: there.number, url: there.url }
  if (isRefusedWith(reply, /already exists/iu)) {
    return {
      outcome: 'held',
      reason: `somebody else opened a pull request of "${head}"`,
      remedy: 'Close it, so that Magos can open its own',
    }
  }
  throw reply.outcome === 'done' ? new MagosError('protocol', `${action}: no answer`) : reply.error
}

function readOpened(data: unknown, action: string): { number: number; url: string } {
  const [number, url] = [numberField(data, 'number'), textField(data, 'html_url')]
  if (number !== null && url !== null) return { number, url }
  throw new MagosError('protocol', `${action}: the answer has no number`)
}

async function rewritePull(
  { client, repository, writes }: ProposeContext,
  { title, body }: PullProposal,
  { number, url }: ListedPull,
  signal: AbortSignal,
): Promise<ProposalOutcome> {
  writes.spend()
  const reply = await client.send(
    'PATCH /repos/{owner}/{repo}/pulls/{pull_number}',
    { ...repository, pull_number: number, title, body },
    { action: `Bring pull request #${number} up to date`, signal },
  )
  if (reply.outcome !== 'done') throw reply.error
  return { outcome: 'updated', number, url }
}

function isRefusedWith(reply: Reply, pattern: RegExp): boolean {
  return reply.outcome === 'refused' && reply.status === 422 && pattern.test(reply.message)
}

// ---------------------------------------------------------------- what is nice to have

async function addLabels(
  ctx: ProposeContext,
  number: number,
  labels: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (labels.length === 0) return
  const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/labels'
  await attempt(
    ctx,
    route,
    { issue_number: number, labels },
    `Label pull request #${number}`,
    signal,
  )
}

async function requestReviewers(
  ctx: ProposeContext,
  number: number,
  reviewers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (reviewers.length === 0) return
  const route = 'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers'
  const action = `Ask for reviews of pull request #${number}`
  await attempt(ctx, route, { pull_number: number, reviewers }, action, signal)
}

/** A pull request without its labels is better than none. */
async function attempt(
  { client, repository, writes, log }: ProposeContext,
  route: string,
  parameters: Readonly<Record<string, unknown>>,
  action: string,
  signal: AbortSignal,
): Promise<void> {
  writes.spend()
  const reply = await client.send(route, { ...repository, ...parameters }, { action, signal })
  if (reply.outcome !== 'done') {
    log.warn({ remedy: 'Correct the names under pullRequests in .magos.yaml' }, reply.error.message)
  }
}
