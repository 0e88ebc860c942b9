import { join } from 'node:path'
import { account } from './accounts.ts'
import type { Lab } from './call.ts'
import type { TreeChange } from './git-objects.ts'
import { isoSeconds } from './iso-time.ts'
import { closePull, openPull } from './pulls.ts'
import { mergeByHand } from './merge.ts'
import { announceMove } from './refs.ts'
import { createBareRepository } from './repository.ts'
import type { PullRecord, RepositoryRecord, Rule } from './state.ts'

export interface NewRepository {
  readonly owner?: string
  readonly ownerType?: 'User' | 'Organization'
  readonly name?: string
  readonly branch?: string
  readonly visibility?: 'public' | 'private'
  /** First commit; none: the repository is empty. */
  readonly files?: readonly TreeChange[]
}

export interface LabRepository {
  readonly record: RepositoryRecord
  readonly owner: string
  readonly name: string
  readonly branch: string
  readonly gitDir: string
  /** With a person's credentials in it, for native git. */
  readonly cloneUrl: string
  head(branch?: string): Promise<{ readonly commit: string; readonly tree: string }>
  /** A person commits on the branch; Apps are told as of a push. */
  commit(
    files: readonly TreeChange[],
    message?: string,
    /** Default: the default branch; one that is not there is made from it. */
    branch?: string,
  ): Promise<{ commit: string; tree: string }>
  /** A person opens a pull request of a branch; Apps are told. */
  openPull(branch: string, title?: string): Promise<PullRecord>
  /** A stranger, or a stranger's bot, opens one out of a fork. */
  openForkPull(
    files: readonly TreeChange[],
    title?: string,
    by?: 'User' | 'Bot',
  ): Promise<PullRecord>
  /** A person closes one. */
  closePull(number: number): Promise<void>
  /** A person merges one, by a merge commit. */
  mergePull(number: number): Promise<void>
  pull(number: number): PullRecord
  /** Content of a file; null where there is none. */
  read(path: string, ref?: string): Promise<string | null>
  protect(...rules: readonly Rule[]): void
}

export async function createRepository(
  lab: Lab,
  root: string,
  {
    owner = 'acme',
    ownerType = 'Organization',
    name = 'homelab',
    branch = 'main',
    visibility = 'private',
    files,
  }: NewRepository,
): Promise<LabRepository> {
  const { state } = lab
  const directory = join(root, owner, `${name}.git`)
  const git = await createBareRepository(directory, branch)
  let last: Promise<unknown> = Promise.resolve()
  const record: RepositoryRecord = {
    id: state.nextId(),
    owner: account(state, owner, ownerType),
    name,
    defaultBranch: branch,
    visibility,
    archived: false,
    git,
    rules: [],
    collaborators: new Set([state.person.login]),
    content: 'unknown',
    statuses: [],
    deployments: [],
    pulls: [],
    checkRuns: [],
    previous: new Map(),
    createdAt: state.now(),
    pushedAt: state.now(),
    async exclusively(work) {
      const mine = last.then(work, work)
      last = mine.catch(() => undefined)
      return await mine
    },
  }
  state.repositories.push(record)
  const repository = repositoryHandle(lab, record)
  if (files !== undefined) await repository.commit(files, 'first')
  return repository
}

function repositoryHandle(lab: Lab, record: RepositoryRecord): LabRepository {
  const { git, defaultBranch, owner, name } = record
  const { state } = lab
  const cloneUrl = new URL(`${state.url}/${owner.login}/${name}.git`)
  Object.assign(cloneUrl, { username: state.person.login, password: state.personToken })
  const revision = async (commit: string): Promise<{ commit: string; tree: string }> => ({
    commit,
    tree: (await git.readCommit(commit)).tree,
  })
  const pull = (number: number): PullRecord => {
    const found = record.pulls.find((one) => one.number === number)
    if (found === undefined) throw new Error(`There is no pull request ${number}`)
    return found
  }
  return {
    record,
    owner: owner.login,
    name,
    branch: defaultBranch,
    gitDir: git.directory,
    cloneUrl: cloneUrl.href,
    async head(branch = defaultBranch) {
      const commit = await git.resolve(`refs/heads/${branch}`, 'commit')
      if (commit === null) throw new Error(`The branch ${branch} does not exist`)
      return await revision(commit)
    },
    commit: (files, message = 'a change', branch = defaultBranch) =>
      record.exclusively(
        async () => await revision(await commitByHand(lab, record, { files, message, branch })),
      ),
    async openPull(head, title = 'A change') {
      const headSha = await git.resolve(`refs/heads/${head}`, 'commit')
      if (headSha === null) throw new Error(`The branch ${head} does not exist`)
      const { person: user } = state
      return await openPull(lab, record, {
        head,
        base: defaultBranch,
        title,
        body: null,
        user,
        headSha,
      })
    },
    async openForkPull(files, title = 'A stranger’s change', by = 'User') {
      const fork = account(state, 'stranger', 'User')
      const user = by === 'User' ? fork : account(state, 'strange[bot]', by)
      const base = await git.resolve(`refs/heads/${defaultBranch}`, 'commit')
      const headSha = await writeByHand(lab, record, { files, message: title, parent: base })
      return await openPull(lab, record, {
        head: 'patch-1',
        base: defaultBranch,
        title,
        body: null,
        user,
        headSha,
        fork,
      })
    },
    async mergePull(number) {
      const message = `Merge pull request #${number}`
      await record.exclusively(() =>
        mergeByHand(lab, record, pull(number), { message, by: state.person }),
      )
    },
    closePull: (number) => closePull(lab, record, pull(number), state.person),
    pull,
    async read(path, ref = defaultBranch) {
      const tree = await git.resolve(ref, 'tree')
      const items = tree === null ? [] : await git.readTree(tree, 'recursive')
      const found = items.find((item) => item.path === path)
      return found === undefined ? null : (await git.readBlob(found.sha)).toString('utf8')
    },
    protect(...rules) {
      record.rules = rules
    },
  }
}

async function commitByHand(
  lab: Lab,
  repository: RepositoryRecord,
  { files, message, branch }: { files: readonly TreeChange[]; message: string; branch: string },
): Promise<string> {
  const { git, defaultBranch } = repository
  const ref = `refs/heads/${branch}`
  const before = await git.resolve(ref, 'commit')
  const parent = before ?? (await git.resolve(`refs/heads/${defaultBranch}`, 'commit'))
  const after = await writeByHand(lab, repository, { files, message, parent })
  if ((await git.updateRef(ref, before, after)) === 'moved') throw new Error(`${ref} moved`)
  await announceMove(lab, repository, { name: ref, before, after }, lab.state.person)
  return after
}

async function writeByHand(
  { state }: Lab,
  { git }: RepositoryRecord,
  {
    files,
    message,
    parent,
  }: { files: readonly TreeChange[]; message: string; parent: string | null },
): Promise<string> {
  const base = parent === null ? null : (await git.readCommit(parent)).tree
  const tree = await git.writeTree(base, files)
  const date = isoSeconds(state.now())
  const author = { name: state.person.login, email: 'operator@example.org', date }
  const parents = parent === null ? [] : [parent]
  return await git.writeCommit({
    tree,
    parents,
    author,
    committer: author,
    message: `${message}\n`,
  })
}
