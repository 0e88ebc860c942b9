import { join } from 'node:path'
import { account } from './accounts.ts'
import type { Lab } from './call.ts'
import type { TreeChange } from './git-objects.ts'
import { isoSeconds } from './iso-time.ts'
import { announceMove } from './refs.ts'
import { createBareRepository } from './repository.ts'
import type { RepositoryRecord, Rule } from './state.ts'

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
  commit(files: readonly TreeChange[], message?: string): Promise<{ commit: string; tree: string }>
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
    commit: (files, message = 'a change') =>
      record.exclusively(
        async () => await revision(await commitByHand(lab, record, files, message)),
      ),
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
  files: readonly TreeChange[],
  message: string,
): Promise<string> {
  const { git, defaultBranch } = repository
  const { state } = lab
  const ref = `refs/heads/${defaultBranch}`
  const before = await git.resolve(ref, 'commit')
  const base = before === null ? null : (await git.readCommit(before)).tree
  const tree = await git.writeTree(base, files)
  const date = isoSeconds(state.now())
  const author = { name: state.person.login, email: 'operator@example.org', date }
  const parents = before === null ? [] : [before]
  const commit = { tree, parents, author, committer: author, message: `${message}\n` }
  const after = await git.writeCommit(commit)
  if ((await git.updateRef(ref, before, after)) === 'moved') throw new Error(`${ref} moved`)
  await announceMove(lab, repository, { name: ref, before, after }, state.person)
  return after
}
