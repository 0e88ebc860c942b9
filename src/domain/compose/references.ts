import { isWithin } from '../settings/inside.ts'
import { environmentFiles, type Stack } from '../stack.ts'
import { composeFiles } from './file-names.ts'
import { fileReferences, type FileReference } from './file-references.ts'
import {
  addPath,
  emptyInventory,
  notInRepository,
  refuse,
  take,
  takeFolder,
  topOf,
  type Inventory,
  type Place,
  type Refusal,
} from './inventory.ts'
import { locate, type Reason } from './location.ts'
import { ownFile, readComposeFile, type FileReading } from './read-compose-file.ts'
import type { Reach } from './sealed.ts'
import { parentOf, type Tree } from './tree-path.ts'

export interface ReferenceOptions extends Tree {
  /** Absolute directories of the host that Compose may read from. */
  readonly allowPaths: readonly string[]
  /** An encrypted file in the clear; null where the caller has not decrypted it. */
  readonly open: (path: string) => string | null
}

/** What a stack refers to; paths from the repository's root, a folder stands for all in it. */
export interface StackReferences {
  /** What Compose reads or builds from, tracked or not; absolute where `allowPaths` lets it lie outside. */
  readonly files: readonly string[]
  /** Tracked files and folders that are bind-mounted by a relative path. */
  readonly mounts: readonly string[]
  /** Those of `files` that may be absent. */
  readonly optional: readonly string[]
  /** Those that are encrypted, by path, but for what lies in folders. */
  readonly sealed: ReadonlyMap<string, Reach>
  readonly refusals: readonly Refusal[]
}

/**
 * Follows everything that Compose would read for a stack. Tracked files that `read` has no content for are passed over:
 * ask again with them read, until nothing new is asked for.
 */
export function stackReferences(stack: Stack, options: ReferenceOptions): StackReferences {
  const inventory = emptyInventory(options)
  const { allowPaths } = options
  const walk: Walk = {
    inventory,
    allowPaths,
    open: options.open,
    parsed: new Map(),
    seen: new Set(),
    due: [],
  }
  takeFolder(inventory, stack.directory, nestedIn(stack, options))
  const environmentFrom = environmentFiles(stack)
  if (environmentFrom === null) takeEnvironment(inventory, stack.directory)
  for (const [index, path] of (environmentFrom ?? []).entries()) {
    const place = stack.places?.get(`envFiles.${index}`) ?? topOf(SETTINGS)
    take(inventory, { ...namedEnvironment, value: path }, path, place)
  }
  for (const path of stack.files) {
    const target = take(inventory, { ...ownFile, value: path }, path, topOf(path))
    if (target !== null) walk.due.push({ path: target, base: stack.directory, service: null })
  }
  for (let next = walk.due.shift(); next !== undefined; next = walk.due.shift()) visit(walk, next)
  const { files, mounts, optional, sealed, refusals } = inventory
  return {
    files: [...files],
    mounts: [...mounts],
    optional: [...optional],
    sealed,
    refusals: [...refusals.values()],
  }
}

/** A compose file to be read: whole, or one service of it that another file extends. */
interface Visit {
  readonly path: string
  /** What its paths are relative to. */
  readonly base: string
  readonly service: string | null
}

interface Walk extends FileReading {
  readonly allowPaths: readonly string[]
  readonly seen: Set<string>
  readonly due: Visit[]
}

const environment = { what: 'environment file', role: 'read', need: 'optional' } as const

const namedEnvironment = { what: 'env file', role: 'read', need: 'required' } as const
const SETTINGS = '.magos.yaml'

/** A file that includes itself below ever new directories would never end. */
const maxVisits = 500

function visit(walk: Walk, file: Visit): void {
  const key = JSON.stringify([file.path, file.base, file.service])
  if (walk.seen.has(key)) return
  walk.seen.add(key)
  if (walk.seen.size > maxVisits) {
    refuse(walk.inventory, { ...ownFile, value: file.path }, topOf(file.path), endless)
    walk.due.length = 0
    return
  }
  const yaml = readComposeFile(walk, file.path)
  if (yaml === null) return
  for (const reference of fileReferences(yaml, file.service)) {
    const place = { file: file.path, ...yaml.place(reference.offset) }
    readReference(walk, file, reference, place)
  }
}

function readReference(walk: Walk, from: Visit, reference: FileReference, place: Place): void {
  const { inventory, allowPaths } = walk
  const { role, value, service } = reference
  if (role === 'extends' && value === '') {
    if (from.service !== null) walk.due.push({ ...from, service })
    return
  }
  const location = locate(allowPaths, from.base, reference)
  if (location.kind === 'refused') {
    if (role !== 'mount') refuse(inventory, reference, place, location)
  } else if (location.kind === 'outside') {
    if (role === 'include' || role === 'extends') {
      refuse(inventory, reference, place, notInRepository)
    } else if (role !== 'mount') addPath(inventory, reference, location.path)
  } else {
    const path = take(inventory, reference, location.path, place)
    if (path === null) return
    if (role === 'include') include(walk, from, reference, path, place)
    if (role === 'extends') walk.due.push({ path, base: parentOf(location.path), service })
  }
}

function include(
  walk: Walk,
  from: Visit,
  reference: FileReference,
  path: string,
  place: Place,
): void {
  const value = reference.projectDirectory ?? '.'
  const subject = { ...reference, what: 'include.project_directory', value }
  const base = locate(walk.allowPaths, from.base, subject)
  if (base.kind === 'refused') {
    refuse(walk.inventory, subject, place, base)
    return
  }
  if (base.kind === 'inside') takeEnvironment(walk.inventory, base.path)
  walk.due.push({ path, base: base.path, service: null })
}

/** Compose reads its variables from the `.env` of a project directory. */
function takeEnvironment(inventory: Inventory, directory: string): void {
  const path = directory === '' ? '.env' : `${directory}/.env`
  take(inventory, { ...environment, value: path }, path, topOf(path))
}

function nestedIn(stack: Stack, { entries }: Tree): readonly string[] {
  return [...composeFiles(entries.values()).keys()].filter(
    (directory) => directory !== stack.directory && isWithin(directory, stack.directory),
  )
}

const endless: Reason = {
  reason: `it leads through more than ${maxVisits} files`,
  remedy: 'Break the circle of include and extends',
}
