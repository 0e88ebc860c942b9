import { isEncrypted } from './encrypted.ts'
import { isWithin } from '../settings/inside.ts'
import type { FileReference } from './file-references.ts'
import type { Reason } from './location.ts'
import type { Reach } from './sealed.ts'
import { follow, forbiddenName, type Tree } from './tree-path.ts'

export interface Refusal {
  readonly message: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly remedy: string
}

/** What was found so far of the files that a stack needs. */
export interface Inventory {
  readonly tree: Tree
  readonly files: Set<string>
  readonly mounts: Set<string>
  readonly optional: Set<string>
  /** Encrypted files, with what their plaintext reaches. */
  readonly sealed: Map<string, Reach>
  /** By place and message, so that nothing is told twice. */
  readonly refusals: Map<string, Refusal>
}

export type Place = Pick<Refusal, 'file' | 'line' | 'column'>

/** Of what concerns a file as a whole. */
export function topOf(file: string): Place {
  return { file, line: 1, column: 1 }
}

/** What a path is needed for. */
export type Subject = Pick<FileReference, 'what' | 'value' | 'role' | 'need'>

export function emptyInventory(tree: Tree): Inventory {
  return {
    tree,
    files: new Set(),
    mounts: new Set(),
    optional: new Set(),
    sealed: new Map(),
    refusals: new Map(),
  }
}

/** Takes a path of the repository in; returns the tracked file that it leads to, null where there is none to read. */
export function take(
  inventory: Inventory,
  subject: Subject,
  path: string,
  place: Place,
): string | null {
  const { role } = subject
  const found = follow(inventory.tree, path)
  if (found.kind === 'refused') refuse(inventory, subject, place, found)
  if (found.kind === 'refused' || found.kind === 'unread') return null
  if (found.kind === 'missing') {
    if (role === 'include' || role === 'extends') refuse(inventory, subject, place, notInRepository)
    else if (role !== 'mount') addPath(inventory, subject, path)
    return null
  }
  for (const one of [path, ...found.links, found.path]) addPath(inventory, subject, one)
  if (found.kind === 'folder') {
    takeFolder(inventory, found.path, [])
    return null
  }
  const text = role === 'context' ? null : inventory.tree.read(found.path)
  if (text !== null && isEncrypted(text)) seal(inventory, subject, found.path)
  return found.path
}

function seal({ sealed }: Inventory, { role, what }: Subject, path: string): void {
  const variables =
    what === 'environment file' || what === 'env file' || what === 'include.env_file'
  const reach = role === 'include' || role === 'extends' || variables ? 'all' : 'users'
  if (sealed.get(path) !== 'all') sealed.set(path, reach)
}

export function addPath(inventory: Inventory, { role, need }: Subject, path: string): void {
  const paths = path === '' ? topLevel(inventory.tree) : [path]
  for (const one of paths) {
    if (role === 'mount') inventory.mounts.add(one)
    else inventory.files.add(one)
    if (need === 'optional') inventory.optional.add(one)
  }
}

function topLevel({ entries }: Tree): ReadonlySet<string> {
  return new Set([...entries.keys()].map((path) => path.split('/')[0] ?? path))
}

/** Whatever is laid down or built from must be files, or links to some; `without` names folders that are not. */
export function takeFolder(inventory: Inventory, folder: string, without: readonly string[]): void {
  for (const { path, mode } of inventory.tree.entries.values()) {
    if (!isWithin(path, folder) || without.some((root) => isWithin(path, root))) continue
    const place = topOf(path)
    const subject = {
      what: 'tracked file',
      value: path,
      role: 'context',
      need: 'required',
    } as const
    if (forbiddenName(path)) refuse(inventory, subject, place, badName)
    else if (mode === '120000' || mode === '160000') takeLink(inventory, subject, path, place)
  }
}

function takeLink(inventory: Inventory, subject: Subject, path: string, place: Place): void {
  const found = follow(inventory.tree, path)
  if (found.kind === 'refused') refuse(inventory, subject, place, found)
  else if (found.kind === 'file' || found.kind === 'folder') {
    for (const one of [path, ...found.links, found.path]) addPath(inventory, subject, one)
  }
}

export function refuse(
  inventory: Inventory,
  { what, value }: Subject,
  place: Place,
  why: Reason,
): void {
  const message = `Cannot use ${what} ${JSON.stringify(value)}: ${why.reason}`
  inventory.refusals.set(`${place.file}:${place.line}:${place.column} ${message}`, {
    message,
    ...place,
    remedy: why.remedy,
  })
}

export const notInRepository: Reason = {
  reason: 'the repository holds no such file',
  remedy: 'Commit the file; Compose files are read from git alone',
}
const badName: Reason = {
  reason: 'its name is none that may be laid down',
  remedy: 'Rename it',
}
