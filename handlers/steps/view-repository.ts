import type { Problem } from '../../src/domain/compose/scan.ts'
import {
  parseRepositorySettings,
  type RepositorySettings,
} from '../../src/domain/repository-settings.ts'
import type { Revision, TreeEntry } from '../../src/domain/revision.ts'
import { discoverStacks, owns, type RefusedStack, type Stack } from '../../src/domain/stack.ts'
import type { Context } from '../context.ts'

/** Compose files and settings beyond this are refused unread: 1 MiB. */
export const MAX_TEXT = 1_048_576

/** The repository at one revision, as far as this host is concerned. */
export interface RepositoryView {
  readonly revision: Revision
  readonly entries: ReadonlyMap<string, TreeEntry>
  readonly settings: RepositorySettings
  /** Stacks that belong to this host. */
  readonly stacks: readonly Stack[]
  /** Directories of every stack, of other hosts too. */
  readonly directories: readonly string[]
  readonly refused: readonly RefusedStack[]
  readonly problems: readonly Problem[]
}

/** Reads what stands at the revision: its files' names, `.magos.yaml` and the stacks. */
export async function viewRepository(
  ctx: Context,
  revision: Revision,
  signal: AbortSignal,
): Promise<RepositoryView> {
  const listed = await ctx.source.tree(revision, signal)
  const entries = new Map(listed.map((entry) => [entry.path, entry]))
  const file = entries.get('.magos.yaml')
  const text = file === undefined ? null : await readText(ctx, file, signal)
  const { settings, problems } = parseRepositorySettings('.magos.yaml', text)
  const { stacks, refused } = discoverStacks(listed, settings, ctx.host.rootStack)
  return {
    revision,
    entries,
    settings,
    stacks: stacks.filter((stack) => owns(stack, ctx.host.name)),
    directories: stacks.map(({ directory }) => directory),
    refused,
    problems,
  }
}

/** A file of the revision as text; null when it is no UTF-8 or over 1 MiB. A BOM stays in the text. */
export async function readText(
  ctx: Context,
  entry: TreeEntry,
  signal: AbortSignal,
): Promise<string | null> {
  const bytes = await ctx.source.read(entry, signal)
  if (bytes.length > MAX_TEXT) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Texts of the paths that exist as files; `unreadable` names those that are no UTF-8 or over 1 MiB. */
export async function readTexts(
  ctx: Context,
  view: RepositoryView,
  paths: Iterable<string>,
  signal: AbortSignal,
): Promise<{
  readonly texts: ReadonlyMap<string, string>
  readonly unreadable: readonly Problem[]
}> {
  const texts = new Map<string, string>()
  const unreadable: Problem[] = []
  for (const path of new Set(paths)) {
    const entry = view.entries.get(path)
    if (entry === undefined || entry.mode === '120000' || entry.mode === '160000') continue
    const text = await readText(ctx, entry, signal)
    if (text === null) unreadable.push(unreadableFile(path))
    else texts.set(path, text)
  }
  return { texts, unreadable }
}

function unreadableFile(file: string): Problem {
  return {
    file,
    line: 1,
    column: 1,
    severity: 'error',
    code: 'unreadable',
    message: `Cannot read "${file}" as a compose file: it is over 1 MiB or not UTF-8`,
    remedy: 'Keep compose files below 1 MiB and save them as UTF-8',
  }
}
