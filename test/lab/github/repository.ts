import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGit } from './git-command.ts'
import type { CommitObject, Ref, TreeChange, TreeItem } from './git-objects.ts'
import {
  changes,
  isAncestor,
  log,
  readCommit,
  readObject,
  readRef,
  readTree,
  refs,
  resolve,
  typeOf,
} from './git-read.ts'
import type { LogOptions } from './git-read.ts'
import { updateRef, writeCommit, writeTree } from './git-write.ts'

/** A bare repository, driven by git's plumbing alone: real objects, real SHAs, a real compare-and-swap. */
export interface BareRepository {
  readonly directory: string
  /** Full refs that start with `prefix`. */
  refs(prefix: string): Promise<readonly Ref[]>
  /** What a full ref names; null where there is none. */
  ref(name: string): Promise<string | null>
  /** Object id that a full ref, a branch, a tag or an id names, of the given type; null where there is none. */
  resolve(name: string, type: 'commit' | 'tree' | 'blob'): Promise<string | null>
  type(sha: string): Promise<string | null>
  readCommit(sha: string): Promise<CommitObject>
  readTree(sha: string, depth: 'flat' | 'recursive'): Promise<readonly TreeItem[]>
  readBlob(sha: string): Promise<Buffer>
  writeBlob(content: string | Uint8Array): Promise<string>
  writeTree(base: string | null, changes: readonly TreeChange[]): Promise<string>
  writeCommit(commit: Omit<CommitObject, 'sha'>): Promise<string>
  /** Moves, creates (`before` null) or deletes (`after` null) a ref, if it still is where it was. */
  updateRef(name: string, before: string | null, after: string | null): Promise<'done' | 'moved'>
  isAncestor(ancestor: string, descendant: string): Promise<boolean>
  /** Commits from `sha` back, newest first. */
  log(sha: string, options: LogOptions): Promise<readonly string[]>
  /** `A`, `M` or `D` of every path that differs. */
  changes(before: string, after: string): Promise<readonly { status: string; path: string }[]>
  /** The newest commit that both have; null where there is none. */
  mergeBase(one: string, other: string): Promise<string | null>
  /** Tree of both commits merged; null where they conflict. */
  mergeTree(ours: string, theirs: string): Promise<string | null>
}

/** As GitHub serves: any reachable commit may be asked for by id, and partial clones work. */
const configuration = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
[uploadpack]
\tallowReachableSHA1InWant = true
\tallowFilter = true
[gc]
\tauto = 0
[receive]
\tautogc = false
`

export async function createBareRepository(
  directory: string,
  branch: string,
): Promise<BareRepository> {
  // What `git init --bare` lays down, without starting a process for it.
  await mkdir(join(directory, 'objects', 'info'), { recursive: true })
  await mkdir(join(directory, 'objects', 'pack'))
  await mkdir(join(directory, 'refs', 'heads'), { recursive: true })
  await writeFile(join(directory, 'HEAD'), `ref: refs/heads/${branch}\n`)
  await writeFile(join(directory, 'config'), configuration)
  return openBareRepository(directory)
}

function openBareRepository(directory: string): BareRepository {
  const git = createGit(directory)
  return {
    directory,
    refs: (prefix) => refs(git, prefix),
    ref: (name) => readRef(git, name),
    resolve: (name, type) => resolve(git, name, type),
    type: (sha) => typeOf(git, sha),
    readCommit: (sha) => readCommit(git, sha),
    readTree: (sha, depth) => readTree(git, sha, depth),
    readBlob: (sha) => readObject(git, 'blob', sha),
    writeBlob: (content) => git.objects.write('blob', content),
    writeTree: (base, edits) => writeTree(git, base, edits),
    writeCommit: (commit) => writeCommit(git, commit),
    updateRef: (name, before, after) => updateRef(git, { name, before, after }),
    isAncestor: (ancestor, descendant) => isAncestor(git, ancestor, descendant),
    log: (sha, options) => log(git, sha, options),
    changes: (before, after) => changes(git, before, after),
    mergeBase: async (one, other) =>
      (await git.attempt(['merge-base', one, other]))?.split('\n')[0] ?? null,
    mergeTree: async (ours, theirs) =>
      (await git.attempt(['merge-tree', '--write-tree', ours, theirs]))?.split('\n')[0] ?? null,
  }
}
