import { createHash } from 'node:crypto'
import { QUARANTINE_FILE } from '../quarantine/quarantine.ts'
import type { TreeEntry } from '../revision.ts'
import { usualOptions, type StackOptions } from '../settings/stack-settings.ts'
import type { Stack } from '../stack.ts'
import { canonicalJson } from './canonical.ts'

/** Where files of the repository that lie outside a stack's own directory are laid down in its home. */
const OUTSIDE = '.magos/repository'

/** Path of a repository's file from the stack's home. */
export function pathInHome(stack: Stack, path: string): string {
  const own = pathInStack(stack, path)
  return own ?? `${OUTSIDE}/${path}`
}

/** Path of a file from the repository's root, as `pathInHome` had it. */
export function pathInRepository({ directory }: Stack, path: string): string {
  if (path.startsWith(`${OUTSIDE}/`)) return path.slice(OUTSIDE.length + 1)
  return directory === '' ? path : `${directory}/${path}`
}

/** Path from the stack's directory; null for what lies elsewhere. */
export function pathInStack(stack: Stack, path: string): string | null {
  if (stack.directory === '') return path
  return path.startsWith(`${stack.directory}/`) ? path.slice(stack.directory.length + 1) : null
}

/**
 * The tracked files of a stack: all below its directory but those of stacks nested in it, and what it refers to
 * elsewhere in the repository, folders whole. The quarantine is about updates alone, also where the stack lies at the root.
 */
export function stackEntries(
  stack: Stack,
  directories: readonly string[],
  entries: Iterable<TreeEntry>,
  referred: readonly string[],
): readonly TreeEntry[] {
  const nested = directories.filter(
    (directory) => directory !== stack.directory && pathInStack(stack, directory) !== null,
  )
  const named = (path: string) =>
    referred.some((root) => path === root || path.startsWith(`${root}/`))
  const own = (path: string) =>
    pathInStack(stack, path) !== null &&
    path !== QUARANTINE_FILE &&
    !nested.some((root) => path.startsWith(`${root}/`))
  return [...entries].filter(({ path }) => own(path) || named(path))
}

/** One file that git does not hold and Compose reads: the stack's own `.env`, an untracked env_file. */
export interface UntrackedInput {
  readonly path: string
  readonly content: Uint8Array
}

/** Digest over everything that goes into a stack's desired state; equal digests need no provider call. */
export function inputsDigest(parts: {
  readonly project: string
  readonly home: string
  readonly files: readonly string[]
  readonly entries: readonly TreeEntry[]
  readonly untracked: readonly UntrackedInput[]
  readonly options: StackOptions
}): string {
  const hash = createHash('sha256')
  const lines = [
    `project ${parts.project}`,
    `home ${parts.home}`,
    ...parts.files.map((file) => `compose ${file}`),
    ...parts.entries.map(({ path, mode, oid }) => `tracked ${mode} ${oid} ${path}`).toSorted(),
    ...parts.untracked
      .map(({ path, content }) => `untracked ${sha256(content)} ${path}`)
      .toSorted(),
    ...(isUsual(parts.options) ? [] : [`options ${canonicalJson(parts.options)}`]),
  ]
  for (const line of lines) hash.update(`${line}\0`)
  return hash.digest('hex')
}

/** Most stacks have none, and what was proven of them before there were any stays proven. */
function isUsual(options: StackOptions): boolean {
  return canonicalJson(options) === canonicalJson(usualOptions)
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
