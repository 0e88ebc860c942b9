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
import { readTexts, type RepositoryView } from './view-repository.ts'

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
  const submodule = entries.find(({ mode }) => mode === '160000')
  if (submodule !== undefined) throw refusedSubmodule(stack, submodule)
  const untracked = await readUntracked(ctx, view, stack, references, signal)
  const inputs = inputsDigest({ project, home, files: stack.files, entries, untracked })
  return { stack, project, home, entries, untracked, inputs }
}

/** Follows references until they name no file that was not read: each answer may name further ones. */
async function refer(ctx: PlanContext, view: RepositoryView, stack: Stack, signal: AbortSignal) {
  const texts = new Map(view.texts)
  let wanted = new Set<string>(stack.files)
  for (;;) {
    const read = await readTexts(ctx, view, wanted, signal)
    for (const [path, text] of read.texts) texts.set(path, text)
    const [unreadable] = read.unreadable
    if (unreadable !== undefined) throw refusal(unreadable)
    const missed = new Set<string>()
    const references = stackReferences(stack, {
      entries: view.entries,
      allowPaths: ctx.host.allowPaths,
      read: (path) => {
        const text = texts.get(path)
        if (text === undefined && view.entries.has(path)) missed.add(path)
        return text ?? null
      },
    })
    const [refused] = references.refusals
    if (refused !== undefined) throw refusal(refused)
    wanted = new Set([...missed].filter((path) => !texts.has(path)))
    if (wanted.size === 0) return references
  }
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

function refusedSubmodule(stack: Stack, { path }: TreeEntry): MagosError {
  return new MagosError('stack', `Cannot deploy "${stack.name}": "${path}" is a submodule`, {
    place: { file: path },
    remedy: 'Commit the files themselves instead of a submodule',
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
  const paths = [own, ...references.files].filter((path) => !view.entries.has(path))
  const found: UntrackedInput[] = []
  for (const path of new Set(paths)) {
    if (pathInStack(stack, path) === null) continue
    const content = await ctx.files.read(stack.name, pathInHome(stack, path), signal)
    if (content !== null) found.push({ path, content })
  }
  return found
}
