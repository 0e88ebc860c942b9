import type { PullRequest } from '../../ports.ts'
import { field, listField, numberField, textField } from './answer.ts'

/** A pull request as GitHub lists it, before anybody asked who made its commits. */
export type ListedPull = Omit<PullRequest, 'tip' | 'message'>

/** null for what is no pull request of an App, or lies in a fork. */
export function readPull(
  data: unknown,
  { owner, repo }: { readonly owner: string; readonly repo: string },
): ListedPull | null {
  const [number, url] = [numberField(data, 'number'), textField(data, 'html_url')]
  const [branch, head] = [textField(data, 'head', 'ref'), textField(data, 'head', 'sha')]
  if (number === null || url === null || branch === null || head === null) return null
  const home = textField(data, 'head', 'repo', 'full_name')
  const isOurs =
    home?.toLowerCase() === `${owner}/${repo}`.toLowerCase() &&
    textField(data, 'user', 'type') === 'Bot'
  if (!isOurs) return null
  return {
    number,
    url,
    branch,
    head,
    state: stateOf(data),
    title: textField(data, 'title') ?? '',
    body: textField(data, 'body') ?? '',
    conflicts: conflictsOf(data),
  }
}

function stateOf(data: unknown): PullRequest['state'] {
  if (textField(data, 'merged_at') !== null) return 'merged'
  return textField(data, 'state') === 'open' ? 'open' : 'closed'
}

/** null while GitHub finds out, absent in lists. */
function conflictsOf(data: unknown): PullRequest['conflicts'] {
  const mergeable = field(data, ['mergeable'])
  if (typeof mergeable !== 'boolean') return 'unknown'
  return mergeable ? 'none' : 'some'
}

/** Whether this App made the commit by the API: nobody else can make GitHub sign in its name. */
export function isMadeBy(login: string, commit: unknown): boolean {
  return (
    textField(commit, 'author', 'login') === login &&
    textField(commit, 'commit', 'committer', 'email') === 'noreply@github.com' &&
    field(commit, ['commit', 'verification', 'verified']) === true &&
    listField(commit, 'parents').length === 1
  )
}
