import type { Log, Proposals, PullRequest } from '../../ports.ts'
import type { Budget, Writes } from './budget.ts'
import { readChecks } from './checks.ts'
import type { Client } from './client.ts'
import { listField, textField } from './answer.ts'
import { mergePull } from './merge.ts'
import { propose, writesOfProposal } from './propose.ts'
import { createPullReader, type PullReader } from './pull-reader.ts'
import type { WriteOrder } from './write-order.ts'

export interface ProposalsOptions {
  readonly client: Client
  readonly budget: Budget
  readonly order: WriteOrder
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly branch: (signal: AbortSignal) => string | Promise<string>
  /** Login of the App's own account. */
  readonly login: (signal: AbortSignal) => Promise<string>
  readonly log: Log
}

/** Pull requests that are closed and read at the most, the newest of a branch. */
const mostPast = 30

/** Pull requests by REST alone. Their writes go behind commits, a second apart. */
export function createProposals(options: ProposalsOptions): Proposals {
  const { client, repository, budget, order, log } = options
  const reader = createPullReader(options)
  const deleting = { client, repository, reader, log }
  return {
    async open(prefix, signal) {
      const base = await options.branch(signal)
      const listed = await reader.list({ state: 'open', base }, signal)
      const found: PullRequest[] = []
      for (const { branch, number } of listed) {
        if (!branch.startsWith(prefix)) continue
        const pull = await reader.look(number, signal)
        if (pull?.state === 'open') found.push(await reader.complete(pull, signal))
      }
      return found
    },
    async past(branch, signal) {
      const base = await options.branch(signal)
      const listed = await reader.list({ state: 'closed', base, branch, pages: 1 }, signal)
      const found: PullRequest[] = []
      for (const pull of listed.slice(0, mostPast)) found.push(await reader.complete(pull, signal))
      return found
    },
    propose: (proposal, signal) =>
      order.report(async () => {
        const base = await options.branch(signal)
        await order.turn(signal)
        return await spending(budget.reserve(writesOfProposal, 'report'), (writes) =>
          propose({ ...options, reader, base, writes }, proposal, signal),
        )
      }, signal),
    close: (pull, { body, comment }, signal) =>
      order.report(async () => {
        await order.turn(signal)
        await spending(budget.reserve(3, 'report'), async (writes) => {
          const { number } = pull
          const action = `Close pull request #${number}`
          writes.spend()
          const closing = { ...repository, pull_number: number, state: 'closed', body }
          const route = 'PATCH /repos/{owner}/{repo}/pulls/{pull_number}'
          const reply = await client.send(route, closing, { action, signal })
          if (reply.outcome !== 'done') throw reply.error
          await say({ ...options, writes }, number, comment, signal)
          if (pull.tip === 'ours') await removeBranch({ ...deleting, writes }, pull, signal)
        })
      }, signal),
    checks: (commit, signal) => readChecks(options, commit, signal),
    merge: (pull, signal) =>
      // It moves the watched branch, so it takes its turn among the commits.
      order.commit(
        () =>
          spending(budget.reserve(4, 'commit'), async (writes) => {
            const outcome = await mergePull({ client, repository, reader, writes }, pull, signal)
            if (outcome.outcome === 'merged') {
              await removeBranch({ ...deleting, writes }, pull, signal)
            }
            return outcome
          }),
        signal,
      ),
    tidy: (prefix, signal) => tidy({ ...options, reader }, prefix, signal),
  }
}

async function spending<T>(writes: Writes, work: (writes: Writes) => Promise<T>): Promise<T> {
  try {
    return await work(writes)
  } finally {
    writes.release()
  }
}

type WriteOptions = Pick<ProposalsOptions, 'client' | 'repository' | 'log'> & {
  readonly writes: Writes
}

/** The body says it, too; a comment is what reaches people. */
async function say(
  { client, repository, log, writes }: WriteOptions,
  number: number,
  body: string,
  signal: AbortSignal,
): Promise<void> {
  writes.spend()
  const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments'
  const action = `Comment on pull request #${number}`
  const parameters = { ...repository, issue_number: number, body }
  const reply = await client.send(route, parameters, { action, signal })
  if (reply.outcome !== 'done') log.warn({}, reply.error.message)
}

/** Only where it still stands as it was seen; one that is gone already is fine. */
async function removeBranch(
  { client, repository, reader, log, writes }: WriteOptions & { readonly reader: PullReader },
  { branch, head }: Pick<PullRequest, 'branch' | 'head'>,
  signal: AbortSignal,
): Promise<'removed' | 'kept'> {
  if ((await reader.ref(branch, signal)) !== head) return 'kept'
  writes.spend()
  const route = 'DELETE /repos/{owner}/{repo}/git/refs/{ref}'
  const action = `Remove branch "${branch}"`
  const parameters = { ...repository, ref: `heads/${branch}` }
  const reply = await client.send(route, parameters, { action, signal })
  if (reply.outcome === 'done') return 'removed'
  log.warn({ branch }, reply.error.message)
  return 'kept'
}

async function tidy(
  options: ProposalsOptions & { readonly reader: PullReader },
  prefix: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { client, repository, budget, order, reader } = options
  const base = await options.branch(signal)
  const action = `List the branches of "${repository.owner}/${repository.repo}"`
  const route = 'GET /repos/{owner}/{repo}/git/matching-refs/{ref}'
  const query = { ...repository, ref: `heads/${prefix}` }
  const reply = await client.send(route, query, { action, signal })
  if (reply.outcome !== 'done') throw reply.error
  const removed: string[] = []
  for (const found of listField(reply, 'data')) {
    const branch = (textField(found, 'ref') ?? '').replace(/^refs\/heads\//u, '')
    const head = textField(found, 'object', 'sha')
    const [newest] = await reader.list({ state: 'closed', base, branch, pages: 1 }, signal)
    if (newest?.state !== 'merged' || newest.head !== head) continue
    const outcome = await order.report(async () => {
      await order.turn(signal)
      return await spending(budget.reserve(1, 'report'), (writes) =>
        removeBranch({ ...options, writes }, newest, signal),
      )
    }, signal)
    if (outcome === 'removed') removed.push(branch)
  }
  return removed
}
