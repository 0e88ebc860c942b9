import { MagosError } from '../../domain/error.ts'
import type { FileMode, Revision, TreeEntry } from '../../domain/revision.ts'
import type { Pulls } from '../../ports.ts'
import { field, listField, numberField, textField } from './answer.ts'
import type { Client } from './client.ts'

export interface PullsOptions {
  readonly client: Client
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly branch: (signal: AbortSignal) => string | Promise<string>
}

const pageSize = 100
const maxPages = 10
/** Commits that are passed over. */
const remembered = 1_000

/** By REST alone: what a fork holds is read through the repository that it was forked from. */
export function createPulls(options: PullsOptions): Pulls {
  const { client, repository } = options
  const passedOver = new Set<string>()
  const ask = async (
    route: string,
    parameters: Readonly<Record<string, unknown>>,
    action: string,
    signal: AbortSignal,
  ): Promise<unknown> => {
    const reply = await client.send(route, { ...repository, ...parameters }, { action, signal })
    if (reply.outcome !== 'done') throw reply.error
    return reply.data
  }
  return {
    async list(signal) {
      const base = await options.branch(signal)
      const found: { number: number; head: string }[] = []
      for (let page = 1; page <= maxPages; page++) {
        const query = { state: 'open', base, per_page: pageSize, page }
        const action = 'List the open pull requests'
        const data = await ask('GET /repos/{owner}/{repo}/pulls', query, action, signal)
        const listed = listField({ data }, 'data')
        found.push(...listed.flatMap(readHead))
        if (listed.length < pageSize) break
      }
      return found
    },
    async look(number, signal) {
      const action = `Read pull request #${number}`
      const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}'
      const pull = await ask(route, { pull_number: number }, action, signal)
      const base = await options.branch(signal)
      const [listed] = readHead(pull)
      const isOpen = textField(pull, 'state') === 'open' && textField(pull, 'base', 'ref') === base
      if (listed === undefined || !isOpen) return null
      const home = textField(pull, 'head', 'repo', 'full_name')?.toLowerCase()
      const own = `${repository.owner}/${repository.repo}`.toLowerCase()
      const compared = await ask(
        'GET /repos/{owner}/{repo}/compare/{basehead}',
        { basehead: `${base}...${listed.head}`, per_page: 1 },
        `Compare pull request #${number} with "${base}"`,
        signal,
      )
      const commit = await ask(
        'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
        { commit_sha: listed.head },
        action,
        signal,
      )
      return {
        number,
        head: revision(listed.head, textField(commit, 'tree', 'sha'), action),
        base: revision(
          textField(compared, 'merge_base_commit', 'sha'),
          textField(compared, 'merge_base_commit', 'commit', 'tree', 'sha'),
          action,
        ),
        origin: home === own ? 'repository' : 'fork',
      }
    },
    passOver(commit) {
      const [oldest] = passedOver
      if (oldest !== undefined && passedOver.size >= remembered) passedOver.delete(oldest)
      passedOver.add(commit)
    },
    async isReviewed(commit, name, signal) {
      if (passedOver.has(commit)) return true
      const route = 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs'
      const query = { ref: commit, check_name: name, per_page: 1 }
      const data = await ask(route, query, `Read the check runs of "${commit}"`, signal)
      return (numberField(data, 'total_count') ?? 0) > 0
    },
    async tree({ tree, commit }, signal) {
      const action = `List the files of "${commit}"`
      const route = 'GET /repos/{owner}/{repo}/git/trees/{tree_sha}'
      const data = await ask(route, { tree_sha: tree, recursive: '1' }, action, signal)
      if (field(data, ['truncated']) === true) {
        throw new MagosError('github', `${action}: there are more than GitHub lists`)
      }
      return listField(data, 'tree').flatMap(readEntry)
    },
    async read({ oid, path }, signal) {
      const action = `Read "${path}"`
      const route = 'GET /repos/{owner}/{repo}/git/blobs/{file_sha}'
      const data = await ask(route, { file_sha: oid }, action, signal)
      const content = textField(data, 'content')
      if (content === null) throw new MagosError('protocol', `${action}: the answer has no content`)
      return new Uint8Array(Buffer.from(content, 'base64'))
    },
  }
}

function readHead(data: unknown): readonly { readonly number: number; readonly head: string }[] {
  const [number, head] = [numberField(data, 'number'), textField(data, 'head', 'sha')]
  return number === null || head === null ? [] : [{ number, head }]
}

function revision(commit: string | null, tree: string | null, action: string): Revision {
  if (commit !== null && tree !== null) return { commit, tree }
  throw new MagosError('protocol', `${action}: the answer names no commit`)
}

const MODES: readonly FileMode[] = ['100644', '100755', '120000', '160000']

function readEntry(entry: unknown): readonly TreeEntry[] {
  const [path, oid] = [textField(entry, 'path'), textField(entry, 'sha')]
  const mode = MODES.find((known) => known === textField(entry, 'mode'))
  return path === null || oid === null || mode === undefined ? [] : [{ path, mode, oid }]
}
