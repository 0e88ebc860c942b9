import { createHash } from 'node:crypto'
import { MagosError } from '../../src/domain/error.ts'
import type { FileMode, Revision, TreeEntry } from '../../src/domain/revision.ts'
import type { Ancestry, CommitOutcome, CommitProposal, Committer, Source } from '../../src/ports.ts'

/** What a branch holds, by path; a string is a plain file. */
export type MemoryFiles = Readonly<
  Record<
    string,
    string | Uint8Array | { readonly mode: FileMode; readonly content: string | Uint8Array }
  >
>

export interface MemoryCommit {
  readonly revision: Revision
  readonly parent: string | null
  readonly message: string
}

/** One branch in memory: objects by git's own ids, every commit kept, the branch moved by compare-and-swap. */
export interface MemoryGit extends Source, Ancestry, Committer {
  /** Somebody else makes the branch hold exactly these files, in a commit on its head. */
  put(files: MemoryFiles, message?: string): Revision
  /** Somebody else changes these files and leaves the others; null deletes one. */
  change(files: Readonly<Record<string, MemoryFiles[string] | null>>, message?: string): Revision
  /** Somebody else forces the branch onto a commit of no parent. */
  replace(files: MemoryFiles, message?: string): Revision
  /** Points the branch at any commit made before; null: it is gone. */
  moveTo(commit: string | null): void
  /** Runs between the decision and the swap of the next `commit()`: the place for somebody else's push. */
  beforeSwap(act: () => void): void
  /** The next `commit()` answers this and changes nothing. */
  answerNext(outcome: CommitOutcome): void
  /** The next call of any method throws this. */
  failNext(error: Error): void
  /** Commits from the head back to the first. */
  log(): readonly MemoryCommit[]
  /** Content of a file at the head, or at a commit; null when it has none. */
  text(path: string, commit?: string): string | null
  /** Commits that `commit()` made. */
  readonly made: readonly MemoryCommit[]
}

type Tree = ReadonlyMap<string, TreeEntry>

