import { ApiError } from './api-error.ts'
import type { Lab } from './call.ts'
import type { Person } from './git-objects.ts'
import { isoSeconds } from './iso-time.ts'
import { closePull } from './pulls.ts'
import { announceMove } from './refs.ts'
import type { Account, PullRecord, RepositoryRecord } from './state.ts'

/** Merges on the server, in somebody's name, and closes the pull request; answers the new commit. */
export async function mergeByHand(
  lab: Lab,
  repository: RepositoryRecord,
  pull: PullRecord,
  {
    message,
    by,
    method = 'merge',
  }: { readonly message: string; readonly by: Account; readonly method?: 'merge' | 'squash' },
): Promise<string> {
  const { git } = repository
  const ref = `refs/heads/${pull.base}`
  const ours = await git.resolve(ref, 'commit')
  if (ours === null) throw new ApiError(405, 'Pull Request is not mergeable')
  const theirs = pull.headSha
  const tree = await git.mergeTree(ours, theirs)
  if (tree === null) throw new ApiError(405, 'Pull Request has merge conflicts')
  const now = lab.state.now()
  const date = isoSeconds(now)
  const email = `${by.id}+${by.login}@users.noreply.github.com`
  const author: Person = { name: by.login, email, date }
  const sha = await git.writeCommit({
    tree,
    parents: method === 'squash' ? [ours] : [ours, theirs],
    message,
    author,
    committer: { name: 'GitHub', email: 'noreply@github.com', date },
  })
  await git.updateRef(ref, ours, sha)
  pull.merged = { sha, at: now, by, base: ours }
  await closePull(lab, repository, pull, by)
  await announceMove(lab, repository, { name: ref, before: ours, after: sha }, by)
  return sha
}
