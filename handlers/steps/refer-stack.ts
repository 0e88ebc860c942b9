import { pathInStack, stackEntries } from '../../src/domain/deploy/stack-inputs.ts'
import { MagosError } from '../../src/domain/error.ts'
import { stackReferences } from '../../src/domain/compose/references.ts'
import { withFolders } from '../../src/domain/compose/tree-path.ts'
import type { TreeEntry } from '../../src/domain/revision.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { PlanContext } from '../context.ts'
import type { ReferredStack, RepositoryView } from '../views.ts'

/** Follows a stack's references, once a commit. Throws `stack` or `compose` with its place for what is refused. */
export async function referStack(
  ctx: PlanContext,
  view: RepositoryView,
  stack: Stack,
  signal: AbortSignal,
): Promise<ReferredStack> {
  const known = view.referred.get(stack.name)
  if (known !== undefined) return known
  const { files, mounts, sealed } = await refer(ctx, view, stack, signal)
  const entries = stackEntries(stack, view.directories, view.entries.values(), [
    ...files,
    ...mounts,
  ])
  const referred = {
    entries,
    untracked: untrackedFiles(view, stack, files),
    sealed: { files: Object.fromEntries(sealed), mounts },
  }
  view.referred.set(stack.name, referred)
  return referred
}

/** Follows references until they name nothing that was not read: each answer may name further ones. */
async function refer(ctx: PlanContext, view: RepositoryView, stack: Stack, signal: AbortSignal) {
  const texts = new Map(view.texts)
  const opened = new Map<string, string>()
  for (;;) {
    const missed = new Map<string, TreeEntry>()
    const shut = new Set<string>()
    const references = stackReferences(stack, {
      entries: view.entries,
      allowPaths: ctx.host.allowPaths,
      read: (path) => {
        const entry = view.entries.get(path)
        if (entry !== undefined && !texts.has(path)) missed.set(path, entry)
        return texts.get(path) ?? null
      },
      open: (path) => {
        if (!opened.has(path)) shut.add(path)
        return opened.get(path) ?? null
      },
    })
    const [refused] = references.refusals
    if (refused !== undefined) throw refusal(refused)
    if (missed.size === 0 && shut.size === 0) return references
    for (const [path, entry] of missed) texts.set(path, await readAnything(ctx, entry, signal))
    for (const path of shut) opened.set(path, await openText(ctx, view, path, signal))
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

/** What Compose would parse, as it will see it. */
async function openText(
  ctx: PlanContext,
  view: RepositoryView,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const entry = view.entries.get(path)
  if (entry === undefined) throw new MagosError('internal', `Open "${path}": it is not tracked`)
  const sealed = await ctx.source.read(entry, signal)
  const { content } = await ctx.secrets.decrypt({ path, content: sealed }, signal)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(content)
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

function untrackedFiles(
  view: RepositoryView,
  stack: Stack,
  files: readonly string[],
): readonly string[] {
  const own = stack.directory === '' ? '.env' : `${stack.directory}/.env`
  const tracked = withFolders(view.entries.keys())
  return [...new Set([own, ...files])].filter(
    // Absolute ones are the host's own, which `allowPaths` lets Compose read.
    (path) => !tracked.has(path) && !path.startsWith('/') && pathInStack(stack, path) !== null,
  )
}
