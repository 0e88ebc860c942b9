import {
  inputsDigest,
  pathInHome,
  pathInStack,
  stackEntries,
} from '../../src/domain/deploy/stack-inputs.ts'
import type { UntrackedInput } from '../../src/domain/deploy/stack-inputs.ts'
import { MagosError } from '../../src/domain/error.ts'
import { stackReferences, type StackReferences } from '../../src/domain/compose/references.ts'
import type { TreeEntry } from '../../src/domain/revision.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { PlanContext } from '../context.ts'
import type { RepositoryView } from './view-repository.ts'

/** What a stack consists of, before Compose was asked. */
export interface StackSource {
  readonly stack: Stack
  readonly project: string
  /** The stable directory. */
  readonly home: string
  readonly entries: readonly TreeEntry[]
  readonly untracked: readonly UntrackedInput[]
  /** Digest over all of it. */
  readonly inputs: string
}

/** Reads what a stack consists of. Throws `stack` or `compose` with its place for what is refused. */
export async function readStack(
  ctx: PlanContext,
  view: RepositoryView,
  stack: Stack,
  signal: AbortSignal,
): Promise<StackSource> {
  const references = await refer(ctx, view, stack, signal)
  const project = view.project(stack)
  const home = ctx.files.home(stack.name)
  const referred = [...references.files, ...references.mounts]
  const entries = stackEntries(stack, view.directories, view.entries.values(), referred)
  const untracked = await readUntracked(ctx, view, stack, references, signal)
  const inputs = inputsDigest({ project, home, files: stack.files, entries, untracked })
  return { stack, project, home, entries, untracked, inputs }
}

/** Follows references until they name nothing that was not read: each answer may name further ones. */
async function refer(ctx: PlanContext, view: RepositoryView, stack: Stack, signal: AbortSignal) {
  const texts = new Map(view.texts)
  for (;;) {
    const missed = new Map<string, TreeEntry>()
    const references = stackReferences(stack, {
      entries: view.entries,
      allowPaths: ctx.host.allowPaths,
      read: (path) => {
        const entry = view.entries.get(path)
        if (entry !== undefined && !texts.has(path)) missed.set(path, entry)
        return texts.get(path) ?? null
      },
    })
    const [refused] = references.refusals
    if (refused !== undefined) throw refusal(refused)
    if (missed.size === 0) return references
    for (const [path, entry] of missed) texts.set(path, await readAnything(ctx, entry, signal))
  }
}

/**
 * A file as text, or a symlink's target. What is no text shows as such, so it is refused where Compose would parse it
 * and may be mounted all the same.
 */
async function readAnything(
  ctx: PlanContext,
  entry: TreeEntry,
  signal: AbortSignal,
): Promise<string> {
  const bytes = await ctx.source.read(entry, signal)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function refusal(place: {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly remedy?: string
}): MagosError {
  const { file, line, column, message, remedy } = place
  return new MagosError('stack', message, {
    place: { file, line, column },
    ...(remedy === undefined ? {} : { remedy }),
  })
}

/** The stack's own `.env` and the env files that git does not hold, as they lie in the stable directory now. */
async function readUntracked(
  ctx: PlanContext,
  view: RepositoryView,
  stack: Stack,
  references: StackReferences,
  signal: AbortSignal,
): Promise<readonly UntrackedInput[]> {
  const own = stack.directory === '' ? '.env' : `${stack.directory}/.env`
  const tracked = withFolders(view.entries.keys())
  const found: UntrackedInput[] = []
  for (const path of new Set([own, ...references.files])) {
    // Absolute ones are the host's own, which `allowPaths` lets Compose read.
    if (tracked.has(path) || path.startsWith('/') || pathInStack(stack, path) === null) continue
    const content = await ctx.files.read(stack.name, pathInHome(stack, path), signal)
    if (content !== null) found.push({ path, content })
  }
  return found
}

/** The paths and every folder on their way. */
function withFolders(paths: Iterable<string>): ReadonlySet<string> {
  const all = new Set<string>()
  for (const path of paths) {
    for (let part = path; part !== '' && !all.has(part); part = parentOf(part)) all.add(part)
  }
  return all
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}
