import { locate, type Reason } from './location.ts'
import { followLinks, type Tree } from './tree-path.ts'

/** What a path that a compose file names leads to. */
export type Opened =
  /** `path` is the file itself, `named` the way to it, whose directory its own paths are relative to. */
  | { readonly kind: 'file'; readonly path: string; readonly named: string; readonly text: string }
  /** Nobody has read it yet; ask again when somebody has. */
  | { readonly kind: 'unread' }
  | { readonly kind: 'absent' }
  | ({ readonly kind: 'refused' } & Reason)

/** The files that a compose file may lead to. */
export interface ProjectFiles {
  /** Opens a path as written in a compose file, relative to the directory `base`. */
  open(base: string, value: string): Opened
}

/** The tracked files of one revision; what leaves the repository is refused. */
export function trackedFiles(tree: Tree): ProjectFiles {
  return {
    open(base, value) {
      const location = locate([], base, { value, below: null })
      if (location.kind === 'refused') return location
      const found = followLinks(tree, location.path)
      if (found.kind === 'refused' || found.kind === 'unread') return found
      if (!tree.entries.has(found.path)) return { kind: 'absent' }
      const text = tree.read(found.path)
      if (text === null) return { kind: 'unread' }
      return { kind: 'file', path: found.path, named: location.path, text }
    },
  }
}

/** A file alone: whatever it leads to is not looked at. */
export const noFiles: ProjectFiles = { open: () => ({ kind: 'unread' }) }
