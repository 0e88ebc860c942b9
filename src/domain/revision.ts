/** A commit of the watched branch. */
export interface Revision {
  /** Full commit id; `working-tree` where files are read from a directory as they lie. */
  readonly commit: string
  /** Id of the commit's root tree; empty for `working-tree`. */
  readonly tree: string
}

export type FileMode = '100644' | '100755' | '120000' | '160000'

/** One file of a revision: regular, executable, symlink or submodule. */
export interface TreeEntry {
  /** Path from the repository's root, `/` between its parts. */
  readonly path: string
  readonly mode: FileMode
  /** Git's object id of its content. */
  readonly oid: string
}

/** A commit as it stands in the history. */
export interface Commit {
  readonly revision: Revision
  readonly parents: readonly string[]
  readonly message: string
}

/** As far as anybody looks back from a commit. */
export const LOOK_BACK = 1_000
