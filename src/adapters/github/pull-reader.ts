import { MagosError } from '../../domain/error.ts'
import type { PullRequest } from '../../ports.ts'
import { listField, textField } from './answer.ts'
import type { Client, Reply } from './client.ts'
import { isMadeBy, readPull, type ListedPull } from './pull-answer.ts'

export interface PullReaderOptions {
  readonly client: Client
  readonly repository: { readonly owner: string; readonly repo: string }
  /** Login of the App's own account. */
  readonly login: (signal: AbortSignal) => Promise<string>
}

/** Reads pull requests and who made what is in them. */
export interface PullReader {
  list(query: PullQuery, signal: AbortSignal): Promise<readonly ListedPull[]>
  /** One of them as it is now, mergeability included; null where it is none of ours. */
  look(number: number, signal: AbortSignal): Promise<ListedPull | null>
  complete(pull: ListedPull, signal: AbortSignal): Promise<PullRequest>
  /** A commit's maker and message. */
  commit(sha: string, signal: AbortSignal): Promise<MadeCommit>
  /** Commit that a branch names; null where there is none. */
  ref(branch: string, signal: AbortSignal): Promise<string | null>
}

export interface PullQuery {
  readonly state: 'open' | 'closed'
  readonly base: string
  /** Only of this branch. */
  readonly branch?: string
  readonly pages?: number
}

export interface MadeCommit {
  readonly maker: 'ours' | 'foreign'
  readonly message: string
  readonly parent: string | null
}

const pageSize = 100
/** Commits never change, so what was read once is remembered, so many of them. */
const remembered = 1_000

export function createPullReader(options: PullReaderOptions): PullReader {
  const { client, repository, login } = options
  const commits = new Map<string, MadeCommit>()
  const ask = async (
    route: string,
    parameters: Readonly<Record<string, unknown>>,
    { action, signal }: { action: string; signal: AbortSignal },
  ): Promise<unknown> =>
    done(await client.send(route, { ...repository, ...parameters }, { action, signal }))

  const commit = async (sha: string, signal: AbortSignal): Promise<MadeCommit> => {
    const known = commits.get(sha)
    if (known !== undefined) return known
    const action = `Read commit "${sha}"`
    const route = 'GET /repos/{owner}/{repo}/commits/{ref}'
    const data = await ask(route, { ref: sha, per_page: 1 }, { action, signal })
    const read = madeCommit(data, await login(signal))
    const [oldest] = commits.keys()
    if (oldest !== undefined && commits.size >= remembered) commits.delete(oldest)
    commits.set(sha, read)
    return read
  }

  return {
    commit,
    async list({ state, base, branch, pages = 10 }, signal) {
      const { owner } = repository
      const found: ListedPull[] = []
      const head = branch === undefined ? {} : { head: `${owner}:${branch}` }
      for (let page = 1; page <= pages; page++) {
        const action = `List the ${state} pull requests of "${owner}/${repository.repo}"`
        const query = { state, base, ...head, per_page: pageSize, page }
        const data = await ask('GET /repos/{owner}/{repo}/pulls', query, { action, signal })
        const listed = listField({ data }, 'data')
        found.push(...listed.flatMap((one) => readPull(one, repository) ?? []))
        if (listed.length < pageSize) break
      }
      return found
    },
    async look(number, signal) {
      const action = `Read pull request #${number}`
      const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}'
      return readPull(await ask(route, { pull_number: number }, { action, signal }), repository)
    },
    async complete(pull, signal) {
      const tip = await commit(pull.head, signal)
      if (tip.maker === 'ours') return { ...pull, tip: 'ours', message: tip.message }
      const action = `Read the commits of pull request #${pull.number}`
      const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}/commits'
      const query = { pull_number: pull.number, per_page: pageSize }
      const data = await ask(route, query, { action, signal })
      const own = await login(signal)
      const made = listField({ data }, 'data').map((one) => madeCommit(one, own))
      const ours = made.findLast(({ maker }) => maker === 'ours')
      return { ...pull, tip: 'foreign', message: ours?.message ?? null }
    },
    async ref(branch, signal) {
      const action = `Read "${branch}" of "${repository.owner}/${repository.repo}"`
      const route = 'GET /repos/{owner}/{repo}/git/ref/{ref}'
      const parameters = { ...repository, ref: `heads/${branch}` }
      const reply = await client.send(route, parameters, { action, signal })
      if (reply.outcome === 'refused' && reply.status === 404) return null
      const sha = textField(done(reply), 'object', 'sha')
      if (sha === null) throw new MagosError('protocol', `${action}: the answer has no commit`)
      return sha
    },
  }
}

function madeCommit(data: unknown, login: string): MadeCommit {
  const [parent] = listField(data, 'parents')
  return {
    maker: isMadeBy(login, data) ? 'ours' : 'foreign',
    message: textField(data, 'commit', 'message') ?? '',
    parent: textField(parent, 'sha'),
  }
}

function done(reply: Reply): unknown {
  if (reply.outcome !== 'done') throw reply.error
  return reply.data
}
