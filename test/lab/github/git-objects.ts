/** What git holds, as the lab speaks of it. */

export type TreeMode = '100644' | '100755' | '040000' | '160000' | '120000'

export interface TreeItem {
  readonly path: string
  readonly mode: TreeMode
  readonly type: 'blob' | 'tree' | 'commit'
  readonly sha: string
  readonly size: number | null
}

/** One change of a tree: an object, inline text, or nothing any more. */
export interface TreeChange {
  readonly path: string
  readonly mode?: TreeMode
  readonly sha?: string | null
  readonly content?: string
}

export interface Person {
  readonly name: string
  readonly email: string
  /** ISO 8601. */
  readonly date: string
}

export interface CommitObject {
  readonly sha: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: Person
  readonly committer: Person
  readonly message: string
}

export interface Ref {
  /** Full name: `refs/heads/main`. */
  readonly name: string
  readonly sha: string
}