export function createMemoryGit(files: MemoryFiles | null = {}): MemoryGit {
  const blobs = new Map<string, Uint8Array>()
  const trees = new Map<string, Tree>()
  const commits = new Map<string, MemoryCommit>()
  const made: MemoryCommit[] = []
  let tip: string | null = null
  let failure: Error | null = null
  let answer: CommitOutcome | null = null
  let swap: (() => void) | null = null

  const writeBlob = (content: string | Uint8Array): string => {
    const bytes = Buffer.from(content)
    const oid = sha1(`blob ${bytes.length}\0`, bytes)
    blobs.set(oid, new Uint8Array(bytes))
    return oid
  }
  const entriesOf = (held: MemoryFiles): Tree =>
    new Map(
      Object.entries(held).map(([path, file]) => {
        const isPlain = typeof file === 'string' || file instanceof Uint8Array
        const oid = writeBlob(isPlain ? file : file.content)
        return [path, { path, mode: isPlain ? '100644' : file.mode, oid }]
      }),
    )
  const write = (tree: Tree, parent: string | null, message: string): MemoryCommit => {
    const treeId = treeIdOf(tree)
    trees.set(treeId, tree)
    // The count keeps two commits apart that differ in nothing but their time.
    const body = `tree ${treeId}\nparent ${parent ?? ''}\n${commits.size}\n\n${message}`
    const revision = { commit: sha1(`commit ${body.length}\0`, Buffer.from(body)), tree: treeId }
    const commit = { revision, parent, message }
    commits.set(revision.commit, commit)
    return commit
  }
  const treeAt = (commit: string | null): Tree =>
    trees.get(commits.get(commit ?? '')?.revision.tree ?? '') ?? new Map<string, TreeEntry>()
  const advance = (tree: Tree, parent: string | null, message: string): Revision => {
    const { revision } = write(tree, parent, message)
    tip = revision.commit
    return revision
  }
  const begin = (signal: AbortSignal): void => {
    if (signal.aborted) throw new MagosError('interrupted', 'Use the repository: interrupted')
    const thrown = failure
    failure = null
    if (thrown !== null) throw thrown
  }

  if (files !== null) advance(entriesOf(files), null, 'first')
  return {
    made,
    async head(signal) {
      begin(signal)
      const commit = commits.get(tip ?? '')
      if (commit === undefined) throw new MagosError('not-found', 'Read the branch: there is none')
      return commit.revision
    },
    async recall(commit, signal) {
      begin(signal)
      return commits.get(commit)?.revision ?? null
    },
    async tree(revision, signal) {
      begin(signal)
      const tree = trees.get(revision.tree)
      if (tree !== undefined) return [...tree.values()]
      throw new MagosError('git', `List the files of ${revision.commit}: it is not here`)
    },
    async read(entry, signal) {
      begin(signal)
      const content = blobs.get(entry.oid)
      if (content !== undefined) return Uint8Array.from(content)
      throw new MagosError('git', `Read "${entry.path}": its object is not in the repository`)
    },
    async revision(id, signal) {
      begin(signal)
      const found = [...commits.keys()].filter((commit) => id.length >= 7 && commit.startsWith(id))
      const [only = ''] = found.length === 1 ? found : []
      return commits.get(only)?.revision ?? null
    },
    async between(from, to, signal) {
      begin(signal)
      const found: MemoryCommit[] = []
      for (let at: string | null = to.commit; at !== from; at = found.at(-1)?.parent ?? null) {
        const commit = commits.get(at ?? '')
        if (commit === undefined) return null
        found.push(commit)
      }
      return found.map(({ revision, parent, message }) => {
        return { revision, parents: parent === null ? [] : [parent], message }
      })
    },
    async commit(proposal, signal) {
      begin(signal)
      const [given, act] = [answer, swap]
      answer = swap = null
      if (given !== null) return given
      const tree = new Map(trees.get(proposal.parent.tree))
      for (const [path, entry] of entriesOf(contentsOf(proposal))) tree.set(path, entry)
      act?.()
      if (tip !== proposal.parent.commit) return { outcome: 'moved' }
      if (treeIdOf(tree) === proposal.parent.tree) return { outcome: 'empty' }
      const commit = write(tree, tip, proposal.message)
      tip = commit.revision.commit
      made.push(commit)
      return { outcome: 'committed', revision: commit.revision }
    },
    put: (held, message = 'somebody else') => advance(entriesOf(held), tip, message),
    change(held, message = 'somebody else') {
      const tree = new Map(treeAt(tip))
      for (const [path, file] of Object.entries(held)) {
        if (file === null) tree.delete(path)
        else for (const [name, entry] of entriesOf({ [path]: file })) tree.set(name, entry)
      }
      return advance(tree, tip, message)
    },
    replace: (held, message = 'replaced') => advance(entriesOf(held), null, message),
    moveTo(commit) {
      if (commit !== null && !commits.has(commit)) throw new Error(`No commit ${commit}`)
      tip = commit
    },
    beforeSwap(act) {
      swap = act
    },
    answerNext(outcome) {
      answer = outcome
    },
    failNext(error) {
      failure = error
    },
    log() {
      const found: MemoryCommit[] = []
      for (let at = tip; at !== null; at = found.at(-1)?.parent ?? null) {
        const commit = commits.get(at)
        if (commit === undefined) break
        found.push(commit)
      }
      return found
    },
    text(path, commit) {
      const entry = treeAt(commit ?? tip).get(path)
      const content = blobs.get(entry?.oid ?? '')
      return content === undefined ? null : Buffer.from(content).toString('utf8')
    },
  }
}

function contentsOf({ files }: CommitProposal): MemoryFiles {
  return Object.fromEntries(files.map(({ path, mode, content }) => [path, { mode, content }]))
}

function treeIdOf(tree: Tree): string {
  const lines = [...tree.values()].map(({ path, mode, oid }) => `${mode} ${oid} ${path}\0`)
  return sha1('tree', Buffer.from(lines.toSorted().join('')))
}

function sha1(head: string, content: Uint8Array): string {
  return createHash('sha1').update(head).update(content).digest('hex')
}
