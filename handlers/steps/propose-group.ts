import type { HeldImage } from '../../src/domain/answer/check.ts'
import { commitMessage, updateSubject } from '../../src/domain/commit-message.ts'
import { proposalBody } from '../../src/domain/proposal/body.ts'
import { decideProposal, type ProposalDecision } from '../../src/domain/proposal/decide.ts'
import { overtakenBody } from '../../src/domain/proposal/overtaken.ts'
import { pullRequestSettings } from '../../src/domain/proposal/settings.ts'
import type { Update } from '../../src/domain/update.ts'
import type { Proposals, PullRequest } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { describeUpdates } from './describe-updates.ts'
import { editFiles, heldUpdate } from './edit-files.ts'
import type { FoundUpdates } from './find-updates.ts'
import type { FoundGroup } from './group-proposals.ts'

export type ProposalContext = Context & { readonly proposals: Proposals }

export interface GroupOutcome {
  /** What its pull request was merged as. */
  readonly commits: readonly string[]
  readonly held: readonly HeldImage[]
}

interface Ground {
  readonly view: RepositoryView
  readonly found: FoundUpdates
}

/** Lets one group's pull request be what it shall be. */
export async function proposeGroup(
  ctx: ProposalContext,
  ground: Ground,
  group: FoundGroup,
  open: PullRequest | null,
  signal: AbortSignal,
): Promise<GroupOutcome> {
  const { updates, known, branch } = group
  if (updates.length === 0 && open === null) return { commits: [], held: [] }
  // What people declined is asked of GitHub, and only where something would be proposed.
  const past = updates.length === 0 ? [] : await ctx.proposals.past(branch, signal)
  const decision = decideProposal<PullRequest>({ updates, known, open, past })
  const declined = decision.declined.map(({ update, pull }) =>
    waits(update, `was declined: #${pull.number} was closed without a merge (${pull.url})`),
  )
  const { held, commits } = await act(ctx, ground, group, decision, signal)
  return { commits, held: [...declined, ...held] }
}

async function act(
  ctx: ProposalContext,
  ground: Ground,
  group: FoundGroup,
  decision: ProposalDecision<PullRequest>,
  signal: AbortSignal,
): Promise<GroupOutcome> {
  switch (decision.action) {
    case 'none':
      return { commits: [], held: [] }
    case 'close':
      await closeOvertaken(ctx, decision.open, decision.why, signal)
      return { commits: [], held: [] }
    case 'leave': {
      const { number, url } = decision.open
      const why = `waits: #${number} proposes another version, and somebody else committed on its branch (${url})`
      return { commits: [], held: decision.updates.map((update) => waits(update, why)) }
    }
    case 'keep':
      return await keep(ctx, ground, group, decision, signal)
    case 'propose':
      return await propose(ctx, ground, group, decision, signal)
  }
}

/** Closes one whose time is over, unless somebody else works on it. */
export async function closeOvertaken(
  ctx: ProposalContext,
  pull: PullRequest,
  why: string,
  signal: AbortSignal,
): Promise<void> {
  if (pull.tip === 'foreign') return
  const comment = `Closed by Magos: ${why}.`
  await ctx.proposals.close(pull, { body: overtakenBody(pull.body, why), comment }, signal)
  ctx.log.info({ pull: pull.number, branch: pull.branch }, `Pull request closed: ${why}`)
}

async function keep(
  ctx: ProposalContext,
  { view }: Ground,
  { group }: FoundGroup,
  { open, updates }: Extract<ProposalDecision<PullRequest>, { readonly action: 'keep' }>,
  signal: AbortSignal,
): Promise<GroupOutcome> {
  const { number, url, tip } = open
  const { automerge } = pullRequestSettings(view.settings.delivery, group)
  const held = (why = ''): GroupOutcome => ({
    commits: [],
    held: updates.map((update) => waits(update, `waits in pull request #${number}${why} (${url})`)),
  })
  if (automerge === 'never' || updates.length === 0) return held()
  // Nobody of ours has verified what others put there.
  if (tip === 'foreign') return held(', which a person has to merge: somebody else committed on it')
  const checks = await ctx.proposals.checks(open.head, signal)
  if (checks.outcome !== 'passed') return held(`, its checks have not passed: ${checks.reason}`)
  const merged = await ctx.proposals.merge(open, signal)
  if (merged.outcome === 'refused') return held(`, GitHub does not merge it: ${merged.reason}`)
  ctx.log.info({ pull: number, commit: merged.commit }, 'Pull request merged')
  return { commits: [merged.commit], held: [] }
}

async function propose(
  ctx: ProposalContext,
  { view, found }: Ground,
  { branch, group }: FoundGroup,
  { updates: wanted }: Extract<ProposalDecision<PullRequest>, { readonly action: 'propose' }>,
  signal: AbortSignal,
): Promise<GroupOutcome> {
  const { files, refused } = editFiles(ctx, view, { updates: wanted, texts: found.texts })
  const updates = files.flatMap((file) => file.updates)
  if (updates.length === 0) return { commits: [], held: refused }
  const { labels, reviewers, automerge } = pullRequestSettings(view.settings.delivery, group)
  const { name: host } = ctx.host
  const stacksOf = (file: string): readonly string[] => found.stacksOf(file)
  const described = await describeUpdates(ctx, updates, stacksOf, signal)
  const proposal = {
    branch,
    title: updateSubject(updates, stacksOf),
    body: proposalBody(described, { host, automerge }),
    commit: {
      parent: view.revision,
      message: commitMessage(updates, { host, stacksOf }),
      files: files.map(({ file }) => file),
    },
    labels,
    reviewers,
  }
  const outcome = await ctx.proposals.propose(proposal, signal)
  switch (outcome.outcome) {
    case 'empty':
      return { commits: [], held: refused }
    case 'held':
      return {
        commits: [],
        held: [...refused, ...updates.map((update) => heldUpdate(update, outcome))],
      }
    case 'opened':
    case 'updated': {
      const { number, url } = outcome
      ctx.log.info({ pull: number, url, branch }, `Pull request ${outcome.outcome}`)
      const why = `waits in pull request #${number} (${url})`
      return { commits: [], held: [...refused, ...updates.map((update) => waits(update, why))] }
    }
  }
}

function waits(update: Update, why: string): HeldImage {
  const { file, line, column, text } = update.image
  const reason = `"${update.tag ?? update.digest}" ${why}`
  return { file, line, column, image: text, reason, kind: 'waits' }
}
