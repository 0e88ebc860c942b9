import { mergeScans } from '../../src/domain/compose/merge-scans.ts'
import { trackedFiles } from '../../src/domain/compose/project-files.ts'
import { scanProject, type ScannedProject } from '../../src/domain/compose/scan.ts'
import type { TreeEntry } from '../../src/domain/revision.ts'
import { updatesFirst, type Stack } from '../../src/domain/stack.ts'
import type { Context } from '../context.ts'
import type { RepositoryView, StackScan } from '../views.ts'

/**
 * The image lines of the stacks whose updates this host commits, in whatever files of the repository they stand, scanned
 * once a commit.
 */
export async function scanStacks(
  ctx: Pick<Context, 'host' | 'source'>,
  view: RepositoryView,
  signal: AbortSignal,
): Promise<StackScan> {
  return (view.lines.scan ??= await scan(ctx, view, signal))
}

async function scan(
  ctx: Pick<Context, 'host' | 'source'>,
  view: RepositoryView,
  signal: AbortSignal,
): Promise<StackScan> {
  const texts = new Map(view.texts)
  const scans: { readonly stack: Stack; readonly found: ScannedProject }[] = []
  for (const stack of view.stacks) {
    if (!updatesFirst(stack, ctx.host.name)) continue
    scans.push({ stack, found: await scanStack(ctx, view, stack, texts, signal) })
  }
  return {
    ...mergeScans(scans.map(({ found }) => found)),
    stacksOf: (file) =>
      scans.flatMap(({ stack, found }) => (found.texts.has(file) ? [stack.name] : [])),
  }
}

/** Each look names further files, until all of them are read. */
async function scanStack(
  { source }: Pick<Context, 'source'>,
  view: RepositoryView,
  stack: Stack,
  texts: Map<string, string>,
  signal: AbortSignal,
): Promise<ScannedProject> {
  const files = stack.files.flatMap((path) => {
    const text = view.texts.get(path)
    return text === undefined ? [] : [{ path, text }]
  })
  for (;;) {
    const missed = new Map<string, TreeEntry>()
    const read = (path: string) => {
      const entry = view.entries.get(path)
      if (entry !== undefined && !texts.has(path)) missed.set(path, entry)
      return texts.get(path) ?? null
    }
    const tracked = trackedFiles({ entries: view.entries, read })
    const found = scanProject({ files, directory: stack.directory }, tracked, view.settings)
    if (missed.size === 0) return found
    for (const [path, entry] of missed) {
      const bytes = await source.read(entry, signal)
      // What is no text shows as such, and is told where it is parsed.
      texts.set(path, new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
    }
  }
}
