import type { TreeEntry } from '../revision.ts'

interface Refused {
  readonly kind: 'refused'
  readonly reason: string
  readonly remedy: string
}

/** What a path leads to among the tracked files; `links` are the symlinks on the way. */
export type Destination =
  | {
      readonly kind: 'file' | 'folder' | 'missing'
      readonly path: string
      readonly links: readonly string[]
    }
  /** A symlink's target is not read yet. */
  | { readonly kind: 'unread' }
  | Refused

/** The tracked files of one revision as a file system that is never touched. */
export interface Tree {
  readonly entries: ReadonlyMap<string, TreeEntry>
  /** Content of a tracked file, a symlink's target; null where the caller has not read it. */
  readonly read: (path: string) => string | null
}

/** Walks a normalised path from the root through every symlink on it, as the host's kernel would. */
export function follow(tree: Tree, path: string): Destination {
  const found = followLinks(tree, path)
  return found.kind === 'path' ? { ...found, kind: kindOf(tree, found.path) } : found
}

/** Where the path leads, whatever there is: cheaper than `follow`, which has to look for folders. */
export function followLinks(
  tree: Tree,
  path: string,
):
  | Exclude<Destination, { readonly path: string }>
  | { readonly kind: 'path'; readonly path: string; readonly links: readonly string[] } {
  const links: string[] = []
  let done = ''
  const ahead = path.split('/')
  for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      const link = links.at(-1)
      if (done === '') return leavingLink(link ?? path)
      done = parentOf(done)
      continue
    }
    if (isGitName(part)) return gitName(path)
    const here = done === '' ? part : `${done}/${part}`
    const mode = tree.entries.get(here)?.mode
    if (mode === '160000') return submodule(here)
    if (mode !== '120000') {
      done = here
      continue
    }
    links.push(here)
    if (links.length > maxLinks) return endlessLink(path)
    const target = tree.read(here)
    if (target === null) return { kind: 'unread' }
    if (target.startsWith('/')) return leavingLink(here)
    ahead.unshift(...target.split('/'))
  }
  return { kind: 'path', path: done, links }
}

/** What git must not track: a name by which a checkout could be made to run something, or none at all. */
export function forbiddenName(path: string): boolean {
  return path
    .split('/')
    .some((part) => part === '' || part === '.' || part === '..' || isGitName(part))
}

/** Joins and normalises; null when it leaves the root. An absolute base keeps its leading slash. */
export function join(base: string, path: string): string | null {
  const parts: string[] = []
  for (const part of `${base}/${path}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return null
  }
  return (base.startsWith('/') ? '/' : '') + parts.join('/')
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}

/** The paths and every folder on their way; the root is none of them. */
export function withFolders(paths: Iterable<string>): ReadonlySet<string> {
  const all = new Set<string>()
  for (const path of paths) {
    for (let part = path; part !== '' && !all.has(part); part = parentOf(part)) all.add(part)
  }
  return all
}

/** Linux gives up there as well. */
const maxLinks = 40

function kindOf({ entries }: Tree, path: string): 'file' | 'folder' | 'missing' {
  if (entries.has(path)) return 'file'
  if (path === '') return 'folder'
  for (const other of entries.keys()) if (other.startsWith(`${path}/`)) return 'folder'
  return 'missing'
}

/**
 * `.git` in every spelling that some file system takes for it: https://github.com/git/git, path.c, `is_ntfs_dotgit` and
 * utf8.c, `is_hfs_dotgit`.
 */
function isGitName(part: string): boolean {
  const plain = part
    .replaceAll(/[\u200C-\u200F\u202A-\u202E\u206A-\u206F\uFEFF]/g, '')
    .replace(/[. ]+$|:.*$/, '')
    .toLowerCase()
  return plain === '.git' || plain === 'git~1'
}

function gitName(path: string): Refused {
  const reason = `"${path}" goes through a name that belongs to git`
  return { kind: 'refused', reason, remedy: 'Keep the file elsewhere' }
}

function submodule(path: string): Refused {
  const reason = `"${path}" is a submodule`
  return { kind: 'refused', reason, remedy: 'Commit the files themselves instead of a submodule' }
}

function leavingLink(path: string): Refused {
  const reason = `the symlink "${path}" leaves the repository`
  return { kind: 'refused', reason, remedy: 'Let it point to a file of the repository' }
}

function endlessLink(path: string): Refused {
  const reason = `"${path}" goes through more than ${maxLinks} symlinks`
  return { kind: 'refused', reason, remedy: 'Break the circle' }
}
