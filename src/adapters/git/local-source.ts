import { MagosError } from '../../domain/error.ts'
import type { TreeEntry } from '../../domain/revision.ts'
import type { RunChild } from '../../host/process.ts'
import type { Ancestry, Source } from '../../ports.ts'
import { undoAdvance } from './advance.ts'
import { isOwnProcess, isUnderWay, readJournal } from './advance-journal.ts'
import { createBlobReader } from './blob-reader.ts'
import { interruptedIfAborted } from './interruption.ts'
import { branchHead, defaultBranch, openLocalRepository } from './local-repository.ts'
import type { LocalRepository } from './local-repository.ts'
import { commitsBetween, findRevision } from './local-ancestry.ts'
import { memoized } from './memoized.ts'
import { parseTree } from './tree-listing.ts'

export interface LocalSourceOptions {
  readonly path: string
  /** null: the branch that the repository's HEAD names when it is first asked. */
  readonly branch: string | null
  readonly run: RunChild
}

export interface NamedSource extends Source {
  /** Short name of the watched branch. */
  branchName(signal: AbortSignal): Promise<string>
}

/** Reads a repository on this machine by native git, from its objects, never from its work tree. */
export function createLocalSource({
  path,
  branch,
  run,
}: LocalSourceOptions): NamedSource & Ancestry {
  const open = memoized((signal) => {
    interruptedIfAborted(signal, `Open repository "${path}"`)
    return openLocalRepository(run, path, signal)
  })
  const branchName = memoized(async (signal) => {
    return branch ?? (await defaultBranch(await open(signal), signal))
  })
  const readBlob = createBlobReader(open)
  return {
    branchName,
    async head(signal) {
      const repository = await open(signal)
      await tidyUpAfterOthers(run, repository)
      return await branchHead(repository, await branchName(signal), signal)
    },
    async recall(commit, signal) {
      const { git } = await open(signal)
      const names = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{tree}`]
      const { stdout } = await git(names, { signal, accept: [0, 1, 128] })
      const tree = stdout.trim().split('\n').at(-1) ?? ''
      return /^[0-9a-f]{40,64}$/u.test(tree) ? { commit, tree } : null
    },
    async tree(revision, signal) {
      return await listTree(await open(signal), revision.tree, signal)
    },
    read: readBlob,
    async revision(id, signal) {
      return await findRevision(await open(signal), id, signal)
    },
    async between(from, to, signal) {
      return await commitsBetween(await open(signal), from, to, signal)
    },
  }
}

/** A process that died while it moved a checked-out branch left files of somebody's work tree half done. */
async function tidyUpAfterOthers(run: RunChild, repository: LocalRepository): Promise<void> {
  const left = await readJournal(repository.commonDir)
  if (left === null || isOwnProcess(left)) return
  if (await isUnderWay(repository.commonDir, left)) return
  // Reading goes on without it; the next commit tries again and says what is in the way.
  await undoAdvance({ run, repository, onStep: () => undefined }, left).catch(() => undefined)
}

async function listTree(
  { git, name }: LocalRepository,
  tree: string,
  signal: AbortSignal,
): Promise<readonly TreeEntry[]> {
  const { stdout } = await git(['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', tree], {
    signal,
    maxOutput: 256 << 20,
  })
  if (stdout !== '' && !stdout.endsWith('\0')) {
    throw new MagosError('git', `List the files of "${name}": the list is longer than 256 MiB`)
  }
  return parseTree(stdout)
}
