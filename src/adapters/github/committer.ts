import { MagosError } from '../../domain/error.ts'
import type { Clock, CommitOutcome, CommitProposal, Committer, Log } from '../../ports.ts'
import { interrupted } from './abortable.ts'
import { listField, textField } from './answer.ts'
import type { Budget, Writes } from './budget.ts'
import type { Client, Reply } from './client.ts'
import { readRule } from './rules.ts'
import { writeCommit, writesOfObjects } from './write-commit.ts'
import { sleep } from './write-order.ts'
import type { WriteOrder } from './write-order.ts'

export interface CommitterOptions {
  readonly client: Client
  readonly budget: Budget
  readonly order: WriteOrder
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly branch: (signal: AbortSignal) => string | Promise<string>
  readonly clock: Clock
  readonly log: Log
}

/** The objects and the ref. */
const writesOfCommit = writesOfObjects + 1

/** Commits by three calls, one after the other. What is not moved to in the end leaves loose objects and nothing else. */
export function createCommitter(options: CommitterOptions): Committer {
  const { order, budget } = options
  const left: string[] = []
  return {
    async commit(proposal, signal) {
      if (signal.aborted) throw interrupted('Commit to GitHub', signal)
      const parent = proposal.parent.commit
      const seen = left.length
      return await order.commit(async () => {
        // Ours moved the branch while this one waited: asking would cost three writes and say the same.
        if (left.includes(parent, seen)) return { outcome: 'moved' }
        const branch = await options.branch(signal)
        const writes = budget.reserve(writesOfCommit, 'commit')
        try {
          const outcome = await commit({ ...options, branch, writes }, proposal, signal)
          if (outcome.outcome === 'committed') left.push(parent)
          return outcome
        } finally {
          writes.release()
        }
      }, signal)
    },
  }
}

type Context = Omit<CommitterOptions, 'branch'> & {
  readonly branch: string
  readonly writes: Writes
}

async function commit(
  ctx: Context,
  proposal: CommitProposal,
  signal: AbortSignal,
): Promise<CommitOutcome> {
  const made = await writeCommit(ctx, proposal, signal)
  if (made.outcome !== 'committed') return made
  const { revision } = made
  const outcome = await moveBranch(
    ctx,
    { from: proposal.parent.commit, to: revision.commit },
    signal,
  )
  return outcome === 'committed' ? { outcome, revision } : outcome
}

// ---------------------------------------------------------------- the ref

interface Move {
  readonly from: string
  readonly to: string
}

/** Pauses before the next try where the fate of the last one is open. */
const retries = [0, 1000, 3000]

async function moveBranch(
  ctx: Context,
  move: Move,
  signal: AbortSignal,
): Promise<'committed' | Exclude<CommitOutcome, { outcome: 'committed' }>> {
  let unknown: MagosError | null = null
  for (const pause of retries) {
    if (pause > 0) await sleep(ctx.clock, pause, signal)
    ctx.writes.spend()
    const reply = await updateRef(ctx, move, signal)
    if (reply.outcome === 'done' && textField(reply.data, 'object', 'sha') === move.to) {
      return 'committed'
    }
    if (reply.outcome === 'refused') {
      if (reply.message === 'Update is not a fast forward') {
        // After an open try it may be our own commit, and somebody's on top, that is in the way.
        const landed = unknown !== null && (await isBelowHead(ctx, move.to, signal))
        return landed ? 'committed' : { outcome: 'moved' }
      }
      const rule = readRule(reply, ctx.branch)
      if (rule === null) throw reply.error
      return rule
    }
    unknown = reply.outcome === 'unknown' ? reply.error : vague(ctx)
    const head = await readHead(ctx, signal)
    if (head === move.to) return 'committed'
    if (head !== null && head !== move.from) {
      return (await isBelowHead(ctx, move.to, signal)) ? 'committed' : { outcome: 'moved' }
    }
    // Nothing moved, or nobody knows: the same compare-and-swap does no harm twice.
  }
  throw unknown ?? vague(ctx)
}

function updateRef(
  { client, repository, branch }: Context,
  move: Move,
  signal: AbortSignal,
): Promise<Reply> {
  const parameters = { ...repository, ref: `heads/${branch}`, sha: move.to, force: false }
  const action = `Move "${branch}" of "${repository.owner}/${repository.repo}"`
  return client.send('PATCH /repos/{owner}/{repo}/git/refs/{ref}', parameters, { action, signal })
}

function vague({ branch, repository }: Context): MagosError {
  const name = `"${branch}" of "${repository.owner}/${repository.repo}"`
  return new MagosError('protocol', `Move ${name}: the answer does not say where it is now`)
}

/** Commit that the branch names; null where that cannot be had now. */
async function readHead(
  { client, repository, branch }: Context,
  signal: AbortSignal,
): Promise<string | null> {
  const action = `Read "${branch}" of "${repository.owner}/${repository.repo}"`
  const parameters = { ...repository, ref: `heads/${branch}` }
  const route = 'GET /repos/{owner}/{repo}/git/ref/{ref}'
  const reply = await client.send(route, parameters, { action, signal })
  return reply.outcome === 'done' ? textField(reply.data, 'object', 'sha') : null
}

/** Whether a commit is among the branch's newest. */
async function isBelowHead(
  { client, repository, branch }: Context,
  commitId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const action = `Read the commits of "${branch}" of "${repository.owner}/${repository.repo}"`
  const parameters = { ...repository, sha: branch, per_page: 100 }
  const reply = await client.send('GET /repos/{owner}/{repo}/commits', parameters, {
    action,
    signal,
  })
  if (reply.outcome !== 'done') throw reply.error
  return listField(reply.data).some((listed) => textField(listed, 'sha') === commitId)
}
